// What the app knows about recipes: a slow source, a cached read that is labelled, and the write that invalidates it.
import { setTimeout } from 'node:timers/promises'
import type { Cache } from '@restale/core'

export interface Recipes {
  /** How often the source was asked. */
  readonly reads: number
  get(id: string): Promise<string | undefined>
  save(id: string, text: string): Promise<void>
}

export function openRecipes({ cached, updateTag }: Cache): Recipes {
  const source = new Map([['pancakes', 'Milk, flour, eggs']])
  let reads = 0
  const read = async (id: string): Promise<string | undefined> => {
    reads++
    await setTimeout(20)
    return source.get(id)
  }
  return {
    get reads() {
      return reads
    },
    get: cached(read, { key: 'recipe', tags: ([id]) => [`recipe:${id}`], life: 'hours' }),
    async save(id, text) {
      source.set(id, text)
      await updateTag(`recipe:${id}`)
    },
  }
}
