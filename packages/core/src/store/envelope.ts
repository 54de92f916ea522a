import { Buffer } from 'node:buffer'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** A header of plain data and a body, as they lie in a store. */
export interface Envelope {
  readonly header: unknown
  readonly body: Uint8Array
}

/** How envelopes are sealed: by a checksum, or, where others may write to the store, by a secret. */
export interface Seal {
  /** Nothing longer is read, in bytes. */
  readonly maxBytes: number
  readonly secret: string | undefined
}

// magic and format version (4) | seal (32) | length of the header (4) | header as JSON | body
const magic = Buffer.from('RST1')
const sealLength = 32
const lengthAt = magic.byteLength + sealLength
const headerAt = lengthAt + 4

export function sealEnvelope({ header, body }: Envelope, { secret }: Seal): Uint8Array {
  const text = Buffer.from(JSON.stringify(header))
  const bytes = Buffer.allocUnsafeSlow(headerAt + text.byteLength + body.byteLength)
  magic.copy(bytes)
  bytes.writeUInt32BE(text.byteLength, lengthAt)
  text.copy(bytes, headerAt)
  bytes.set(body, headerAt + text.byteLength)
  digest(bytes, secret).copy(bytes, magic.byteLength)
  return bytes
}

/** Undefined for anything that `sealEnvelope` has not made with the same secret, or that has changed since. */
export function openEnvelope(given: Uint8Array, { secret, maxBytes }: Seal): Envelope | undefined {
  if (given.byteLength < headerAt || given.byteLength > maxBytes) return undefined
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  if (!bytes.subarray(0, magic.byteLength).equals(magic)) return undefined
  if (!timingSafeEqual(bytes.subarray(magic.byteLength, lengthAt), digest(bytes, secret))) return undefined
  const bodyAt = headerAt + bytes.readUInt32BE(lengthAt)
  if (bodyAt > bytes.byteLength) return undefined
  try {
    const header: unknown = JSON.parse(bytes.toString('utf8', headerAt, bodyAt))
    // A copy: the memory that was given is the store's, and may be much more than the body.
    const body = Buffer.allocUnsafeSlow(bytes.byteLength - bodyAt)
    bytes.copy(body, 0, bodyAt)
    return { header, body }
  } catch {
    return undefined
  }
}

function digest(bytes: Buffer, secret: string | undefined): Buffer {
  const hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  return hash.update(magic).update(bytes.subarray(lengthAt)).digest()
}
