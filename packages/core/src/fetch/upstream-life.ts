import type { CacheControl } from '../http/cache-control.ts'
import type { HeaderLines } from '../http/headers.ts'
import { headerValue } from '../http/headers.ts'
import { parseHttpDate } from '../http/http-date.ts'
import { lifeOf } from '../http/lifetime.ts'
import { receivedAge } from '../http/store-response.ts'
import type { Profile } from '../state/life.ts'
import { remaining } from '../state/life.ts'

/** What is left of the life that a reply gives itself (RFC 9111 §4.2.1); undefined if it names none. */
export function upstreamLife(control: CacheControl, lines: HeaderLines, now: number): Profile | undefined {
  const seconds = control.sMaxage ?? control.maxAge ?? secondsToExpires(lines, now)
  return seconds === undefined ? undefined : remaining(lifeOf(control, seconds), receivedAge(lines))
}

function secondsToExpires(lines: HeaderLines, now: number): number | undefined {
  const value = headerValue(lines, 'expires')
  if (value === undefined) return undefined
  const expiresAt = parseHttpDate(value, now)
  const date = parseHttpDate(headerValue(lines, 'date') ?? '', now) ?? now
  // RFC 9111 §5.3: what is no date, above all "0", has passed.
  return expiresAt === undefined ? 0 : Math.max(0, (expiresAt - date) / 1000)
}
