import type { Entry } from '../cache/entry.ts'
import { ageOf } from './respond.ts'
import { wholeHead } from './standing-headers.ts'
import type { SendVerdict } from './verdict.ts'

/** A hit as it went out, and the span of epoch milliseconds in which the next is the same to the byte. */
interface Ready {
  readonly verdict: SendVerdict
  /** Of the ledger: a mark may change how long the entry is fresh. */
  readonly revision: number
  readonly from: number
  readonly until: number
}

/** The hottest come first, and there is room for them again in the next second. */
const maxCount = 10_000

/**
 * The hits of this second, for requests that want a whole response: its age and what is left of its life are told in
 * seconds, so a hot response is put together once in each and not at each hit.
 */
export class ReadyHits {
  readonly #hits = new Map<Entry, Ready>()
  #clearedAt = 0

  find(entry: Entry, now: number): SendVerdict | undefined {
    const ready = this.#hits.get(entry)
    if (ready === undefined || now >= ready.until || now < ready.from) return undefined
    return ready.revision === entry.revision ? ready.verdict : undefined
  }

  /** Gives the verdict that is to be given again. `ttl`: the seconds that it tells. */
  keep(entry: Entry, now: number, { response, ...verdict }: SendVerdict, ttl: number): SendVerdict {
    // What is not asked for any more, or not in memory, is not to be held here.
    if (now - this.#clearedAt >= 1000 || now < this.#clearedAt) this.#clear(now)
    if (this.#hits.size >= maxCount && !this.#hits.has(entry)) return { ...verdict, response }
    const kept = { ...verdict, response: { ...response, whole: wholeHead(response) } }
    const nextAge = entry.bornAt + (ageOf(entry, now) + 1) * 1000
    const freshUntil = Math.min(entry.staleAt, entry.expiredAt)
    const until = Number.isFinite(ttl) ? Math.min(nextAge, freshUntil - (ttl - 1) * 1000) : nextAge
    this.#hits.set(entry, { verdict: kept, revision: entry.revision, from: now, until })
    return kept
  }

  #clear(now: number): void {
    this.#hits.clear()
    this.#clearedAt = now
  }
}
