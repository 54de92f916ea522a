import type { Buffer } from 'node:buffer'
import type { Mark } from '@restale/core/store'
import { Damaged } from './checked.ts'
import { double, doubles } from './numbers.ts'

export function encodeMark({ staleBefore, expiredBefore, deadlines }: Mark): Buffer {
  return doubles([staleBefore, expiredBefore, ...deadlines.flatMap(({ before, at }) => [before, at])])
}

/** @throws Damaged */
export function decodeMark(bytes: Buffer): Mark {
  const count = bytes.byteLength / 16 - 1
  if (!Number.isInteger(count) || count < 0) throw new Damaged('a mark is cut off')
  const deadlines = Array.from({ length: count }, (_, index) => ({
    before: double(bytes, 2 * index + 2),
    at: double(bytes, 2 * index + 3),
  }))
  return { staleBefore: double(bytes, 0), expiredBefore: double(bytes, 1), deadlines }
}

/** The version of the last invalidation in it. */
export function markVersion({ staleBefore, expiredBefore, deadlines }: Mark): number {
  return Math.max(staleBefore, expiredBefore, deadlines.at(-1)?.before ?? 0)
}
