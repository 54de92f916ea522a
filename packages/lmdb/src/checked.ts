import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'

const checksumBytes = 4

/** What is stored is not what was written. */
export class Damaged extends Error {}

/** With a checksum of it and of its key before it. */
export function withChecksum(key: Uint8Array, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(checksumBytes + value.byteLength)
  bytes.writeUInt32LE(crc32(value, crc32(key)))
  bytes.set(value, checksumBytes)
  return bytes
}

/** @throws Damaged */
export function checked(key: Uint8Array, bytes: Buffer): Buffer {
  const value = bytes.subarray(checksumBytes)
  const isRight = bytes.byteLength >= checksumBytes && bytes.readUInt32LE() === crc32(value, crc32(key))
  if (!isRight) throw new Damaged('a value is not what was written')
  return value
}
