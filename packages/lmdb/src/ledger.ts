import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { LedgerView, Mark, Marking, Position } from '@restale/core/store'
import { expireMark, noMark, staleMark } from '@restale/core/store'
import { checked, Damaged, withChecksum } from './checked.ts'
import type { Environment } from './environment.ts'
import { MarkTable } from './mark-table.ts'
import { double, doubles } from './numbers.ts'
import { RecordRing } from './record-ring.ts'
import type { StoreTime } from './store-time.ts'

/** What a ledger keeps of what has been said, before it forgets the oldest. */
export interface LedgerLimits {
  readonly marks: number
  /** Those of URLs: what anybody can have marked by an unsafe request must not push out anything else. */
  readonly uriMarks: number
  readonly records: number
  /** Of all records, in bytes. */
  readonly recordBytes: number
}

/** Labels by their digests: the marks of URLs have a table of their own. */
export interface LabelDigests {
  readonly uris: readonly Buffer[]
  readonly others: readonly Buffer[]
}

interface State {
  readonly incarnation: string
  readonly head: number
  /** The version of the first record that is there. */
  readonly first: number
  readonly recordBytes: number
  readonly marks: number
  readonly uriMarks: number
  readonly offsetMs: number
  /** The store's time, when this was written. */
  readonly writtenAt: number
}

const stateKey = Buffer.from('s')
const checksumBytes = 4
const stateNumbers = 7
const incarnationAt = checksumBytes + stateNumbers * 8
const uriPrefix = 'u:'

/** Expires everything: what is too long to be recorded is recorded as this. */
const everything = { labels: [], hardLabels: ['*'] }

/** The invalidations of all processes, their order, and what they mean for each label. */
export class Ledger {
  readonly #environment: Environment
  readonly #time: StoreTime
  readonly #marks: MarkTable
  readonly #uriMarks: MarkTable
  readonly #ring: RecordRing

  constructor(environment: Environment, time: StoreTime, limits: LedgerLimits) {
    this.#environment = environment
    this.#time = time
    this.#marks = new MarkTable(environment, 'm', limits.marks)
    this.#uriMarks = new MarkTable(environment, 'u', limits.uriMarks)
    this.#ring = new RecordRing(environment, limits.records, limits.recordBytes)
  }

  /** Writes the beginning of a new incarnation, where nothing is yet. */
  begin(): void {
    const offsetMs = this.#timeOffset()
    const empty = { head: 0, first: 1, recordBytes: 0, marks: 0, uriMarks: 0 }
    this.#environment.transact(() =>
      this.#write({ ...empty, incarnation: randomUUID(), offsetMs, writtenAt: 0 }),
    )
  }

  /** Takes over the time; `isSameBoot`: written since the machine has been started. */
  resume(isSameBoot: boolean): void {
    const state = this.#state()
    if (isSameBoot) this.#time.observeOffset(state.offsetMs)
    else {
      this.#time.observe(state.writtenAt)
      this.#environment.transact(() => this.#write({ ...state, offsetMs: this.#timeOffset() }))
    }
  }

  /** What others have said is seen from now on. */
  refresh(): void {
    this.#environment.refresh()
  }

  /** The store's time, in epoch milliseconds. */
  now(): number {
    return this.#time.now()
  }

  /** Where it is, unchecked: that is left to those who read more. */
  peek(): Position & { readonly incarnation: string } {
    const bytes = this.#environment.glance(stateKey)
    if (bytes === undefined || bytes.length < incarnationAt)
      throw new Damaged('the state of the ledger is gone')
    return {
      incarnation: bytes.toString('latin1', incarnationAt, bytes.length),
      version: bytes.readDoubleLE(checksumBytes),
    }
  }

  view(since: Position): LedgerView {
    const { incarnation, head, first, offsetMs } = this.#state()
    this.#time.observeOffset(offsetMs)
    const isKnown = since.incarnation === incarnation && since.version >= first - 1 && since.version <= head
    const records = isKnown ? this.#ring.read(since.version + 1, head) : undefined
    return { incarnation, head, records, now: this.#time.now() }
  }

  /** Of an item with these labels; what has been forgotten counts as marked. */
  marksOf({ uris, others }: LabelDigests): Mark[] {
    const floors = uris.length > 0 ? [this.#marks.floor, this.#uriMarks.floor] : [this.#marks.floor]
    const ofUris = uris.map((label) => this.#uriMarks.of(label))
    const marks = [...floors, ...others.map((label) => this.#marks.of(label)), ...ofUris]
    return marks.filter((mark) => mark !== undefined && mark !== noMark) as Mark[]
  }

  /** Mints the next version, and records the marking under it. */
  record(marking: Marking): void {
    const { expireInMs, id } = marking
    this.#environment.transact(() => {
      const state = this.#state()
      this.#time.observeOffset(state.offsetMs)
      const now = this.#time.now()
      const head = state.head + 1
      const expiredAt = expireInMs > 0 ? now + expireInMs : 0
      const said = { id, labels: marking.labels, hardLabels: marking.hardLabels }
      const record = { ...said, version: head, expiredAt, recordedAt: now }
      const written = this.#ring.isTooLong(record) ? { ...record, ...everything } : record
      const ring = this.#ring.add(written, state)
      this.#marks.size = state.marks
      this.#uriMarks.size = state.uriMarks
      const soften = (mark: Mark) => staleMark(mark, head, expiredAt, now)
      const expire = (mark: Mark) => expireMark(mark, head)
      this.#worsen(written.labels, expiredAt === 0 ? expire : soften, now)
      this.#worsen(written.hardLabels, expire, now)
      const sizes = { marks: this.#marks.size, uriMarks: this.#uriMarks.size }
      this.#write({ ...state, ...ring, ...sizes, head, offsetMs: this.#time.offsetMs })
    })
  }

  /** Others have to know how late it is, if the clock has been put forward. */
  shareTime(): void {
    const isBehind = this.#timeOffset() - this.#state().offsetMs > 1
    if (!isBehind) return
    this.#environment.transact(() => this.#write({ ...this.#state(), offsetMs: this.#time.offsetMs }))
  }

  #worsen(labels: readonly string[], change: (mark: Mark) => Mark, now: number): void {
    const isUri = (label: string) => label.startsWith(uriPrefix)
    this.#uriMarks.worsen(labels.filter(isUri), change, now)
    this.#marks.worsen(
      labels.filter((label) => !isUri(label)),
      change,
      now,
    )
  }

  #timeOffset(): number {
    this.#time.now()
    return this.#time.offsetMs
  }

  /** @throws Damaged */
  #state(): State {
    const bytes = this.#environment.get(stateKey)
    const value = bytes && checked(stateKey, bytes)
    if (value === undefined || value.byteLength < stateNumbers * 8)
      throw new Damaged('the state of the ledger is gone')
    return {
      incarnation: value.toString('latin1', stateNumbers * 8),
      head: double(value, 0),
      first: double(value, 1),
      recordBytes: double(value, 2),
      marks: double(value, 3),
      uriMarks: double(value, 4),
      offsetMs: double(value, 5),
      writtenAt: double(value, 6),
    }
  }

  #write({ incarnation, head, first, recordBytes, marks, uriMarks, offsetMs }: State): void {
    const numbers = doubles([head, first, recordBytes, marks, uriMarks, offsetMs, this.#time.now()])
    const value = Buffer.concat([numbers, Buffer.from(incarnation, 'latin1')])
    this.#environment.put(stateKey, withChecksum(stateKey, value))
  }
}
