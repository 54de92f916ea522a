// What the app knows about notes: one cached read, labelled with a tag, and the writes that invalidate it.
import { readFile, writeFile } from 'node:fs/promises'
import type { Cache } from '@restale/core'

export interface Notes {
  /** How often the file was read. */
  readonly reads: number
  list(): Promise<Readonly<Record<string, string>>>
  save(id: string, text: string): Promise<void>
}

export async function openNotes({ cached, updateTag }: Cache, file: string): Promise<Notes> {
  let reads = 0
  const read = async (): Promise<Record<string, string>> => {
    reads++
    return JSON.parse(await readFile(file, 'utf8'))
  }
  await writeFile(file, JSON.stringify({ welcome: 'Ask twice, and the second answer comes from the cache.' }))
  return {
    get reads() {
      return reads
    },
    list: cached(read, { key: 'notes', tags: ['notes'], life: 'hours' }),
    async save(id, text) {
      await writeFile(file, JSON.stringify({ ...(await read()), [id]: text }))
      await updateTag(['notes', `note:${id}`])
    },
  }
}
