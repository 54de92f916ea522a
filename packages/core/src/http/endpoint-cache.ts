import type { Cache } from '../cache/cache.ts'
import { engineOf } from '../cache/engine-of.ts'
import { invalidate } from '../cache/invalidate.ts'
import type { EndpointCache } from './endpoint.ts'

/** A cache as the revalidate endpoint uses it: tags and paths of one request are one invalidation. */
export function endpointCache(cache: Cache): EndpointCache {
  const engine = engineOf(cache)
  return {
    now: () => Math.floor(engine.clock.now()),
    invalidate: ({ tags, paths, profile }) =>
      invalidate(engine, 'the revalidate endpoint', {
        tags,
        paths,
        expire: engine.profiles.deadline(profile),
      }),
  }
}
