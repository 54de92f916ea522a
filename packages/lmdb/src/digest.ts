import type { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'

/** Bytes of a digest: collisions are out of reach, and cost a hit at most, for the whole key is in what is stored. */
export const digestBytes = 16

/** Of any length in, always as long out: LMDB takes keys of 1,978 bytes, and labels may have 16,384 characters. */
export function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer').subarray(0, digestBytes)
}
