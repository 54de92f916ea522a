import type { CacheHandle, HeaderLines } from '@restale/core/http'
import type { Dispatch, Journey } from './journey.ts'

/** The layers that a response comes by on its way out. */
export interface Outside {
  /** All of its header lines, as they are now. */
  lines(): HeaderLines
  /** Calls back whenever they have changed. */
  watch(changed: () => void): void
}

/** One request at one mount. */
export interface Exchange {
  readonly journey: Journey
  readonly request: Request
  /** What the options' functions get. */
  readonly subject: unknown
  /** What came with the request beside it, as the runtime gives it. */
  readonly company: readonly unknown[]
  /** What of it may have a `waitUntil`. */
  keepers(): readonly unknown[]
  readonly isRoute: boolean
  /** Someone is logged in on the request by now. */
  isAuthenticated(): boolean
  /** The pattern of the route that answers. */
  route(): string | undefined
  /** What the framework made a page of that does not look like an error. */
  failure(): unknown
  /** The header lines that stand where the cache stands. */
  baseline(): HeaderLines
  /** Those that will stand there, as far as they tell what is in the body. */
  comingLines(): HeaderLines
  /** What stands outside, if anything does that could still change the response. */
  readonly outside?: Outside
  /** Runs what is mounted below. */
  run(request: Request, handle: CacheHandle<string>): Response | undefined | Promise<Response | undefined>
  /** It is answered without the handler. */
  setHandle(handle: CacheHandle<string>): void
  /** Runs a request through all that this one has met. */
  readonly dispatch: Dispatch
}
