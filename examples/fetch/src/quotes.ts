// The one source of data: slow to read, and changed by `saveQuote` alone.
import { setTimeout } from 'node:timers/promises'
import { cache } from './cache.ts'

export interface Quote {
  readonly author: string
  readonly text: string
}

const quotes = new Map<string, Quote>([
  ['1', { author: 'Phil Karlton', text: 'There are only two hard things in computer science.' }],
  ['2', { author: 'Leon Bambrick', text: 'Cache invalidation, naming things, and off-by-one errors.' }],
])

let reads = 0

/** How often the source has been asked. */
export const readsSoFar = () => reads

async function read(id: string): Promise<Quote | undefined> {
  reads++
  await setTimeout(20)
  return quotes.get(id)
}

export const getQuote = cache.cached(read, {
  key: 'quote',
  tags: ([id]) => [`quote:${id}`],
  life: 'quotes',
})

export async function saveQuote(id: string, quote: Quote): Promise<void> {
  quotes.set(id, quote)
  await cache.updateTag(`quote:${id}`)
}
