import type { FetchCaching } from '../cache/cache.ts'
import { CacheError } from '../cache/errors.ts'
import { checkOptionNames } from '../cache/option-names.ts'
import { warnOnce } from '../cache/warnings.ts'
import { describeValue } from '../state/describe.ts'
import type { ResolvedFetchOptions } from './options.ts'

/** How one call is to be cached, as it says itself. */
export interface Policy {
  readonly isCached: boolean
  readonly tags: readonly string[]
  /** Seconds, where the call says so; `Infinity` for `false`. */
  readonly revalidate: number | undefined
  readonly upstreamTags: boolean
  readonly upstreamLife: boolean
  /** Nothing but the reply can give it a life. */
  readonly needsUpstreamLife: boolean
}

const neverStored: ReadonlySet<unknown> = new Set(['no-store', 'no-cache', 'reload'])
/** Methods that only read, so that tags alone cache them, and a reply can be renewed. */
export const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Reads `init.next` and `init.cache` as Next.js does, but that tags alone cache too.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_INVALID_LIFE`
 */
export function policyOf(
  next: FetchCaching | undefined,
  mode: string,
  { method, url }: { readonly method: string; readonly url: string },
  defaults: ResolvedFetchOptions,
): Policy {
  const caching = checked(next ?? {})
  const { tags = [], revalidate, upstreamTags, upstreamLife } = caching
  const isForced = mode === 'force-cache'
  const isForbidden = neverStored.has(mode)
  if ((isForced && revalidate === 0) || (isForbidden && revalidate !== undefined && revalidate !== 0)) {
    warnConflict(url, mode, revalidate)
  }
  const isExplicit = isForced || revalidate !== undefined
  const isImplicit = (tags.length > 0 || upstreamLife === true) && safeMethods.has(method)
  return {
    isCached: !isForbidden && revalidate !== 0 && (isExplicit || isImplicit),
    // A copy: the caller may change its own while this call waits.
    tags: [...tags],
    revalidate: revalidate === false ? Number.POSITIVE_INFINITY : revalidate,
    upstreamTags: upstreamTags ?? defaults.upstreamTags,
    upstreamLife: upstreamLife ?? defaults.upstreamLife,
    needsUpstreamLife: !isExplicit && tags.length === 0,
  }
}

function checked(next: FetchCaching): FetchCaching {
  checkOptionNames('fetch: next', next, ['tags', 'revalidate', 'upstreamTags', 'upstreamLife'])
  const { tags, revalidate } = next
  if (tags !== undefined && !Array.isArray(tags)) {
    throw invalid(`fetch: next.tags must be a list of strings, got ${describeValue(tags)}`)
  }
  for (const name of ['upstreamTags', 'upstreamLife'] as const) {
    if (next[name] !== undefined && typeof next[name] !== 'boolean') {
      throw invalid(`fetch: next.${name} must be true or false, got ${describeValue(next[name])}`)
    }
  }
  const isSeconds = typeof revalidate === 'number' && revalidate >= 0
  if (revalidate === undefined || revalidate === false || isSeconds) return next
  throw new CacheError(
    'ERR_RESTALE_INVALID_LIFE',
    `fetch: next.revalidate must be 0 or more seconds, or false for never, got ${describeValue(revalidate)}.`,
  )
}

function warnConflict(url: string, mode: string, revalidate: unknown): void {
  const where = url.split(/[?#]/, 1)[0] as string
  warnOnce(
    'RESTALE_FETCH_CONFLICT',
    where,
    `fetch ${where}: cache: '${mode}' and next.revalidate: ${String(revalidate)} contradict each other, so nothing is cached. Give one of them.`,
  )
}

function invalid(message: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', `${message}.`)
}
