import type { Life } from './life.ts'
import type { Mark } from './mark.ts'

export type Freshness = 'fresh' | 'stale' | 'expired'

/** What freshness depends on: the version and the instant a value was born, and its life. */
export interface Aging {
  /** The position in the ledger that was read before its fill began. */
  readonly version: number
  /** Epoch milliseconds. */
  readonly bornAt: number
  readonly life: Life
}

/** The instants at which an entry turns stale and expired, as far as these marks know. */
export interface Outlook {
  /** Epoch milliseconds; `-Infinity` if it is stale already. */
  readonly staleAt: number
  /** Epoch milliseconds; `-Infinity` if it is expired already. */
  readonly expiredAt: number
}

/** The worse of what age says and what the marks of its tags say. */
export function freshness(entry: Aging, marks: readonly Mark[], now: number): Freshness {
  return freshnessAt(outlook(entry, marks), now)
}

/** The same in two steps, so that a hit compares two numbers: an outlook holds until a mark changes. */
export function outlook(entry: Aging, marks: readonly Mark[]): Outlook {
  let staleAt = entry.bornAt + entry.life.revalidate * 1000
  let expiredAt = entry.bornAt + entry.life.expire * 1000
  for (const mark of marks) {
    if (entry.version < mark.staleBefore) staleAt = Number.NEGATIVE_INFINITY
    if (entry.version < mark.expiredBefore) expiredAt = Number.NEGATIVE_INFINITY
    for (const { before, at } of mark.deadlines) {
      if (entry.version < before && at < expiredAt) expiredAt = at
    }
  }
  return { staleAt, expiredAt }
}

export function freshnessAt({ staleAt, expiredAt }: Outlook, now: number): Freshness {
  return now >= expiredAt ? 'expired' : now >= staleAt ? 'stale' : 'fresh'
}
