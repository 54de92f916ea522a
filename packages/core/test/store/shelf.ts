// A store in this process that several caches share, as processes share a server: with answers that can be held back.
import type { Mark } from '../../src/state/mark.ts'
import { expireMark, noMark, staleMark } from '../../src/state/mark.ts'
import type {
  Item,
  LedgerRecord,
  LedgerView,
  Marking,
  Position,
  ReadReply,
  Stamp,
  StorePort,
} from '../../src/store/port.ts'

type Method = 'read' | 'write' | 'remove' | 'record' | 'sync'

export class Shelf {
  readonly items = new Map<string, Item | Stamp>()
  incarnation = 'incarnation-1'
  records: LedgerRecord[] = []
  marks = new Map<string, Mark>()
  /** Its own clock, apart from those of the caches; one that goes along with another is `clock`. */
  now = 5_000_000
  readonly #clock: { now(): number }
  /** How often each method was called. */
  readonly calls: Record<Method, number> = { read: 0, write: 0, remove: 0, record: 0, sync: 0 }
  /** Called before each answer of an asynchronous port goes back. */
  hold: (method: Method) => Promise<void> | void = () => {}
  /** Called before anything is done. */
  before: (method: Method) => void = () => {}
  readonly #watchers = new Set<() => void>()

  constructor(clock?: { now(): number }) {
    this.#clock = clock ?? { now: () => this.now }
  }

  get head(): number {
    return this.records.at(-1)?.version ?? 0
  }

  forget(): void {
    this.incarnation = `incarnation-${Number(this.incarnation.split('-')[1]) + 1}`
    this.records = []
    this.marks.clear()
  }

  view(since: Position): LedgerView {
    const isKnown = since.incarnation === this.incarnation
    const records = isKnown ? this.records.filter(({ version }) => version > since.version) : undefined
    return { incarnation: this.incarnation, head: this.head, records, now: this.#clock.now() }
  }

  record({ id, labels, hardLabels, expireInMs }: Marking, { isTold = true } = {}): void {
    const version = this.head + 1
    const expiredAt = expireInMs <= 0 ? 0 : this.#clock.now() + expireInMs
    for (const label of labels) {
      const mark = this.marks.get(label) ?? noMark
      const joined =
        expiredAt === 0 ? expireMark(mark, version) : staleMark(mark, version, expiredAt, this.#clock.now())
      this.marks.set(label, joined)
    }
    for (const label of hardLabels)
      this.marks.set(label, expireMark(this.marks.get(label) ?? noMark, version))
    this.records.push({ id, labels, hardLabels, version, expiredAt, recordedAt: this.#clock.now() })
    if (isTold) for (const tell of this.#watchers) tell()
  }

  read(key: string, since: Position): ReadReply {
    const item = this.items.get(key)
    const view = this.view(since)
    if (item === undefined || !('bytes' in item) || item.incarnation !== this.incarnation)
      return { view, found: undefined }
    const marks = item.labels.flatMap((label) => this.marks.get(label) ?? [])
    return { view, found: { bytes: item.bytes, version: item.version, marks } }
  }

  put(key: string, item: Item | Stamp): boolean {
    const held = this.items.get(key)
    if (item.incarnation !== this.incarnation) return false
    if (held?.incarnation === this.incarnation && isNewer(held, item)) return false
    this.items.set(key, item)
    return true
  }

  /** As LMDB: it answers at once. */
  near(): StorePort {
    const call = <T>(method: Method, act: () => T): T => {
      this.calls[method]++
      this.before(method)
      return act()
    }
    return {
      read: (key, since) => call('read', () => this.read(key, since)),
      write: (item) => call('write', () => this.put(item.key, item)),
      remove: (key, stamp) => void call('remove', () => this.put(key, stamp)),
      record: (marking, since) => {
        call('record', () => this.record(marking))
        return this.view(since)
      },
      sync: (since) => call('sync', () => this.view(since)),
      peek: () => ({ incarnation: this.incarnation, version: this.head }),
      close: () => {},
    }
  }

  /** As Redis: each answer takes a while. */
  far({ isWatching = true } = {}): StorePort {
    const port = this.near()
    const later = async <T>(method: Method, answer: () => T): Promise<T> => {
      const given = answer()
      await this.hold(method)
      return given
    }
    const watch: StorePort['watch'] = (since, onView) => {
      let at = since
      const tell = () => {
        const view = this.view(at)
        at = { incarnation: view.incarnation, version: view.head }
        queueMicrotask(() => onView(view))
      }
      this.#watchers.add(tell)
      return () => this.#watchers.delete(tell)
    }
    return {
      read: (key, since) => later('read', () => port.read(key, since) as ReadReply),
      write: (item) => later('write', () => port.write(item) as boolean),
      remove: (key, stamp, forMs) => later('remove', () => port.remove(key, stamp, forMs) as undefined),
      record: (marking, since) => later('record', () => port.record(marking, since) as LedgerView),
      sync: (since) => later('sync', () => port.sync(since) as LedgerView),
      close: () => {},
      ...(isWatching ? { watch } : {}),
    }
  }
}

function isNewer(held: Stamp, item: Stamp): boolean {
  return held.version > item.version || (held.version === item.version && held.startedAt > item.startedAt)
}
