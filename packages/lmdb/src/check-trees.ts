import { Buffer } from 'node:buffer'
import { readSync } from 'node:fs'
import type { CheckOptions } from './check-file.ts'
import type { MetaPage, Tree } from './meta-page.ts'
import { integer, pageHeaderBytes } from './meta-page.ts'

const branchFlag = 0x01
const leafFlag = 0x02
const overflowFlag = 0x04
const bigDataFlag = 0x01
const nodeHeaderBytes = 8

/** The number of an overflow page, a transaction, and how many pages there are. */
const overflowBytes = 24

interface Node {
  readonly key: Buffer
  /** Of a leaf: what lies under the key. */
  readonly value: Buffer
  /** Of a branch: the page of what follows the key. */
  readonly child: number
}

type OnEntry = (key: Buffer, value: Buffer) => void
type Compare = (a: Buffer, b: Buffer) => number

const byBytes: Compare = (a, b) => a.compare(b)
/** The keys of free pages are transactions. */
const byNumber: Compare = (a, b) => integer(a, 0) - integer(b, 0)

/** @throws Error that says what is wrong with the trees of a file */
export function checkTrees(descriptor: number, meta: MetaPage, { onEntry, budgetMs }: CheckOptions): void {
  const walk = new Walk(descriptor, meta, performance.now() + budgetMs)
  walk.tree(meta.main, byBytes, onEntry ?? (() => {}))
  // Last: no page may be free and in use.
  walk.tree(meta.free, byNumber, (_key, value) => walk.free(value))
}

class Walk {
  readonly #descriptor: number
  readonly #meta: MetaPage
  readonly #endsAt: number
  /** A bit for each page that has been seen. */
  readonly #seen: Uint8Array
  #entries = 0
  #compare = byBytes
  #lastKey: Buffer | undefined
  /** No key that follows may be lower. */
  #lowest: Buffer | undefined
  #isOver = false

  constructor(descriptor: number, meta: MetaPage, endsAt: number) {
    this.#descriptor = descriptor
    this.#meta = meta
    this.#endsAt = endsAt
    this.#seen = new Uint8Array(Math.ceil((meta.lastPage + 1) / 8))
  }

  tree({ root, depth, entries }: Tree, compare: Compare, onEntry: OnEntry): void {
    if (root === undefined) return
    this.#entries = 0
    this.#compare = compare
    this.#lastKey = undefined
    this.#lowest = undefined
    this.#page(root, depth, onEntry)
    if (!this.#isOver && this.#entries !== entries) throw new Error('a tree has lost entries')
  }

  /** A list of free pages: how long it is, then numbers; a negative one says how many follow from the next number on. */
  free(list: Buffer): void {
    const count = integer(list, 0)
    if ((count + 1) * 8 > list.byteLength) throw new Error('a list of free pages is cut off')
    for (let at = 8; at <= count * 8; at += 8) {
      let page = Number(list.readBigInt64LE(at))
      let length = 1
      if (page < 0) {
        length = -page
        at += 8
        page = at <= count * 8 ? Number(list.readBigInt64LE(at)) : -1
      }
      if (page !== 0) this.#see(page, length)
    }
  }

  #page(number: number, depth: number, onEntry: OnEntry): void {
    this.#isOver ||= performance.now() > this.#endsAt
    if (this.#isOver) return
    this.#see(number, 1)
    const page = this.#read(number, this.#meta.pageSize)
    const isLeaf = depth === 1
    if ((page.readUInt16LE(18) & 0xff) !== (isLeaf ? leafFlag : branchFlag)) throw damaged(number)
    const count = page.readUInt16LE(20) >> 1
    if (count === 0 || (!isLeaf && count < 2)) throw damaged(number)
    for (let index = 0; index < count; index++) {
      const node = this.#node(page, number, index, isLeaf)
      if (isLeaf) this.#entry(node, onEntry)
      else this.#child(node, index, depth - 1, onEntry)
    }
  }

  /** The key before a page is above what is left of it, and not above what is in it. The first has none. */
  #child({ key, child }: Node, index: number, depth: number, onEntry: OnEntry): void {
    if (index > 0) {
      const isAbove = this.#lastKey === undefined || this.#compare(this.#lastKey, key) < 0
      if (!this.#isOver && !isAbove) throw outOfOrder()
      this.#lowest = key
    }
    this.#page(child, depth, onEntry)
  }

  #node(page: Buffer, number: number, index: number, isLeaf: boolean): Node {
    const at = pageHeaderBytes + page.readUInt16LE(pageHeaderBytes + index * 2)
    const keyAt = at + nodeHeaderBytes
    const isBelowFree = at < pageHeaderBytes + page.readUInt16LE(22)
    if (isBelowFree || keyAt > page.byteLength || at % 2 !== 0) throw damaged(number)
    const low = page.readUInt32LE(at)
    const flags = page.readUInt16LE(at + 4)
    const valueAt = keyAt + page.readUInt16LE(at + 6)
    const key = page.subarray(keyAt, valueAt)
    if (valueAt > page.byteLength) throw damaged(number)
    if (!isLeaf) return { key, value: key, child: flags * 2 ** 32 + low }
    if ((flags & ~bigDataFlag) !== 0) throw damaged(number)
    const isBig = flags === bigDataFlag
    const end = valueAt + (isBig ? overflowBytes : low)
    if (end > page.byteLength) throw damaged(number)
    const value = isBig ? this.#overflow(page, valueAt, low) : page.subarray(valueAt, end)
    return { key, value, child: -1 }
  }

  /** A value that has pages of its own. */
  #overflow(page: Buffer, at: number, length: number): Buffer {
    const number = integer(page, at)
    const pages = integer(page, at + 16)
    const needed = Math.floor((pageHeaderBytes - 1 + length) / this.#meta.pageSize) + 1
    if (pages < needed) throw damaged(number)
    this.#see(number, pages)
    const bytes = this.#read(number, pageHeaderBytes + length)
    const isRight = (bytes.readUInt16LE(18) & 0xff) === overflowFlag && bytes.readUInt32LE(20) === pages
    if (!isRight) throw damaged(number)
    return bytes.subarray(pageHeaderBytes)
  }

  #entry({ key, value }: Node, onEntry: OnEntry): void {
    const isAboveLast = this.#lastKey === undefined || this.#compare(this.#lastKey, key) < 0
    const isInPlace = this.#lowest === undefined || this.#compare(this.#lowest, key) <= 0
    if (key.byteLength === 0 || !isAboveLast || !isInPlace) throw outOfOrder()
    this.#lowest = undefined
    this.#entries++
    onEntry(key, value)
    this.#lastKey = key
  }

  #see(number: number, length: number): void {
    if (number < 2 || number + length - 1 > this.#meta.lastPage) throw damaged(number)
    for (let page = number; page < number + length; page++) {
      const bit = 1 << (page % 8)
      const byte = this.#seen[page >> 3] as number
      if ((byte & bit) !== 0) throw new Error(`page ${page} is there for two things`)
      this.#seen[page >> 3] = byte | bit
    }
  }

  #read(number: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    const read = readSync(this.#descriptor, bytes, 0, length, number * this.#meta.pageSize)
    if (read < length) throw new Error(`it is cut off before page ${number}`)
    if (integer(bytes, 0) !== number) throw damaged(number)
    return bytes
  }
}

function damaged(page: number): Error {
  return new Error(`page ${page} is damaged`)
}

function outOfOrder(): Error {
  return new Error('its entries are out of order')
}
