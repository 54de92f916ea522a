/** For applications. */
export type {
  Cache,
  CacheOptions,
  Collected,
  FetchCaching,
  FetchInit,
  FetchOptions,
  LifeInput,
  Register,
  RegisteredProfile,
  RevalidateProfile,
} from './cache/cache.ts'
export type { CachedFunction, Peeked } from './cache/cached.ts'
export type { Clock } from './cache/clock.ts'
export type { CachedOptions } from './cache/definition.ts'
export { CacheError, type CacheErrorCode } from './cache/errors.ts'
export type { CacheEvent, CacheMessage, EventKind } from './cache/events.ts'
export type { Invalidation } from './cache/invalidate.ts'
export type { Store } from './cache/tier.ts'
export { createCache } from './create-cache.ts'
export { type Rfc9111Options, rfc9111 } from './http/rfc9111.ts'
export type { BuiltInProfile, Life, LifeFields, Profile } from './state/life.ts'
export type { PathType } from './state/path.ts'
