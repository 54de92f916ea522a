import type { Item, LedgerView, Marking, Position, ReadReply, Stamp, StorePort } from '@restale/core/store'
import type { StoredItem } from './entries.ts'
import { Folder } from './folder.ts'
import type { Generation } from './generation.ts'
import type { LedgerLimits } from './ledger.ts'
import { StoreTime } from './store-time.ts'

export interface PortOptions {
  readonly path: string
  readonly maxBytes: number
  readonly limits?: LedgerLimits
  /** What the ledger takes with all of that in it. */
  readonly ledgerBytes?: number
  /** The wall clock, in epoch milliseconds. */
  readonly wall?: () => number
}

const mebibyte = 1024 * 1024
const defaultLimits: LedgerLimits = {
  marks: 100_000,
  uriMarks: 10_000,
  records: 10_000,
  recordBytes: 8 * mebibyte,
}
const defaultLedgerBytes = 64 * mebibyte
/** Of memory that is only reserved. */
const leastMapBytes = 1024 * mebibyte

/** The store of one cache, on the folder of the process. */
export class LmdbPort implements StorePort {
  readonly #options: PortOptions
  #opened: Folder | undefined
  #isClosed = false

  /** Opens nothing yet: what fails then fails a question, and nothing else. */
  constructor(options: PortOptions) {
    this.#options = options
  }

  peek(): Position {
    return this.#folder.read(({ ledger }) => {
      ledger.refresh()
      return ledger.peek()
    })
  }

  read(key: string, since: Position): ReadReply {
    return this.#folder.read(({ entries, ledger }) => {
      // In this order: what is found must not be newer than what the ledger says.
      const item = entries.read(key)
      ledger.refresh()
      const view = ledger.view(since)
      const isFound = item !== undefined && !item.isTombstone && item.incarnation === view.incarnation
      return { view, found: isFound ? foundOf(item, ledger) : undefined }
    })
  }

  write(item: Item): boolean {
    return this.#folder.write(({ entries, ledger }) => {
      ledger.refresh()
      if (ledger.peek().incarnation !== item.incarnation) return false
      return entries.write(item, ledger.now(), this.#options.maxBytes)
    })
  }

  remove(key: string, stamp: Stamp, forMs: number): void {
    this.#folder.write(({ entries, ledger }) => {
      ledger.refresh()
      if (ledger.peek().incarnation !== stamp.incarnation) return
      const now = ledger.now()
      entries.remove(key, stamp, now + forMs, now, this.#options.maxBytes)
    })
  }

  record(marking: Marking, since: Position): LedgerView {
    return this.#folder.write(({ ledger }) => {
      ledger.record(marking)
      ledger.refresh()
      return ledger.view(since)
    })
  }

  sync(since: Position): LedgerView {
    const folder = this.#folder
    const view = (generation: Generation) => {
      generation.ledger.refresh()
      generation.ledger.shareTime()
      const now = generation.ledger.view(since)
      return {
        generation,
        view: now,
        isOlder: now.incarnation === since.incarnation && now.head < since.version,
      }
    }
    const seen = folder.write(view)
    if (!seen.isOlder) return seen.view
    folder.renew(seen.generation)
    return folder.write(view).view
  }

  close(): void {
    this.#isClosed = true
    this.#opened?.close()
    this.#opened = undefined
  }

  get #folder(): Folder {
    if (this.#isClosed) throw new Error('The store is closed')
    const { path, maxBytes, limits = defaultLimits, wall = Date.now } = this.#options
    const { ledgerBytes = defaultLedgerBytes } = this.#options
    const entriesMapBytes = Math.max(2 * maxBytes, leastMapBytes)
    this.#opened ??= Folder.of(path, { time: new StoreTime(wall), limits, ledgerBytes, entriesMapBytes })
    return this.#opened
  }
}

function foundOf({ bytes, version, labels }: StoredItem, ledger: Generation['ledger']): ReadReply['found'] {
  return { bytes, version, marks: ledger.marksOf(labels) }
}
