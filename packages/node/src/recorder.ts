import type { Capture, HeaderLines } from '@restale/core/http'

/** What only the framework knows of a response that is about to go out. */
export interface ResponseFacts {
  /** Someone is logged in on the request by now. */
  isAuthenticated(): boolean
  /** The pattern of the route that answers, in the framework's own syntax. */
  route(): string | undefined
}

/** What shows a capture the response that is made of a request. */
export interface Recorder {
  readonly capture: Capture
  /** The header lines that stood where the cache stands. */
  readonly baseline: HeaderLines
  /** A mount further in takes over: it is to see the request as the client sent it. */
  restoreRequest(): void
  /** Runs what is mounted below. */
  run(next: () => unknown): unknown
}
