// Stores that break one rule each, and the case that has to notice.
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type {
  Item,
  LedgerRecord,
  LedgerView,
  Mark,
  Marking,
  Position,
  Stamp,
  StorePort,
} from '@restale/core/store'
import { expireMark, noMark } from '@restale/core/store'
import type { Tell } from './memory-store.ts'
import { MemoryPort, MemoryStore } from './memory-store.ts'

interface Mutant {
  readonly rule: string
  readonly noticedBy: string
  readonly create: () => MemoryStore
}

type Store = new () => MemoryStore

function mutant(noticedBy: string, rule: string, Broken: Store): Mutant {
  return { rule, noticedBy, create: () => new Broken() }
}

export const mutants: readonly Mutant[] = [
  mutant(
    'item-bytes',
    'it keeps bytes as text',
    class extends MemoryStore {
      override put(item: Item) {
        super.put({ ...item, bytes: Buffer.from(Buffer.from(item.bytes).toString()) })
      }
    },
  ),
  mutant(
    'item-window',
    'it keeps the whole buffer of which it was given a part',
    class extends MemoryStore {
      override put(item: Item) {
        super.put({ ...item, bytes: new Uint8Array(item.bytes.buffer) })
      }
    },
  ),
  mutant(
    'item-labels',
    'it keeps 1,000 labels',
    class extends MemoryStore {
      override put(item: Item) {
        super.put({ ...item, labels: item.labels.slice(0, 1_000) })
      }
    },
  ),
  mutant(
    'item-no-labels',
    'it thinks that everything has a label for everything',
    class extends MemoryStore {
      override marksOf(labels: readonly string[]) {
        return super.marksOf([...labels, '*'])
      }
    },
  ),
  mutant(
    'item-absent',
    'it finds nothing in a view of nothing',
    class extends MemoryStore {
      override read(key: string, since: Position) {
        if (this.items.has(key)) return super.read(key, since)
        return { view: { ...this.view(since), head: 0 }, found: undefined }
      }
    },
  ),
  mutant(
    'item-useless',
    'it treats what is of no use as if it were newer than anything',
    class extends MemoryStore {
      override isNewer(held: Stamp | Item, than: Stamp) {
        return super.isNewer(held, than) || ('uselessAt' in held && held.uselessAt < this.now())
      }
    },
  ),
  mutant(
    'key-hostile',
    'it folds the case of keys',
    withKeys((key) => key.toLowerCase()),
  ),
  mutant(
    'key-hostile',
    'it normalises keys',
    withKeys((key) => key.normalize('NFC')),
  ),
  mutant(
    'key-hostile',
    'it ends keys at NUL',
    withKeys((key) => key.split('\0')[0] as string),
  ),
  mutant(
    'key-hostile',
    'it trims keys',
    withKeys((key) => key.trim()),
  ),
  mutant(
    'key-long',
    'it cuts keys',
    withKeys((key) => key.slice(0, 8_192)),
  ),
  mutant(
    'replace-version',
    'it lets what began later replace what has a greater version',
    withOrder((held, than) => held.startedAt > than.startedAt),
  ),
  mutant(
    'replace-version',
    'it compares versions as text',
    withOrder((held, than) => String(held.version) > String(than.version)),
  ),
  mutant(
    'replace-start',
    'it does not look at what began later',
    withOrder((held, than) => held.version > than.version),
  ),
  mutant(
    'replace-start-fraction',
    'it counts in whole milliseconds',
    withOrder(
      (held, than) =>
        held.version > than.version ||
        (held.version === than.version && Math.floor(held.startedAt) > Math.floor(than.startedAt)),
    ),
  ),
  mutant(
    'replace-same',
    'it refuses the same stamp',
    withOrder(
      (held, than) =>
        held.version > than.version || (held.version === than.version && held.startedAt >= than.startedAt),
    ),
  ),
  mutant(
    'replace-labels',
    'it keeps the labels of what was there',
    class extends MemoryStore {
      override put(item: Item) {
        const labels = this.items.get(item.key)?.labels ?? []
        super.put({ ...item, labels: [...labels, ...item.labels] })
      }
    },
  ),
  mutant(
    'replace-other-incarnation',
    'it stores what is of another incarnation',
    class extends MemoryStore {
      override isCurrent() {
        return true
      }
    },
  ),
  mutant(
    'replace-past-incarnation',
    'it compares stamps of different incarnations',
    class extends MemoryStore {
      override isNewer(held: Stamp, than: Stamp) {
        return super.isNewer({ ...held, incarnation: '' }, { ...than, incarnation: '' })
      }
    },
  ),
  mutant(
    'remove-gone',
    'it removes only what is older',
    class extends MemoryStore {
      override remove(key: string, stamp: Stamp, forMs: number) {
        const held = this.items.get(key)
        if (held === undefined || this.isNewer(stamp, held)) super.remove(key, stamp, forMs)
      }
    },
  ),
  mutant(
    'remove-newer',
    'it removes what is newer',
    class extends MemoryStore {
      override remove(key: string, stamp: Stamp, forMs: number) {
        this.items.delete(key)
        super.remove(key, stamp, forMs)
      }
    },
  ),
  mutant(
    'remove-keeps-out',
    'it keeps nothing out',
    class extends MemoryStore {
      override isKeptOut() {
        return false
      }
    },
  ),
  mutant(
    'remove-for-a-while',
    'it keeps out for ever',
    class extends MemoryStore {
      override keepOut(id: string, stamp: Stamp) {
        super.keepOut(id, stamp, Number.POSITIVE_INFINITY)
      }
    },
  ),
  mutant(
    'remove-again',
    'it lets in when the last removal ends',
    class extends MemoryStore {
      override keepOut(id: string, stamp: Stamp, until: number) {
        this.tombstones.delete(id)
        super.keepOut(id, stamp, until)
      }
    },
  ),
  mutant(
    'record-versions',
    'it skips a version',
    class extends MemoryStore {
      override nextVersion() {
        return this.head + 2
      }
    },
  ),
  mutant(
    'record-view',
    'it answers with the view from before',
    class extends MemoryStore {
      override record(marking: Marking, since: Position) {
        const view = this.view(since)
        super.record(marking, since)
        return view
      }
    },
  ),
  mutant(
    'record-view',
    'it takes what has no deadline for hard',
    class extends MemoryStore {
      override expiredAt(expireInMs: number, now: number) {
        return Number.isFinite(expireInMs) ? super.expiredAt(expireInMs, now) : 0
      }
    },
  ),
  mutant(
    'record-seen',
    'it tells only its own port what was recorded',
    class extends MemoryStore {
      override port() {
        const own = new Set<string>()
        const isOwn = ({ id }: LedgerRecord) => own.has(id)
        const record = (marking: Marking, since: Position) => {
          own.add(marking.id)
          return this.record(marking, since) as LedgerView
        }
        const sync = (since: Position) => {
          const view = this.view(since)
          return { ...view, records: view.records?.filter(isOwn) }
        }
        return Object.assign(super.port(), { record, sync })
      }
    },
  ),
  mutant(
    'record-since',
    'it gives records from the last one on',
    withRecords((records) => records.toReversed()),
  ),
  mutant(
    'record-since',
    'it gives no more than ten records',
    withRecords((records) => records.slice(0, 10)),
  ),
  mutant(
    'record-since-elsewhere',
    'it takes any position for one of its own',
    class extends MemoryStore {
      override recordsAfter({ version }: Position) {
        return super.recordsAfter({ incarnation: this.incarnation, version })
      }
    },
  ),
  mutant(
    'record-nothing',
    'it does not record a marking of nothing',
    class extends MemoryStore {
      override enter(marking: Marking, version: number) {
        if (marking.labels.length + marking.hardLabels.length > 0) super.enter(marking, version)
      }
    },
  ),
  mutant(
    'record-labels',
    'it keeps each label once, in an object',
    withRecords((records) =>
      records.map((record) => ({
        ...record,
        labels: Object.keys(Object.fromEntries(record.labels.map((label) => [label, true]))),
      })),
    ),
  ),
  mutant(
    'record-many-labels',
    'it records 5,000 labels',
    withRecords((records) => records.map((record) => ({ ...record, labels: record.labels.slice(0, 5_000) }))),
  ),
  mutant(
    'mark-none',
    'it marks what a label is the beginning of',
    class extends MemoryStore {
      override marksOf(labels: readonly string[]) {
        const isMarked = ([marked]: [string, Mark]) => labels.some((label) => label.startsWith(marked))
        return [...this.marks].filter(isMarked).map(([, mark]) => mark)
      }
    },
  ),
  mutant(
    'mark-hard',
    'it gives the marks as they were when the item was written',
    class extends MemoryStore {
      readonly #then = new Map<string, Mark[]>()
      override put(item: Item) {
        super.put(item)
        this.#then.set(item.labels.join(), this.marksOf(item.labels))
      }
      override marksOf(labels: readonly string[]) {
        return this.#then.get(labels.join()) ?? super.marksOf(labels)
      }
    },
  ),
  mutant(
    'mark-soft',
    'it forgets deadlines',
    withMarks((mark) => ({ ...mark, deadlines: [] })),
  ),
  mutant(
    'mark-soft',
    'it expires at once what has a deadline',
    withMarks((mark) => ({ ...mark, expiredBefore: Math.max(mark.expiredBefore, mark.staleBefore) })),
  ),
  mutant(
    'mark-endless',
    'it takes what has no deadline for nothing',
    withMarks((mark) => (mark.deadlines.length === 0 ? { ...mark, staleBefore: 0 } : mark)),
  ),
  mutant(
    'mark-hard-labels',
    'it lets labels win over hard labels',
    class extends MemoryStore {
      override enter(marking: Marking, version: number) {
        const hardLabels = marking.hardLabels.filter((label) => !marking.labels.includes(label))
        super.enter({ ...marking, hardLabels }, version)
      }
    },
  ),
  mutant(
    'mark-older-only',
    'it marks what begins after',
    withMarks((mark) => ({ ...mark, expiredBefore: mark.expiredBefore + 1 })),
  ),
  mutant(
    'mark-worsens',
    'it lets the last marking of a label win',
    class extends MemoryStore {
      override worsen(label: string, change: (mark: Mark) => Mark) {
        super.worsen(label, () => change(noMark))
      }
    },
  ),
  mutant(
    'mark-each-label',
    'it keeps marks in a plain object',
    class extends MemoryStore {
      override marksOf(labels: readonly string[]) {
        const marks: Record<string, Mark> = {}
        for (const [label, mark] of this.marks) marks[label] = mark
        return labels.flatMap((label) => (Object.hasOwn(marks, label) ? (marks[label] ?? []) : []))
      }
    },
  ),
  mutant(
    'mark-many-labels',
    'it marks 5,000 labels',
    class extends MemoryStore {
      override enter(marking: Marking, version: number) {
        super.enter({ ...marking, labels: marking.labels.slice(0, 5_000) }, version)
      }
    },
  ),
  mutant(
    'history-exact',
    'it expires with the earliest deadline what came with a later one',
    withMarks((mark) => {
      const [first] = mark.deadlines
      const last = mark.deadlines.at(-1)
      return first && last ? { ...mark, deadlines: [{ before: last.before, at: first.at }] } : mark
    }),
  ),
  mutant(
    'history-never-better',
    'it keeps two deadlines, and drops the others',
    withMarks((mark) => ({ ...mark, deadlines: mark.deadlines.slice(-2) })),
  ),
  mutant(
    'race-record',
    'it reads the head first, and writes it later',
    class extends MemoryStore {
      override async record(marking: Marking, since: Position) {
        const version = this.nextVersion()
        await pause()
        this.enter(marking, version)
        return this.view(since)
      }
    },
  ),
  mutant(
    'race-mark',
    'it reads the mark first, and writes it later',
    class extends MemoryStore {
      override async record(marking: Marking, since: Position) {
        const before = new Map(this.marks)
        const view = super.record(marking, since)
        const mark = this.marks
        this.marks = before
        await pause()
        this.marks = mark
        return view
      }
    },
  ),
  mutant(
    'race-write',
    'it looks first, and writes later',
    class extends MemoryStore {
      override async write(item: Item) {
        const held = this.items.get(item.key)
        if (!this.isCurrent(item) || (held !== undefined && this.isNewer(held, item))) return false
        await pause()
        this.put(item)
        return true
      }
    },
  ),
  mutant(
    'race-read',
    'it gives marks of a moment before the view',
    class extends MemoryStore {
      override async read(key: string, since: Position) {
        const { found } = await super.read(key, since)
        await pause()
        return { view: this.view(since), found }
      }
    },
  ),
  mutant(
    'race-read',
    'it gives marks of a moment after the view',
    class extends MemoryStore {
      override async read(key: string, since: Position) {
        const view = this.view(since)
        await pause()
        const { found } = await super.read(key, since)
        return { view, found }
      }
    },
  ),
  mutant(
    'peek-at-once',
    'it peeks at what it has heard of a moment ago',
    class extends MemoryStore {
      override port() {
        return new (class extends MemoryPort {
          #seen = super.peek()
          override peek() {
            const seen = this.#seen
            this.#seen = super.peek()
            return seen
          }
        })(this)
      }
    },
  ),
  mutant(
    'peek-incarnation',
    'it looks for the incarnation once',
    class extends MemoryStore {
      readonly #first = this.incarnation
      override peek() {
        return { incarnation: this.#first, version: this.head }
      }
    },
  ),
  mutant(
    'watch-prompt',
    'it tells after 400 ms',
    withTelling((tell) => setTimeout(tell, 400)),
  ),
  mutant(
    'watch-contiguous',
    'it tells of the last record only',
    class extends MemoryStore {
      override watch(since: Position, onView: (view: LedgerView) => void) {
        return super.watch(since, (view) => onView({ ...view, records: view.records?.slice(-1) }))
      }
    },
  ),
  mutant(
    'watch-contiguous',
    'it tells only of what comes after it began to watch',
    class extends MemoryStore {
      override watch(_: Position, onView: (view: LedgerView) => void) {
        return super.watch(this.peek(), onView)
      }
    },
  ),
  mutant(
    'watch-ends',
    'it watches without end',
    class extends MemoryStore {
      override listen(tell: Tell) {
        super.listen(tell)
        return () => {}
      }
    },
  ),
  mutant(
    'watch-incarnation',
    'it watches one incarnation',
    class extends MemoryStore {
      override watch(since: Position, onView: (view: LedgerView) => void) {
        return super.watch(since, (view) => view.incarnation === since.incarnation && onView(view))
      }
    },
  ),
  mutant(
    'tell-offered',
    'its ports tell nobody of anything',
    class extends MemoryStore {
      override port(): StorePort {
        return Object.assign(super.port(), { peek: undefined, watch: undefined }) as unknown as StorePort
      }
    },
  ),
  mutant(
    'forget-marks',
    'it forgets marks without a trace',
    class extends MemoryStore {
      override raiseFloor() {}
    },
  ),
  mutant(
    'forget-nothing-new',
    'it marks more than it forgets',
    class extends MemoryStore {
      override raiseFloor() {
        super.raiseFloor(expireMark(noMark, this.head + 1_000))
      }
    },
  ),
  mutant(
    'forget-records',
    'it gives the records that it still has',
    class extends MemoryStore {
      override recordsAfter({ incarnation, version }: Position) {
        if (incarnation !== this.incarnation) return undefined
        return this.records.filter((record) => record.version > version)
      }
    },
  ),
  mutant(
    'forget-too-much',
    'it refuses a marking that is long',
    class extends MemoryStore {
      override record(marking: Marking, since: Position) {
        if (marking.labels.length > 50_000) throw new Error('too long')
        return super.record(marking, since)
      }
    },
  ),
  mutant(
    'incarnation-shared',
    'each port has an incarnation of its own',
    class extends MemoryStore {
      override port() {
        const incarnation = randomUUID()
        const sync = (since: Position) => ({ ...this.view(since), incarnation })
        return Object.assign(super.port(), { sync })
      }
    },
  ),
  mutant(
    'incarnation-kept',
    'it begins anew for a position that it does not know',
    class extends MemoryStore {
      override sync(since: Position) {
        if (since.version > this.head) this.begin()
        return this.view(since)
      }
    },
  ),
  mutant(
    'incarnation-new',
    'it does not mind that it has lost something',
    class extends MemoryStore {
      override begin() {}
    },
  ),
  mutant(
    'incarnation-goes-on',
    'it has two incarnations, in turn',
    class extends MemoryStore {
      override begin() {
        super.begin()
        this.#turn++
        this.incarnation = `incarnation ${this.#turn % 2}`
      }
      #turn = 0
    },
  ),
  mutant(
    'time-forward',
    'its ports have clocks of their own',
    class extends MemoryStore {
      #ports = 0
      override port() {
        const laterMs = 100 * this.#ports++
        const sync = (since: Position) => ({ ...this.view(since), now: this.now() - laterMs })
        return Object.assign(super.port(), { sync })
      }
    },
  ),
  mutant(
    'time-incarnation',
    'its time begins anew with each incarnation',
    class extends MemoryStore {
      #laterMs = 0
      override begin() {
        super.begin()
        this.#laterMs = 1_000
      }
      override now() {
        return super.now() - this.#laterMs
      }
    },
  ),
  mutant(
    'time-passes',
    'it counts in seconds',
    class extends MemoryStore {
      override now() {
        return super.now() / 1_000
      }
    },
  ),
  mutant(
    'close-later-calls',
    'it answers when it is closed',
    class extends MemoryStore {
      override port() {
        return Object.assign(super.port(), { close: () => {} })
      }
    },
  ),
  mutant(
    'close-later-calls',
    'it never answers when it is closed',
    class extends MemoryStore {
      override port() {
        const port = super.port()
        let isClosed = false
        const close = () => {
          isClosed = true
        }
        const read = (key: string, since: Position) =>
          isClosed ? new Promise<never>(() => {}) : this.read(key, since)
        return Object.assign(port, { close, read })
      }
    },
  ),
  mutant(
    'close-twice',
    'it cannot be closed twice',
    class extends MemoryStore {
      override port() {
        return new (class extends MemoryPort {
          override close() {
            this.peek()
            super.close()
          }
        })(this)
      }
    },
  ),
  mutant(
    'close-others',
    'it clears what all share when one is closed',
    class extends MemoryStore {
      override port() {
        return Object.assign(super.port(), { close: () => this.items.clear() })
      }
    },
  ),
  mutant(
    'close-watch',
    'it goes on watching when it is closed',
    class extends MemoryStore {
      override port() {
        const watch: StorePort['watch'] = (since, onView) => this.watch(since, onView)
        return Object.assign(super.port(), { watch })
      }
    },
  ),
]

function withKeys(keyOf: (key: string) => string): Store {
  return class extends MemoryStore {
    override keyOf = keyOf
  }
}

function withOrder(isNewer: (held: Stamp, than: Stamp) => boolean): Store {
  return class extends MemoryStore {
    override isNewer = isNewer
  }
}

function withRecords(change: (records: readonly LedgerRecord[]) => readonly LedgerRecord[]): Store {
  return class extends MemoryStore {
    override recordsAfter(since: Position) {
      const records = super.recordsAfter(since)
      return records && change(records)
    }
  }
}

function withMarks(change: (mark: Mark) => Mark): Store {
  return class extends MemoryStore {
    override marksOf(labels: readonly string[]) {
      return super.marksOf(labels).map(change)
    }
  }
}

function withTelling(later: (tell: Tell) => unknown): Store {
  return class extends MemoryStore {
    override listen(tell: Tell) {
      return super.listen(() => later(tell))
    }
  }
}
