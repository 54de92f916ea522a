import { deltaSeconds } from './directives.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue } from './headers.ts'
import { parseHttpDate } from './http-date.ts'
import { trimWhitespace } from './syntax.ts'

/**
 * The instant from which the age of a response counts, in epoch milliseconds (RFC 9111 §4.2.3). `startedAt`: when it
 * was asked for; `now`: when it is there.
 */
export function generatedAt(lines: HeaderLines, startedAt: number, now: number): number {
  const apparentAge = Math.floor((now - dateOf(lines, now)) / 1000)
  return Math.min(startedAt - receivedAge(lines) * 1000, now - apparentAge * 1000)
}

/** Its `Date`, or else the instant at which it came (RFC 9110 §6.6.1). */
export function dateOf(lines: HeaderLines, now: number): number {
  return parseHttpDate(headerValue(lines, 'date') ?? '', now) ?? now
}

/** Seconds. The first member, if it is a number; anything else counts as not there (RFC 9111 §5.1). */
export function receivedAge(lines: HeaderLines): number {
  const value = headerValue(lines, 'age')
  if (value === undefined) return 0
  const [age = ''] = value.split(',', 1)
  return deltaSeconds(trimWhitespace(age))
}
