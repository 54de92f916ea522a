import type { BuiltInProfile, Life, LifeFields, Profile } from '../state/life.ts'
import type { PathType } from '../state/path.ts'
import type { CachedFunction } from './cached.ts'
import type { Clock } from './clock.ts'
import type { CachedOptions } from './definition.ts'
import type { CacheEvent } from './events.ts'
import type { Invalidation } from './invalidate.ts'
import type { Store } from './tier.ts'

/** A profile name or fields in seconds, at least one. `P`: the names of the user's own profiles. */
export type LifeInput<P extends string = never> = BuiltInProfile | P | LifeFields

/** How a tag is revalidated: a profile, whose `expire` is the deadline, or `{ expire }` in seconds. */
export type RevalidateProfile<P extends string = never> = BuiltInProfile | P | { readonly expire?: number }

export interface CacheOptions<P extends string = never> {
  /** Named lives, merged over the seven of Next.js. A field left out comes from `default`. */
  readonly profiles?: { readonly [name in P]: Profile } | undefined
  /** `false`: nothing is looked up or stored, everything works as if uncached. @default true */
  readonly enabled?: boolean | undefined
  /** Part of every key: give each deploy its own, and it never reads what another shape of it wrote. @default '' */
  readonly version?: string | undefined
  readonly memory?:
    | {
        /** Bytes held in memory, headers, tags and keys included. @default 64 MiB */
        readonly maxBytes?: number | undefined
        /** Bytes of one entry; what is larger passes through unstored. @default 1 MiB */
        readonly maxEntryBytes?: number | undefined
        /** Tags, and paths, whose invalidations are remembered one by one. @default 100_000 */
        readonly maxMarks?: number | undefined
      }
    | undefined
  readonly refill?:
    | {
        /** Background fills at a time, over all keys. @default 32 */
        readonly maxConcurrent?: number | undefined
        /** Milliseconds after which a fill is given up, and nobody waits for it any longer. @default 30_000 */
        readonly timeoutMs?: number | undefined
      }
    | undefined
  /**
   * What is shared with other processes behind memory: entries, and the ledger of invalidations. Made by a package of
   * its own, for instance `lmdbStore()` of `@restale/lmdb` or `redisStore()` of `@restale/redis`; each cache needs its
   * own. @default none: memory alone
   */
  readonly store?: Store | undefined
  readonly fetch?: FetchOptions | undefined
  /** Where the time is read. @default a clock that never steps back */
  readonly clock?: Clock | undefined
}

/** How `cache.fetch` treats what it gets. */
export interface FetchOptions {
  /** What fetches where the cache has nothing. @default the global `fetch`, as it is at the time of the call */
  readonly fetch?: typeof globalThis.fetch | undefined
  /**
   * Takes over as tags what the reply names in `Cache-Tag`, `Surrogate-Key`, `Edge-Cache-Tag` and `Cache-Groups`
   * (RFC 9875). A call can say otherwise for itself. @default false
   */
  readonly upstreamTags?: boolean | undefined
  /**
   * Lets the `Cache-Control` of the reply decide: how long it lives (RFC 9111 §4.2.1) where the call does not say
   * so itself, and with `no-store`, `no-cache` or `private` that it is not stored. A call can say otherwise for
   * itself. @default false
   */
  readonly upstreamLife?: boolean | undefined
}

/** What a call of `cache.fetch` says about caching, as in Next.js. */
export interface FetchCaching {
  /** Tags of the reply, at most 128. They alone cache it too, until one of them is invalidated. */
  readonly tags?: readonly string[] | undefined
  /** Seconds until it is stale; `false` and `Infinity`: never; 0: it is not cached. */
  readonly revalidate?: number | false | undefined
  /** As the option of `createCache`, for this call. */
  readonly upstreamTags?: boolean | undefined
  /** As the option of `createCache`, for this call; `true` alone caches what the reply gives a life. */
  readonly upstreamLife?: boolean | undefined
}

/** What `fetch` takes, and `next`. */
export type FetchInit = Omit<RequestInit, 'cache' | 'next'> & {
  readonly next?: FetchCaching | undefined
  /**
   * `force-cache` caches; `no-store`, `no-cache` and `reload` ask upstream and store nothing. The others say nothing
   * about this cache, and go through.
   */
  readonly cache?:
    | 'default'
    | 'force-cache'
    | 'no-cache'
    | 'no-store'
    | 'only-if-cached'
    | 'reload'
    | undefined
}

