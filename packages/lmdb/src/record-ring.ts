import { Buffer } from 'node:buffer'
import type { LedgerRecord } from '@restale/core/store'
import { putBlob, readBlob, removeBlob } from './blob.ts'
import { Damaged } from './checked.ts'
import type { Environment } from './environment.ts'
import { numberKey } from './numbers.ts'

/** What is there, as the ledger keeps it. */
interface Extent {
  /** The version of the first record. */
  readonly first: number
  readonly recordBytes: number
}

const prefix = 'r'.charCodeAt(0)
/** A record may have that much of the space of all. */
const longestShare = 1 / 4

/** The last records, bounded in number and in bytes. */
export class RecordRing {
  readonly #environment: Environment
  readonly #maxRecords: number
  readonly #maxBytes: number

  constructor(environment: Environment, maxRecords: number, maxBytes: number) {
    this.#environment = environment
    this.#maxRecords = maxRecords
    this.#maxBytes = maxBytes
  }

  isTooLong({ labels, hardLabels }: LedgerRecord): boolean {
    const space = (texts: readonly string[]) => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
    return space(labels) + space(hardLabels) > this.#maxBytes * longestShare
  }

  /** Within a transaction. Forgets the oldest where there is no room. */
  add(record: LedgerRecord, { first, recordBytes }: Extent): Extent {
    const { version, ...rest } = record
    const key = numberKey(prefix, version)
    // `Infinity` is no JSON.
    const expiredAt = Number.isFinite(rest.expiredAt) ? rest.expiredAt : null
    const content = Buffer.from(JSON.stringify({ ...rest, expiredAt }))
    putBlob(this.#environment, key, [content])
    const extent = { first, recordBytes: recordBytes + content.byteLength }
    while (version - extent.first + 1 > this.#maxRecords || extent.recordBytes > this.#maxBytes) {
      extent.recordBytes -= this.#forget(extent.first)
      extent.first++
    }
    return extent
  }

  read(first: number, last: number): LedgerRecord[] {
    return Array.from({ length: last - first + 1 }, (_, index) => this.#read(first + index))
  }

  #read(version: number): LedgerRecord {
    const { expiredAt, ...rest } = JSON.parse(this.#content(version).toString())
    return { version, expiredAt: expiredAt ?? Number.POSITIVE_INFINITY, ...rest }
  }

  #forget(version: number): number {
    const { byteLength } = this.#content(version)
    removeBlob(this.#environment, numberKey(prefix, version))
    return byteLength
  }

  #content(version: number): Buffer {
    const content = readBlob(this.#environment, numberKey(prefix, version))
    if (content === undefined) throw new Damaged('a record is gone')
    return content
  }
}
