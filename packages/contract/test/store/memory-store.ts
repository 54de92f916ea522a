// A store in this process, as simple as the port allows. Each method is one to be broken: see `mutants.ts`.
import { randomUUID } from 'node:crypto'
import type {
  Item,
  LedgerRecord,
  LedgerView,
  Mark,
  Marking,
  MaybePromise,
  Position,
  ReadReply,
  Stamp,
  StorePort,
} from '@restale/core/store'
import { expireMark, joinMarks, noMark, staleMark } from '@restale/core/store'

/** What is there in the place of what was removed. */
export interface Tombstone extends Stamp {
  /** The store's time until which what is older is kept out. */
  readonly until: number
}

/** What one watch does with the news that there is some. */
export type Tell = () => void

export class MemoryStore {
  readonly maxMarks = 15_000
  readonly maxRecords = 500
  readonly items = new Map<string, Item>()
  readonly tombstones = new Map<string, Tombstone>()
  readonly watches = new Set<Tell>()
  /** The one that was marked longest ago comes first. */
  marks = new Map<string, Mark>()
  /** Of everything: what was forgotten. */
  floor = noMark
  incarnation: string = randomUUID()
  head = 0
  records: LedgerRecord[] = []
  #latest = 0

  /** Never steps back. */
  now(): number {
    this.#latest = Math.max(this.#latest, Date.now())
    return this.#latest
  }

  keyOf(key: string): string {
    return key
  }

  view(since: Position): LedgerView {
    const { incarnation, head } = this
    return { incarnation, head, records: this.recordsAfter(since), now: this.now() }
  }

  recordsAfter({ incarnation, version }: Position): readonly LedgerRecord[] | undefined {
    const oldest = this.records[0]?.version ?? this.head + 1
    if (incarnation !== this.incarnation || version < oldest - 1 || version > this.head) return undefined
    return this.records.filter((record) => record.version > version)
  }

  read(key: string, since: Position): MaybePromise<ReadReply> {
    const view = this.view(since)
    const item = this.items.get(this.keyOf(key))
    if (item === undefined || !this.isCurrent(item)) return { view, found: undefined }
    const { bytes, version } = item
    return { view, found: { bytes: bytes.slice(), version, marks: this.marksOf(item.labels) } }
  }

  marksOf(labels: readonly string[]): Mark[] {
    const marks = labels.flatMap((label) => this.marks.get(label) ?? [])
    return this.floor === noMark ? marks : [this.floor, ...marks]
  }

  write(item: Item): MaybePromise<boolean> {
    if (!this.isCurrent(item) || this.isKeptOut(item)) return false
    const held = this.items.get(this.keyOf(item.key))
    if (held !== undefined && this.isNewer(held, item)) return false
    this.put(item)
    return true
  }

  put(item: Item): void {
    this.items.set(this.keyOf(item.key), { ...item, bytes: item.bytes.slice() })
  }

  remove(key: string, stamp: Stamp, forMs: number): MaybePromise<void> {
    const id = this.keyOf(key)
    const held = this.items.get(id)
    if (held !== undefined && this.isNewer(held, stamp)) return
    this.items.delete(id)
    this.keepOut(id, stamp, this.now() + forMs)
  }

  /** The later of two ends, and the newer of two stamps. */
  keepOut(id: string, { incarnation, version, startedAt }: Stamp, until: number): void {
    const stamp = { incarnation, version, startedAt, until }
    const held = this.tombstones.get(id)
    const isOver = held === undefined || held.until <= this.now() || held.incarnation !== incarnation
    if (isOver) this.tombstones.set(id, stamp)
    else {
      const newer = this.isNewer(held, stamp) ? held : stamp
      this.tombstones.set(id, { ...newer, until: Math.max(held.until, until) })
    }
  }

  isKeptOut(item: Item): boolean {
    const held = this.tombstones.get(this.keyOf(item.key))
    return held !== undefined && held.until > this.now() && this.isNewer(held, item)
  }

  isCurrent({ incarnation }: Stamp): boolean {
    return incarnation === this.incarnation
  }

  isNewer(held: Stamp, than: Stamp): boolean {
    if (held.incarnation !== than.incarnation) return false
    return held.version > than.version || (held.version === than.version && held.startedAt > than.startedAt)
  }

