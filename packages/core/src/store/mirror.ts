import type { Clock } from '../cache/clock.ts'
import type { Ledger } from '../cache/ledger.ts'
import { markingOf } from './labels.ts'
import type { LedgerRecord, LedgerView, Position } from './port.ts'

/** So many of the last records are known one by one. */
const maxRecent = 1_000

/** What a view has changed here. */
export type Change = 'nothing' | 'applied' | 'forgot'

/**
 * What this process knows of the shared ledger: every record up to a position, applied in order to the ledger here,
 * whose whole numbers they get.
 */
export class Mirror {
  readonly #ledger: Ledger
  readonly #clock: Clock
  /** Is a record one of our own, and in force here already? Told once it is known to be recorded. */
  readonly #isOwn: (id: string) => boolean
  #incarnation: string | undefined
  #version = 0
  /** What to take from a position here to get a version there, since `#comparableFrom`. */
  #offset = 0
  #comparableFrom = 0
  /** How far this clock is ahead of the store's, in milliseconds: at least, and at most. */
  #aheadMs = 0
  #mostAheadMs = 0
  /** Views that were asked for before this are of a ledger that is no more. */
  #changedAt = Number.NEGATIVE_INFINITY
  #recent: LedgerRecord[] = []

  constructor(ledger: Ledger, clock: Clock, isOwn: (id: string) => boolean) {
    this.#ledger = ledger
    this.#clock = clock
    this.#isOwn = isOwn
  }

  get position(): Position {
    return { incarnation: this.#incarnation, version: this.#version }
  }

  /** The store's instant by this clock: no later than it is. */
  ours(at: number): number {
    return at + this.#aheadMs
  }

  /** An instant of this clock by the store's: no later than it is. */
  theirs(at: number): number {
    return at - this.#mostAheadMs
  }

  /** Its time was read between the question and now. */
  measure({ now }: LedgerView, askedAt: number): void {
    this.#aheadMs = askedAt - now
    this.#mostAheadMs = this.#clock.now() - now
  }

  /** Everything that the view was of is known here. */
  knows({ incarnation, head }: LedgerView): boolean {
    return incarnation === this.#incarnation && head <= this.#version
  }

  /** Brings the ledger here up to the view. `askedAt`: epoch milliseconds when it was asked for. */
  apply(view: LedgerView, askedAt: number): Change {
    if (view.incarnation !== this.#incarnation) {
      // An answer from before the change, that has been overtaken.
      if (askedAt <= this.#changedAt) return 'nothing'
      this.#changedAt = this.#clock.now()
      return this.#forget(view)
    }
    if (view.head <= this.#version) return 'nothing'
    const fresh = view.records?.filter(({ version }) => version > this.#version) ?? []
    const isWhole =
      fresh.length === view.head - this.#version &&
      fresh.every(({ version }, index) => version === this.#version + index + 1)
    if (!isWhole) return this.#forget(view)
    for (const record of fresh) this.#applyRecord(record)
    return 'applied'
  }

  /** The version in the shared ledger of something that began at this position here; undefined if it has none. */
  sharedVersion(position: number): number | undefined {
    this.#rebase()
    return position < this.#comparableFrom ? undefined : Math.floor(position) - this.#offset
  }

  /** Was anything with these labels marked after that version, by a record that is known here? */
  isOvertaken(version: number, labels: readonly string[]): boolean {
    if (version >= this.#version) return false
    const oldest = this.#recent[0]
    if (oldest === undefined || oldest.version > version + 1) return true
    const marked = new Set(labels)
    return this.#recent.some(
      (record) =>
        record.version > version &&
        (record.labels.some((label) => marked.has(label)) ||
          record.hardLabels.some((label) => marked.has(label))),
    )
  }

  /** So many own invalidations between two records that they have taken the place of the next: what began before cannot be compared. */
  #rebase(): void {
    const place = Math.floor(this.#ledger.position)
    if (place - this.#offset === this.#version) return
    this.#offset = place - this.#version
    this.#comparableFrom = place
  }

  #applyRecord(record: LedgerRecord): void {
    this.#rebase()
    const position = Math.floor(this.#ledger.position) + 1
    const marking = markingOf(record, this.#aheadMs)
    // What is made here since our own was said is newer than it, and stays.
    if (this.#isOwn(record.id)) this.#ledger.advance(position)
    else if (marking === 'all') this.#ledger.invalidateAll(position)
    else this.#ledger.apply(marking, position, this.#clock.now())
    this.#version = record.version
    this.#recent.push(record)
    if (this.#recent.length > maxRecent) this.#recent = this.#recent.slice(-maxRecent / 2)
  }

  /** What came between is not known, so everything from before counts as invalidated. */
  #forget(view: LedgerView): Change {
    const position = Math.floor(this.#ledger.position) + 1
    this.#ledger.invalidateAll(position)
    this.#incarnation = view.incarnation
    this.#version = view.head
    this.#offset = position - view.head
    this.#comparableFrom = position
    this.#recent = []
    return 'forgot'
  }
}
