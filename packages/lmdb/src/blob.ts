import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { Damaged } from './checked.ts'
import type { Environment } from './environment.ts'
import { firstPiece, pieceBytes, putPieces, readPieces, removePieces } from './pieces.ts'

/** A checksum of all that follows and of the key, and the length of all, before the content. */
const headBytes = 8
const maxBytes = 2 ** 32 - 1

/** What a content of so many bytes takes in pages, at most; in bytes. */
export function blobSpace(environment: Environment, length: number): number {
  return Math.ceil((headBytes + length) / pieceBytes(environment)) * environment.pageSize
}

/** Within a transaction: a content of any length, over as many pages as it needs. */
export function putBlob(environment: Environment, key: Uint8Array, parts: readonly Uint8Array[]): void {
  const head = Buffer.alloc(headBytes)
  const bytes = Buffer.concat([head, ...parts])
  if (bytes.byteLength > maxBytes) throw new RangeError('it is too long to be stored')
  bytes.writeUInt32LE(bytes.byteLength, 4)
  bytes.writeUInt32LE(checksum(key, bytes))
  putPieces(environment, key, bytes)
}

/** Its first bytes, unchecked; they hold until something else is read. */
export function glanceBlob(environment: Environment, key: Uint8Array, length: number): Buffer | undefined {
  const piece = firstPiece(environment, key)
  if (piece === undefined) return undefined
  if (piece.length < headBytes + length) throw torn()
  return piece.subarray(headBytes, headBytes + length)
}

/** @throws Damaged */
export function readBlob(environment: Environment, key: Uint8Array): Buffer | undefined {
  const piece = firstPiece(environment, key)
  if (piece === undefined) return undefined
  if (piece.length < headBytes) throw torn()
  const length = piece.readUInt32LE(4)
  if (length < headBytes || length > environment.mapSize) throw torn()
  const bytes = readPieces(environment, key, length)
  if (bytes === undefined || bytes.readUInt32LE() !== checksum(key, bytes)) throw torn()
  return bytes.subarray(headBytes)
}

/** Within a transaction. */
export function removeBlob(environment: Environment, key: Uint8Array): void {
  removePieces(environment, key)
}

function checksum(key: Uint8Array, bytes: Buffer): number {
  return crc32(bytes.subarray(4), crc32(key))
}

function torn(): Damaged {
  return new Damaged('a value is not what was written')
}
