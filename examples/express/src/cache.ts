// The cache. It imports nothing of the app, so that everything else may import it.
import type { CacheOptions } from '@restale/core'
import { createCache } from '@restale/core'

/**
 * `atlas`: fresh for a minute, then stale for up to an hour. `stale: 0`: clients ask again each time.
 * `clock` is for tests and the walk, which do not want to wait an hour; `store` is what other processes share.
 */
export const openCache = ({ clock, store }: Pick<CacheOptions, 'clock' | 'store'> = {}) =>
  createCache({ profiles: { atlas: { stale: 0, revalidate: 60, expire: 3600 } }, clock, store })

export type AtlasCache = ReturnType<typeof openCache>

// The name 'atlas' is now known wherever a life is written: in `req.cache.life` and in the options of a route.
declare module '@restale/core' {
  interface Register {
    cache: AtlasCache
  }
}
