import { Buffer } from 'node:buffer'
import type { Mark } from '@restale/core/store'
import { foldFired, joinMarks, noMark } from '@restale/core/store'
import { checked, withChecksum } from './checked.ts'
import { digest, digestBytes } from './digest.ts'
import type { Environment } from './environment.ts'
import { decodeMark, encodeMark, markVersion } from './mark-codec.ts'
import { numberKey } from './numbers.ts'

/** Where a table lies in the environment: a letter for its marks, and the next one for their order. */
export type TablePrefix = 'm' | 'u'

const noBytes = Buffer.alloc(0)
const versionBytes = 8

/**
 * Marks by label, bounded. What is forgotten is folded into the floor, the mark that everything has: it may expire
 * what the mark guarded, never revive it.
 */
export class MarkTable {
  readonly #environment: Environment
  readonly #prefix: number
  readonly #orderPrefix: number
  readonly #floorKey: Buffer
  readonly #limit: number
  /** How many marks there are: kept by the caller, between transactions. */
  size = 0

  constructor(environment: Environment, prefix: TablePrefix, limit: number) {
    this.#environment = environment
    this.#prefix = prefix.charCodeAt(0)
    this.#orderPrefix = this.#prefix + 1
    this.#floorKey = Buffer.from(`f${prefix}`)
    this.#limit = limit
  }

  get floor(): Mark {
    return this.#read(this.#floorKey) ?? noMark
  }

  of(label: Uint8Array): Mark | undefined {
    return this.#read(this.#key(label))
  }

  worsenFloor(change: (mark: Mark) => Mark): void {
    this.#write(this.#floorKey, change(this.floor))
  }

  /** `now` by the store's time. */
  worsen(labels: readonly string[], change: (mark: Mark) => Mark, now: number): void {
    // One call that marks so much leaves nothing else anyway, and would take long.
    if (labels.length > this.#limit / 2) this.worsenFloor(change)
    else for (const label of labels) this.#worsen(digest(label), change, now)
  }

  #worsen(label: Buffer, change: (mark: Mark) => Mark, now: number): void {
    const key = this.#key(label)
    const before = this.#read(key)
    const mark = change(before ?? noMark)
    this.#write(key, mark)
    if (before !== undefined) this.#environment.remove(this.#orderKey(before, label))
    const orderKey = this.#orderKey(mark, label)
    this.#environment.put(orderKey, withChecksum(orderKey, noBytes))
    if (before === undefined) this.size++
    if (this.size > this.#limit) this.#forgetOldest(now)
  }

  #forgetOldest(now: number): void {
    const order = this.#environment.firstKey(
      Buffer.of(this.#orderPrefix),
      Buffer.of(this.#orderPrefix + 1),
    ) as Buffer
    const key = this.#key(order.subarray(1 + versionBytes))
    const mark = this.#read(key) ?? noMark
    this.#environment.remove(order)
    this.#environment.remove(key)
    this.size--
    this.worsenFloor((floor) => joinMarks(foldFired(floor, now), foldFired(mark, now)))
  }

  #key(label: Uint8Array): Buffer {
    const key = Buffer.allocUnsafe(1 + digestBytes)
    key[0] = this.#prefix
    key.set(label, 1)
    return key
  }

  #orderKey(mark: Mark, label: Uint8Array): Buffer {
    const key = numberKey(this.#orderPrefix, markVersion(mark), digestBytes)
    key.set(label, 1 + versionBytes)
    return key
  }

  #read(key: Buffer): Mark | undefined {
    const bytes = this.#environment.get(key)
    return bytes && decodeMark(checked(key, bytes))
  }

  #write(key: Buffer, mark: Mark): void {
    this.#environment.put(key, withChecksum(key, encodeMark(mark)))
  }
}
