import { Buffer } from 'node:buffer'
import type { Item, Stamp } from '@restale/core/store'
import { blobSpace, glanceBlob, putBlob, readBlob, removeBlob } from './blob.ts'
import { checked, Damaged, withChecksum } from './checked.ts'
import { digestBytes, digest as sha256 } from './digest.ts'
import type { Environment } from './environment.ts'
import type { LabelDigests } from './ledger.ts'
import { double, doubles, numberKey } from './numbers.ts'

/** What lies under a key, without the labels themselves. */
export interface StoredItem extends Stamp {
  readonly key: string
  readonly uselessAt: number
  /** Nothing, but what keeps out what is older. */
  readonly isTombstone: boolean
  readonly labels: LabelDigests
  readonly bytes: Buffer
}

/** The file is full, and what was to be written is not. */
class Full extends Error {}

/** What comes first, so that it can be known without reading all of it. */
interface Head extends Omit<Stamp, 'incarnation'> {
  readonly uselessAt: number
  /** Its place among all items, by when they were written; 0 for a tombstone, which has none. */
  readonly place: number
  readonly incarnationBytes: number
  readonly keyBytes: number
  readonly uriLabels: number
  readonly otherLabels: number
}

const headBytes = 8 * 8
const itemPrefix = 'i'.charCodeAt(0)
const placePrefix = 'p'.charCodeAt(0)
const uselessPrefix = 'x'.charCodeAt(0)
const numberBytes = 8
const counterKey = Buffer.from('c')
const noBytes = Buffer.alloc(0)
const uriPrefix = 'u:'

/** What lies under one key may take so much of the cap. */
const largestShare = 1 / 2
/** What can be read takes no more of the cap than this: the rest is for what is freed, and cannot be used yet. */
const usedShare = 0.85
/** The file never takes more of the cap. */
const fileShare = 1.1
/** Copies of the pages that lead to what is written, in pages. */
const pagesBeside = 24
const maxTries = 3

/**
 * What is stored under keys, in a file that stays below its cap. Useless items go first, then those that were written
 * longest ago; tombstones last.
 */
export class Entries {
  readonly #environment: Environment
  readonly #digest: (key: string) => Buffer

  constructor(environment: Environment, digest: (key: string) => Buffer = sha256) {
    this.#environment = environment
    this.#digest = digest
  }

  /** What is torn, or of another key with the same digest, is not there. */
  read(key: string): StoredItem | undefined {
    const id = itemKey(this.#digest(key))
    this.#environment.refresh()
    try {
      const content = readBlob(this.#environment, id)
      const item = content && itemOf(content)
      return item?.key === key ? item : undefined
    } catch (error) {
      if (error instanceof Damaged) return undefined
      throw error
    } finally {
      // What is being read cannot be overwritten: nobody has to wait for that until the end of this turn.
      this.#environment.refresh()
    }
  }

  /** `now` by the store's time, `maxBytes` of the file. */
  write(item: Item, now: number, maxBytes: number): boolean {
    const parts = partsOf(item)
    const length = parts.reduce((sum, part) => sum + part.byteLength, headBytes)
    const space = blobSpace(this.#environment, length)
    if (space > maxBytes * largestShare) return false
    if (isNewer(this.read(item.key), item, now)) return false
    const needed = space + pagesBeside * this.#environment.pageSize
    return this.#inRoom(needed, now, maxBytes, () => {
      const place = this.#nextPlace()
      const digest = this.#digest(item.key)
      this.#put(digest, item, place, parts)
      this.#environment.put(numberKey(placePrefix, place), digest)
    })
  }

  /** Nothing older than the stamp is written `until` then, by the store's time. */
  remove(key: string, stamp: Stamp, until: number, now: number, maxBytes: number): void {
    const found = this.read(key)
    const isKept = isNewer(found, stamp, now)
    if (isKept && !found?.isTombstone) return
    const latest = isKept && found !== undefined ? found : stamp
    const isExtended = found?.isTombstone && found.incarnation === stamp.incarnation
    const uselessAt = isExtended ? Math.max(until, found.uselessAt) : until
    const { incarnation, version, startedAt } = latest
    const tombstone = { key, incarnation, version, startedAt, uselessAt, labels: [], bytes: noBytes }
    const needed = pagesBeside * this.#environment.pageSize
    const isDone = this.#inRoom(needed, now, maxBytes, () => {
      this.#put(this.#digest(key), tombstone, 0, partsOf(tombstone))
    })
    if (!isDone) throw new Full('there is no room to keep out what is older')
  }

  #put(digest: Buffer, item: Item, place: number, parts: ItemParts): void {
    this.#drop(digest)
    const uselessAt = wholeNumber(item.uselessAt)
    const [incarnation, key, uris, others] = parts
    const lengths = [incarnation.byteLength, key.byteLength]
    const labels = [uris.byteLength / digestBytes, others.byteLength / digestBytes]
    const head = doubles([item.version, item.startedAt, uselessAt, place, ...lengths, ...labels])
    putBlob(this.#environment, itemKey(digest), [head, ...parts])
    this.#environment.put(uselessKey(uselessAt, digest), noBytes)
  }

  /** Commits what `act` writes, once there is room for it; false if there is none. `needed` in bytes. */
  #inRoom(needed: number, now: number, maxBytes: number, act: () => void): boolean {
    const environment = this.#environment
    const mostBytes = maxBytes * fileShare
    for (let tries = 1; tries <= maxTries; tries++) {
      this.#evict(needed * tries, now, maxBytes)
      // At worst all of it comes behind what is there.
      let isRoom = environment.space.total + needed <= mostBytes
      if (!isRoom) {
        // What is freed can be used again from the second transaction on, unless somebody still reads it.
        if (!environment.isUnread) break
        for (let count = 0; count < 2; count++) environment.transact(() => this.#nextPlace())
        const { total, free } = environment.space
        isRoom = environment.isUnread && total - free + needed <= mostBytes
      }
      if (isRoom) {
        environment.transact(act)
        return true
      }
    }
    environment.refresh()
    return false
  }

  /** A few at a time: what is evicted from the middle of pages makes copies of them, and the file longer. */
  #evict(needed: number, now: number, maxBytes: number): void {
    const environment = this.#environment
    const atOnce = Math.min(64, Math.ceil(maxBytes / environment.pageSize / 64))
    const isTooMuch = () => environment.space.used + needed > maxBytes * usedShare
    let isMore = isTooMuch()
    while (isMore) {
      isMore = environment.transact(() => {
        for (let count = 0; count < atOnce; count++) if (!this.#evictOne(now)) return false
        return isTooMuch()
      })
    }
  }

  /** False if there is nothing any more. */
  #evictOne(now: number): boolean {
    const environment = this.#environment
    const first = (prefix: number, until: number) =>
      environment.firstKey(Buffer.of(prefix), numberKey(prefix, until))
    const useless = first(uselessPrefix, wholeNumber(now) + 1)
    const place = useless ?? first(placePrefix, Number.MAX_SAFE_INTEGER)
    const row = place ?? first(uselessPrefix, Number.MAX_SAFE_INTEGER)
    if (row === undefined) return false
    const digest = row[0] === placePrefix ? environment.get(row) : row.subarray(1 + numberBytes)
    if (digest?.byteLength !== digestBytes) throw new Damaged('an entry has lost its place')
    this.#drop(digest)
    // Also if what it leads to is gone.
    environment.remove(row)
    return true
  }

  #drop(digest: Buffer): void {
    const id = itemKey(digest)
    const bytes = glanceBlob(this.#environment, id, headBytes)
    if (bytes === undefined) return
    const head = headOf(bytes)
    const isWhole = [head.uselessAt, head.place].every((value) => Number.isSafeInteger(value) && value >= 0)
    if (!isWhole) throw new Damaged('an entry has lost its place')
    this.#environment.remove(uselessKey(head.uselessAt, digest))
    if (head.place !== 0) this.#environment.remove(numberKey(placePrefix, head.place))
    removeBlob(this.#environment, id)
  }

  /** Places only grow. */
  #nextPlace(): number {
    const bytes = this.#environment.get(counterKey)
    const place = bytes === undefined ? 1 : double(checked(counterKey, bytes), 0) + 1
    this.#environment.put(counterKey, withChecksum(counterKey, doubles([place])))
    return place
  }
}

