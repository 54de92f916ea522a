import { dateOf } from './age.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue } from './headers.ts'
import { parseHttpDate } from './http-date.ts'
import type { ResponsePolicy } from './response-policy.ts'

/** Statuses that may be cached without an explicit life (RFC 9110 §15.1), less 206: parts are not stored. */
const heuristicStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501,
])
const heuristicShare = 0.1
const longestHeuristic = 86_400

/** Seconds that a response is fresh by its own fields; undefined if none says so (RFC 9111 §4.2.1). */
export function explicitLifetime(
  { control, isTargeted }: ResponsePolicy,
  lines: HeaderLines,
  now: number,
): number | undefined {
  const { sMaxage, maxAge } = control
  return sMaxage ?? maxAge ?? (isTargeted ? undefined : secondsToExpires(lines, now))
}

/** A tenth of the time for which it had not changed, a day at most (RFC 9111 §4.2.2). */
export function heuristicLifetime(
  status: number,
  { control }: ResponsePolicy,
  lines: HeaderLines,
  now: number,
): number | undefined {
  if (!heuristicStatuses.has(status) && !control.isPublic) return undefined
  const modifiedAt = parseHttpDate(headerValue(lines, 'last-modified') ?? '', now)
  if (modifiedAt === undefined) return undefined
  const unchanged = (dateOf(lines, now) - modifiedAt) / 1000
  return Math.min(Math.max(0, Math.floor(unchanged * heuristicShare)), longestHeuristic)
}

/** Undefined without the field. RFC 9111 §5.3: what is no date, above all "0", has passed. */
export function secondsToExpires(lines: HeaderLines, now: number): number | undefined {
  const value = headerValue(lines, 'expires')
  if (value === undefined) return undefined
  const expiresAt = parseHttpDate(value, now)
  return expiresAt === undefined ? 0 : Math.max(0, (expiresAt - dateOf(lines, now)) / 1000)
}