/** What `collect` learns about the code that it runs. */
export interface Collected<R> {
  readonly value: R
  readonly tags: readonly string[]
  readonly life: Life
}

/** One cache. All functions are bound: safe to destructure. `P`: the names of its own profiles. */
export interface Cache<P extends string = never> {
  readonly enabled: boolean
  readonly version: string

  /**
   * Labels the function or response that is being made. An invalid tag is skipped with a warning, and the
   * value is then not stored.
   * @throws CacheError `ERR_RESTALE_NO_SCOPE` outside any cached function and any request
   */
  readonly cacheTag: (...tags: string[]) => void
  /**
   * Says how long the function or response that is being made may be used; several calls keep the minimum
   * of each field. In a handler it also opts the response in.
   * @throws CacheError `ERR_RESTALE_NO_SCOPE`, `ERR_RESTALE_UNKNOWN_PROFILE`, `ERR_RESTALE_INVALID_LIFE`
   */
  readonly cacheLife: (life: LifeInput<P>) => void
  /**
   * A function whose results are cached by its arguments.
   * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_DUPLICATE_KEY`, and as `cacheLife`; the
   * function it returns rejects with `ERR_RESTALE_INVALID_ARGUMENT` if an argument cannot be part of a key
   */
  readonly cached: <A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    options: CachedOptions<A, Awaited<R>, LifeInput<P>>,
  ) => CachedFunction<A, Awaited<R>>

  /**
   * `fetch`, cached where the call says so: by `next.revalidate`, `next.tags` or `cache: 'force-cache'`. Only GET
   * and HEAD, others where `revalidate` or `force-cache` asks for it; only replies with status 200 are stored.
   * Rejects as `fetch` does.
   * @throws CacheError in the promise: `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_INVALID_LIFE`
   */
  readonly fetch: (input: string | URL | Request, init?: FetchInit) => Promise<Response>

  /**
   * Makes everything with one of these tags stale now, and expired after the profile's `expire`;
   * `{ expire: 0 }` expires it at once. In force in this process when it returns; never rejects.
   * @throws CacheError synchronously, before anything happens: `ERR_RESTALE_INVALID_TAG`,
   * `ERR_RESTALE_UNKNOWN_PROFILE`, `ERR_RESTALE_INVALID_LIFE`, `ERR_RESTALE_INVALIDATION_IN_SCOPE`
   */
  readonly revalidateTag: (
    tags: string | readonly string[],
    profile: RevalidateProfile<P>,
  ) => Promise<Invalidation>
  /** Expires everything with one of these tags at once: who asks next waits for fresh data. Throws as above. */
  readonly updateTag: (tags: string | readonly string[]) => Promise<Invalidation>
  /**
   * Expires the responses of a path at once: all queries and methods of `page`, everything below for `layout`.
   * @throws CacheError synchronously `ERR_RESTALE_INVALID_PATH`, `ERR_RESTALE_INVALIDATION_IN_SCOPE`
   */
  readonly revalidatePath: (path: string, type?: PathType) => Promise<Invalidation>

  /** Runs `fn` and tells what a cached function or response made of it would have: for tests and jobs. */
  readonly collect: <R>(fn: () => R | Promise<R>) => Promise<Collected<R>>
  /** Calls `listener` with every event of this cache; the returned function stops that. */
  readonly subscribe: (listener: (event: CacheEvent) => void) => () => void
  /** Forgets everything: entries, fills in flight, registered functions. */
  readonly clear: () => void
  /** Starts nothing new, and resolves when what runs in the background has ended, or after 5 seconds. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Merge your cache into this interface, and its profile names reach `req.cache` and route options:
 * `declare module '@restale/core' { interface Register { cache: typeof cache } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged into
export interface Register {}

/** The profile names of the registered cache, none without one. */
export type RegisteredProfile = Register extends { cache: { cacheLife: (life: infer L) => void } }
  ? Exclude<Extract<L, string>, BuiltInProfile>
  : never