type ItemParts = readonly [
  incarnation: Uint8Array,
  key: Uint8Array,
  uris: Uint8Array,
  others: Uint8Array,
  bytes: Uint8Array,
]

/** As they lie there, behind the head. */
function partsOf({ incarnation, key, labels, bytes }: Item): ItemParts {
  const isUri = (label: string) => label.startsWith(uriPrefix)
  const digests = (some: readonly string[]) => Buffer.concat(some.map(sha256))
  const [uris, others] = [labels.filter(isUri), labels.filter((label) => !isUri(label))]
  return [Buffer.from(incarnation), Buffer.from(key), digests(uris), digests(others), bytes]
}

function itemOf(content: Buffer): StoredItem {
  const { version, startedAt, uselessAt, place, ...lengths } = headOf(content)
  let at = headBytes
  const take = (length: number) => {
    at += length
    return content.subarray(at - length, at)
  }
  const takeLabels = (count: number) => Array.from({ length: count }, () => take(digestBytes))
  const incarnation = take(lengths.incarnationBytes).toString()
  const key = take(lengths.keyBytes).toString()
  const labels = { uris: takeLabels(lengths.uriLabels), others: takeLabels(lengths.otherLabels) }
  const isTombstone = place === 0
  return { incarnation, version, startedAt, uselessAt, isTombstone, key, labels, bytes: content.subarray(at) }
}

function headOf(bytes: Buffer): Head {
  return {
    version: double(bytes, 0),
    startedAt: double(bytes, 1),
    uselessAt: double(bytes, 2),
    place: double(bytes, 3),
    incarnationBytes: double(bytes, 4),
    keyBytes: double(bytes, 5),
    uriLabels: double(bytes, 6),
    otherLabels: double(bytes, 7),
  }
}

function isNewer(found: StoredItem | undefined, than: Stamp, now: number): boolean {
  if (found === undefined || found.incarnation !== than.incarnation) return false
  if (found.isTombstone && found.uselessAt <= now) return false
  if (found.version !== than.version) return found.version > than.version
  return found.startedAt > than.startedAt
}

function itemKey(digest: Buffer): Buffer {
  const key = Buffer.allocUnsafe(1 + digestBytes)
  key[0] = itemPrefix
  key.set(digest, 1)
  return key
}

function uselessKey(uselessAt: number, digest: Buffer): Buffer {
  const key = numberKey(uselessPrefix, uselessAt, digestBytes)
  key.set(digest, 1 + numberBytes)
  return key
}

function wholeNumber(at: number): number {
  return Math.min(Math.max(0, Math.ceil(at)), Number.MAX_SAFE_INTEGER - 1)
}
