import type { Entry } from '../cache/entry.ts'
import type { Ledger } from '../cache/ledger.ts'
import type { Freshness } from '../state/freshness.ts'
import type { RequestControl } from './request-control.ts'
import type { StoredResponse } from './stored-response.ts'

/**
 * What a stored response is for a request that asks for something: as it is, or, where it asks for more than that, `no`
 * (RFC 9111 §5.2.1).
 */
export function freshnessFor(
  asked: RequestControl,
  entry: Entry<StoredResponse>,
  ledger: Ledger,
  now: number,
): Freshness | 'no' {
  const freshness = ledger.judge(entry, now)
  const age = (now - entry.bornAt) / 1000
  if (asked.noCache || age > asked.maxAge || asked.maxAge === 0) return 'no'
  if (freshness === 'expired') return isStaleAccepted(asked, entry, ledger, now) ? 'stale' : 'expired'
  const left = (Math.min(entry.staleAt, entry.expiredAt) - now) / 1000
  return left < asked.minFresh ? 'no' : freshness
}

/** It must not answer anyone before its handler has said that it may: not even who has waited for it. */
export function isToBeValidated({ life, value }: Entry<StoredResponse>): boolean {
  return value.staleness.isByHeader && life.expire <= 0
}

/** `max-stale`: not beyond what its fields forbid, and never what was invalidated. */
function isStaleAccepted(
  { maxStale, minFresh }: RequestControl,
  entry: Entry<StoredResponse>,
  ledger: Ledger,
  now: number,
): boolean {
  const { staleness } = entry.value
  if (maxStale === 0 || minFresh > 0 || staleness.isForbidden || now >= ledger.markedExpiredAt(entry, now))
    return false
  return secondsStale(entry, now) <= maxStale
}

/** Whether it may go out in the place of an error (RFC 5861 §4, RFC 9111 §4.2.4). */
export function mayStandIn(
  entry: Entry<StoredResponse>,
  askedSeconds: number,
  ledger: Ledger,
  now: number,
): boolean {
  if (ledger.judge(entry, now) !== 'expired') return true
  if (now >= ledger.markedExpiredAt(entry, now)) return false
  const { ifErrorSeconds, isForbidden } = entry.value.staleness
  return secondsStale(entry, now) <= Math.max(ifErrorSeconds, isForbidden ? 0 : askedSeconds)
}

/** Since it was fresh by its age; negative while it is. */
function secondsStale({ bornAt, life }: Entry, now: number): number {
  return (now - bornAt) / 1000 - life.revalidate
}
