// The cache. It imports nothing of the app, so that everything else may import it.
import { createCache } from '@restale/core'

/** `quotes`: fresh for a minute, then stale for up to an hour. `stale: 0`: clients ask again each time. */
export const cache = createCache({ profiles: { quotes: { stale: 0, revalidate: 60, expire: 3600 } } })

export const { cacheLife } = cache
