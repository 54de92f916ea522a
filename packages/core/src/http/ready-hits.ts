import type { Entry } from '../cache/entry.ts'
import type { PlainQuestion } from './respond.ts'
import { ageOf } from './respond.ts'
import { wholeHead } from './standing-headers.ts'
import type { SendVerdict } from './verdict.ts'

/** A hit as it went out, and the span of epoch milliseconds in which the next is the same to the byte. */
interface Ready {
  readonly verdict: SendVerdict
  readonly ifNoneMatch: string | undefined
  /** Of the ledger: a mark may change how long the entry is fresh. */
  readonly revision: number
  readonly from: number
  readonly until: number
}

/** The hottest come first, and there is room for them again in the next second. */
const maxCount = 10_000

/**
 * The hits of this second, for requests that want a whole response: its age and what is left of its life are told in
 * seconds, so a hot response is put together once in each and not at each hit. Beside it, the answer to those who say
 * what they have of it, mostly all the same.
 */
export class ReadyHits {
  readonly #wholes = new Map<Entry, Ready>()
  readonly #answers = new Map<Entry, Ready>()
  #clearedAt = 0

  find(entry: Entry, { ifNoneMatch }: PlainQuestion, now: number): SendVerdict | undefined {
    const ready = this.#hitsFor(ifNoneMatch).get(entry)
    if (ready === undefined || now >= ready.until || now < ready.from) return undefined
    if (ready.ifNoneMatch !== ifNoneMatch) return undefined
    return ready.revision === entry.revision ? ready.verdict : undefined
  }

  /** Gives the verdict that is to be given again. `ttl`: the seconds that it tells. */
  keep(
    entry: Entry,
    { ifNoneMatch }: PlainQuestion,
    now: number,
    { verdict: { response, ...verdict }, ttl }: { readonly verdict: SendVerdict; readonly ttl: number },
  ): SendVerdict {
    // What is not asked for any more, or not in memory, is not to be held here.
    if (now - this.#clearedAt >= 1000 || now < this.#clearedAt) this.#clear(now)
    const hits = this.#hitsFor(ifNoneMatch)
    if (hits.size >= maxCount && !hits.has(entry)) return { ...verdict, response }
    const kept = { ...verdict, response: { ...response, whole: wholeHead(response) } }
    const nextAge = entry.bornAt + (ageOf(entry, now) + 1) * 1000
    const freshUntil = Math.min(entry.staleAt, entry.expiredAt)
    const until = Number.isFinite(ttl) ? Math.min(nextAge, freshUntil - (ttl - 1) * 1000) : nextAge
    hits.set(entry, { verdict: kept, ifNoneMatch, revision: entry.revision, from: now, until })
    return kept
  }

  #hitsFor(ifNoneMatch: string | undefined): Map<Entry, Ready> {
    return ifNoneMatch === undefined ? this.#wholes : this.#answers
  }

  #clear(now: number): void {
    this.#wholes.clear()
    this.#answers.clear()
    this.#clearedAt = now
  }
}
