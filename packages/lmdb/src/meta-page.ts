import type { Buffer } from 'node:buffer'

/** A tree of pages, as a meta page says where it is. */
export interface Tree {
  /** Undefined if it is empty. */
  readonly root: number | undefined
  readonly depth: number
  readonly entries: number
}

/** Where LMDB starts to read. It writes one of the two by turns, so that the other is whole whenever it is killed. */
export interface MetaPage {
  readonly pageSize: number
  readonly free: Tree
  readonly main: Tree
  readonly lastPage: number
  readonly transaction: number
}

/** The page header, in bytes. Everything is little-endian, and for 64 bits. */
export const pageHeaderBytes = 24
/** That much of a page is read to know its meta data. */
export const metaBytes = 168

const metaFlag = 0x08
const magic = 0xbeefc0de
const formatVersion = 2
const noPage = 0xffff_ffff_ffff_ffffn
/** LMDB has a cursor of so many pages. */
const maxDepth = 32

/** @throws Error that says what is wrong with it */
export function parseMetaPage(bytes: Buffer): MetaPage {
  if (bytes.byteLength < metaBytes) throw new Error('it is too short')
  if ((bytes.readUInt16LE(18) & metaFlag) === 0) throw new Error('it does not begin with a meta page')
  if (bytes.readUInt32LE(24) !== magic) throw new Error('it is not of LMDB')
  if (bytes.readUInt32LE(28) !== formatVersion) throw new Error('it is of another version of LMDB')
  const pageSize = bytes.readUInt32LE(48)
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0
  if (pageSize < 512 || pageSize > 65_536 || !isPowerOfTwo) throw new Error(`pages have ${pageSize} bytes`)
  const lastPage = integer(bytes, 144)
  const meta = { pageSize, lastPage, transaction: integer(bytes, 152) }
  return { ...meta, free: tree(bytes, 48, lastPage), main: tree(bytes, 96, lastPage) }
}

/** A number of 64 bits that must not be larger than what is exact. */
export function integer(bytes: Buffer, at: number): number {
  const value = Number(bytes.readBigUInt64LE(at))
  if (!Number.isSafeInteger(value)) throw new Error('a number is too large')
  return value
}

function tree(bytes: Buffer, at: number, lastPage: number): Tree {
  const depth = bytes.readUInt16LE(at + 6)
  const entries = integer(bytes, at + 32)
  if (bytes.readBigUInt64LE(at + 40) === noPage) {
    if (depth !== 0 || entries !== 0) throw new Error('an empty tree has entries')
    return { root: undefined, depth, entries }
  }
  const root = integer(bytes, at + 40)
  if (root < 2 || root > lastPage) throw new Error('the root of a tree is not in it')
  if (depth < 1 || depth > maxDepth) throw new Error(`a tree is ${depth} pages deep`)
  return { root, depth, entries }
}
