import { receivedAge } from '../http/age.ts'
import type { CacheControl } from '../http/cache-control.ts'
import { secondsToExpires } from '../http/freshness-lifetime.ts'
import type { HeaderLines } from '../http/headers.ts'
import { lifeOf } from '../http/lifetime.ts'
import type { Profile } from '../state/life.ts'
import { remaining } from '../state/life.ts'

/** What is left of the life that a reply gives itself (RFC 9111 §4.2.1); undefined if it names none. */
export function upstreamLife(control: CacheControl, lines: HeaderLines, now: number): Profile | undefined {
  const seconds = control.sMaxage ?? control.maxAge ?? secondsToExpires(lines, now)
  return seconds === undefined ? undefined : remaining(lifeOf(control, seconds), receivedAge(lines))
}
