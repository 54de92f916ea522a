import { Buffer } from 'node:buffer'

/** A key: a prefix and a whole number, so that keys come in the order of the numbers. */
export function numberKey(prefix: number, value: number, more = 0): Buffer {
  const key = Buffer.alloc(9 + more)
  key[0] = prefix
  key.writeBigUInt64BE(BigInt(value), 1)
  return key
}

export function doubles(values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 8)
  for (const [index, value] of values.entries()) bytes.writeDoubleLE(value, index * 8)
  return bytes
}

export function double(bytes: Buffer, index: number): number {
  return bytes.readDoubleLE(index * 8)
}
