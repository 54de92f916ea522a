import { deltaSeconds, directivesOf } from './directives.ts'
import type { IncomingRequest } from './request.ts'

/** What a request's `Cache-Control` asks for, in seconds (RFC 9111 §5.2.1, RFC 5861 §4). */
export interface RequestControl {
  readonly noStore: boolean
  readonly noCache: boolean
  readonly onlyIfCached: boolean
  readonly maxAge: number
  readonly minFresh: number
  /** Beyond freshness; `Infinity` for `max-stale` alone. */
  readonly maxStale: number
  readonly staleIfError: number
}

type Draft = { -readonly [Name in keyof RequestControl]: RequestControl[Name] }

/** What a request asks for that has neither field. */
export const nothingAsked: RequestControl = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: Number.POSITIVE_INFINITY,
  minFresh: 0,
  maxStale: 0,
  staleIfError: 0,
}

/** Reads `Cache-Control` and, where there is none, `Pragma` (RFC 9111 §5.4) of a request. */
export function requestControl(headers: IncomingRequest['headers']): RequestControl {
  const control = headers['cache-control']
  if (control === undefined) return headers.pragma === undefined ? nothingAsked : ofPragma(headers.pragma)
  const asked: Draft = { ...nothingAsked }
  for (const { name, argument } of directivesOf(String(control))) apply(name, argument, asked)
  return asked
}

function ofPragma(pragma: string | readonly string[]): RequestControl {
  const isNoCache = directivesOf(String(pragma)).some(({ name }) => name === 'no-cache')
  return isNoCache ? { ...nothingAsked, noCache: true } : nothingAsked
}

/** Of two that contradict each other, that holds which asks for less of what is stored. */
function apply(name: string, argument: string | undefined, asked: Draft): void {
  const seconds = deltaSeconds(argument)
  if (name === 'no-store') asked.noStore = true
  else if (name === 'no-cache') asked.noCache = true
  else if (name === 'only-if-cached') asked.onlyIfCached = true
  else if (name === 'max-age') asked.maxAge = Math.min(asked.maxAge, seconds)
  else if (name === 'min-fresh') asked.minFresh = Math.max(asked.minFresh, seconds)
  else if (name === 'max-stale') asked.maxStale = argument === undefined ? Number.POSITIVE_INFINITY : seconds
  else if (name === 'stale-if-error') asked.staleIfError = seconds
}