  record(marking: Marking, since: Position): MaybePromise<LedgerView> {
    this.enter(marking, this.nextVersion())
    return this.view(since)
  }

  nextVersion(): number {
    return this.head + 1
  }

  enter({ id, labels, hardLabels, expireInMs }: Marking, version: number): void {
    const recordedAt = this.now()
    const expiredAt = this.expiredAt(expireInMs, recordedAt)
    const soften = (mark: Mark) => staleMark(mark, version, expiredAt, recordedAt)
    const expire = (mark: Mark) => expireMark(mark, version)
    for (const label of labels) this.worsen(label, expiredAt === 0 ? expire : soften)
    for (const label of hardLabels) this.worsen(label, expire)
    this.head = version
    this.records.push({ id, labels, hardLabels, version, expiredAt, recordedAt })
    this.forget()
    for (const tell of this.watches) tell()
  }

  expiredAt(expireInMs: number, now: number): number {
    return expireInMs > 0 ? now + expireInMs : 0
  }

  worsen(label: string, change: (mark: Mark) => Mark): void {
    const mark = change(this.marks.get(label) ?? noMark)
    this.marks.delete(label)
    this.marks.set(label, mark)
  }

  /** The oldest of what is too much: its records, and its marks into the floor. */
  forget(): void {
    this.records.splice(0, this.records.length - this.maxRecords)
    for (const [label, mark] of this.marks) {
      if (this.marks.size <= this.maxMarks) return
      this.marks.delete(label)
      this.raiseFloor(mark)
    }
  }

  raiseFloor({ staleBefore, expiredBefore }: Mark): void {
    const version = Math.max(staleBefore, expiredBefore)
    this.floor = joinMarks(this.floor, expireMark(noMark, version))
  }

  sync(since: Position): MaybePromise<LedgerView> {
    if (since.incarnation === this.incarnation && since.version > this.head) this.begin()
    return this.view(since)
  }

  /** A new incarnation, that knows nothing of the one before. */
  begin(): void {
    this.incarnation = randomUUID()
    this.head = 0
    this.records = []
    this.marks = new Map()
    this.floor = noMark
    for (const tell of this.watches) tell()
  }

  peek(): Position {
    return { incarnation: this.incarnation, version: this.head }
  }

  watch(since: Position, onView: (view: LedgerView) => void): () => void {
    let position = since
    const tell = () => {
      const view = this.view(position)
      position = { incarnation: view.incarnation, version: view.head }
      onView(view)
    }
    const stop = this.listen(tell)
    if (since.version < this.head) tell()
    return stop
  }

  /** `tell` is called soon after there is news, until the returned function is called. */
  listen(tell: Tell): () => void {
    let isOver = false
    const later = () => queueMicrotask(() => isOver || tell())
    this.watches.add(later)
    return () => {
      isOver = true
      this.watches.delete(later)
    }
  }

  port(): StorePort {
    return new MemoryPort(this)
  }
}

/** Many on one store, each with what it has opened itself. */
export class MemoryPort implements StorePort {
  readonly #store: MemoryStore
  readonly #stops = new Set<() => void>()
  #isClosed = false

  constructor(store: MemoryStore) {
    this.#store = store
  }

  protected get store(): MemoryStore {
    if (this.#isClosed) throw new Error('The port is closed')
    return this.#store
  }

  read(key: string, since: Position): MaybePromise<ReadReply> {
    return this.store.read(key, since)
  }

  write(item: Item): MaybePromise<boolean> {
    return this.store.write(item)
  }

  remove(key: string, stamp: Stamp, forMs: number): MaybePromise<void> {
    return this.store.remove(key, stamp, forMs)
  }

  record(marking: Marking, since: Position): MaybePromise<LedgerView> {
    return this.store.record(marking, since)
  }

  sync(since: Position): MaybePromise<LedgerView> {
    return this.store.sync(since)
  }

  peek(): Position {
    return this.store.peek()
  }

  watch(since: Position, onView: (view: LedgerView) => void): () => void {
    const stop = this.store.watch(since, onView)
    this.#stops.add(stop)
    return stop
  }

  close(): void {
    this.#isClosed = true
    for (const stop of this.#stops) stop()
  }
}
