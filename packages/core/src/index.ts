/** For applications. */
export type {
  Cache,
  CacheOptions,
  Collected,
  LifeInput,
  Register,
  RegisteredProfile,
  RevalidateProfile,
} from './cache/cache.ts'
export type { CachedFunction, CachedOptions } from './cache/cached.ts'
export type { Clock } from './cache/clock.ts'
export { createCache } from './cache/create-cache.ts'
export { CacheError, type CacheErrorCode } from './cache/errors.ts'
export type { CacheEvent, CacheMessage, EventKind } from './cache/events.ts'
export type { Invalidation } from './cache/invalidate.ts'
export type { BuiltInProfile, Life, LifeFields, Profile } from './state/life.ts'
export type { PathType } from './state/path.ts'
