import type { FetchOptions } from '../cache/cache.ts'
import { invalidOption } from '../cache/create-engine.ts'
import { checkOptionNames } from '../cache/option-names.ts'

/** `fetch` of `createCache`, with defaults applied. */
export interface ResolvedFetchOptions {
  readonly fetch: typeof globalThis.fetch | undefined
  readonly upstreamTags: boolean
  readonly upstreamLife: boolean
}

/** @throws CacheError `ERR_RESTALE_INVALID_OPTION` */
export function resolveFetchOptions(options: FetchOptions = {}): ResolvedFetchOptions {
  checkOptionNames('createCache: fetch', options, ['fetch', 'upstreamTags', 'upstreamLife'])
  const { fetch, upstreamTags = false, upstreamLife = false } = options
  if (fetch !== undefined && typeof fetch !== 'function')
    throw invalidOption('fetch.fetch', 'a function', fetch)
  if (typeof upstreamTags !== 'boolean')
    throw invalidOption('fetch.upstreamTags', 'true or false', upstreamTags)
  if (typeof upstreamLife !== 'boolean')
    throw invalidOption('fetch.upstreamLife', 'true or false', upstreamLife)
  return { fetch, upstreamTags, upstreamLife }
}
