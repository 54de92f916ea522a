import type { Cache, CacheOptions } from './cache/cache.ts'
import { cachedFunction } from './cache/cached.ts'
import { collect } from './cache/collect.ts'
import { createEngine } from './cache/create-engine.ts'
import { tieEngine } from './cache/engine-of.ts'
import { invalidate, tagList, warnSingleArgument } from './cache/invalidate.ts'
import { declareLife, label } from './cache/label.ts'
import { cachedFetch } from './fetch/cached-fetch.ts'

/**
 * Makes a cache. Without a store it opens nothing and starts no timer.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_INVALID_LIFE`
 */
export function createCache<const P extends string = never>(options: CacheOptions<P> = {}): Cache<P> {
  const engine = createEngine(options as CacheOptions<string>, () => cache)
  const cache: Cache<P> = {
    get enabled() {
      return engine.isEnabled
    },
    version: engine.version,
    cacheTag: (...tags) => label(engine, tags),
    cacheLife: (life) => declareLife(engine, life),
    cached: (fn, cachedOptions) => cachedFunction(engine, fn as never, cachedOptions),
    fetch: cachedFetch(engine, options.fetch),
    revalidateTag: (tags, profile) => {
      const isSingleArgument = (profile as unknown) === undefined
      const expire = isSingleArgument ? 0 : engine.profiles.deadline(profile)
      const invalidation = invalidate(engine, 'revalidateTag', { tags: tagList(tags), expire })
      if (isSingleArgument) warnSingleArgument()
      return invalidation
    },
    updateTag: (tags) => invalidate(engine, 'updateTag', { tags: tagList(tags), expire: 0 }),
    revalidatePath: (path, type) =>
      invalidate(engine, 'revalidatePath', { tags: [], paths: [{ path, type }], expire: 0 }),
    collect: (fn) => collect(engine, fn),
    subscribe: (listener) => engine.events.subscribe(listener),
    clear: () => engine.clear(),
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  }
  tieEngine(cache, engine)
  return cache
}
