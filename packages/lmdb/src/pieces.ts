import { Buffer } from 'node:buffer'
import type { Environment } from './environment.ts'

/** What LMDB writes before a value that has a page of its own, in bytes. */
const pageHeaderBytes = 24
const indexBytes = 4

/** What fits on one page. */
export function pieceBytes(environment: Environment): number {
  return environment.pageSize - pageHeaderBytes
}

/**
 * Within a transaction. A value of any length, page by page: LMDB wants its pages in a row otherwise, and makes the
 * file longer where it has free ones but none in a row.
 */
export function putPieces(environment: Environment, key: Uint8Array, value: Uint8Array): void {
  const size = pieceBytes(environment)
  for (let index = 0; index * size < value.byteLength; index++) {
    environment.put(pieceKey(key, index), value.subarray(index * size, (index + 1) * size))
  }
}

/** The first of them: as `Environment.glance`. */
export function firstPiece(environment: Environment, key: Uint8Array): Buffer | undefined {
  return environment.glance(pieceKey(key, 0))
}

/** The first `length` bytes; undefined if they are not there. */
export function readPieces(environment: Environment, key: Uint8Array, length: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (let index = 0; at < length; index++) {
    const piece = environment.glance(pieceKey(key, index))
    if (piece === undefined || piece.length === 0) return undefined
    const taken = Math.min(piece.length, length - at)
    // Not by `copy`, which believes that it is as long as it says.
    bytes.set(piece.subarray(0, taken), at)
    at += taken
  }
  return bytes
}

/** Within a transaction. */
export function removePieces(environment: Environment, key: Uint8Array): void {
  for (let index = 0; environment.remove(pieceKey(key, index)); index++);
}

function pieceKey(key: Uint8Array, index: number): Buffer {
  const bytes = Buffer.allocUnsafe(key.byteLength + indexBytes)
  bytes.set(key)
  bytes.writeUInt32BE(index, key.byteLength)
  return bytes
}
