import type { LifeInput, RegisteredProfile } from '../cache/cache.ts'
import type { Engine } from '../cache/engine.ts'
import type { Capture } from './capture.ts'

/** What the cache has done with the request. */
export type RequestStatus = 'hit' | 'stale' | 'miss' | 'refill' | 'bypass'

/** The cache as a request's handler sees it: `req.cache`, `ctx.cache`, `request.cache`. */
export interface CacheHandle<P extends string = RegisteredProfile> {
  /** As `cacheTag`, for this response. Does nothing on a request that goes past the cache. */
  tag(...tags: string[]): void
  /** As `cacheLife`, for this response: opts it in. @throws CacheError as `cacheLife` does */
  life(life: LifeInput<P>): void
  /** Keeps this response out of the cache, whatever else is said. */
  skip(): void
  readonly status: RequestStatus
}

/** The handle of a request that is being captured. */
export class CaptureHandle implements CacheHandle<string> {
  readonly status: RequestStatus
  readonly #capture: Capture
  readonly #engine: Engine

  constructor(engine: Engine, capture: Capture, status: 'miss' | 'refill') {
    this.#engine = engine
    this.#capture = capture
    this.status = status
  }

  tag(...tags: string[]): void {
    this.#capture.scope.tag(tags)
  }

  life(life: LifeInput<string>): void {
    this.#capture.scope.declareLife(this.#engine.profiles.fields(life))
  }

  skip(): void {
    this.#capture.skip()
  }
}

class InertHandle implements CacheHandle<string> {
  readonly status: RequestStatus

  constructor(status: RequestStatus) {
    this.status = status
  }

  tag(): void {}
  life(): void {}
  skip(): void {}
}

/** One for all requests: labels of requests that are not captured go nowhere. */
export const hitHandle: CacheHandle<string> = new InertHandle('hit')
export const staleHandle: CacheHandle<string> = new InertHandle('stale')
export const bypassHandle: CacheHandle<string> = new InertHandle('bypass')
