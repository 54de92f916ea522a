// What the app knows about currencies: it asks the bank, over HTTP.
import { tags } from './atlas.ts'
import type { Currency } from './bank.ts'
import type { AtlasCache } from './cache.ts'

/**
 * One tag is ours, on all that comes from the bank. The others, and how long the answer holds, the bank says itself:
 * `Cache-Tag` and `Cache-Control`. When it has turned stale, the bank is asked whether it has changed (`ETag`, 304).
 */
export const currenciesFrom =
  (cache: AtlasCache, bankUrl: string) =>
  async (country: string): Promise<readonly Currency[]> => {
    const response = await cache.fetch(`${bankUrl}/countries/${country}`, {
      next: { tags: [tags.currencies], upstreamTags: true, upstreamLife: true },
    })
    if (!response.ok) throw new Error(`The bank answers ${response.status} when asked for ${country}`)
    return (await response.json()) as Currency[]
  }
