import { Buffer } from 'node:buffer'
import type { Found, LedgerRecord, LedgerView, Mark, Position } from '@restale/core/store'

/** @throws Error if the reply is none of our scripts' */
export function viewOf(reply: unknown, since: Position): LedgerView {
  const [incarnation, head, now, records] = list(reply)
  const view = { incarnation: text(incarnation), head: whole(head), now: whole(now) }
  const isComparable = since.incarnation === view.incarnation
  return { ...view, records: isComparable ? recordsOf(records, since.version, view.head) : undefined }
}

/** Is it the answer to the question of this name? */
export function isNamed(reply: unknown, name: string): boolean {
  return Array.isArray(reply) && Buffer.isBuffer(reply[5]) && reply[5].toString() === name
}

export function foundOf(reply: unknown): Found | undefined {
  const [, , , , found] = list(reply)
  if (!Array.isArray(found)) return undefined
  const [bytes, version, marks] = found
  if (!Buffer.isBuffer(bytes)) throw unexpected(bytes)
  return { bytes, version: whole(version), marks: list(marks).map(markOf) }
}

/** Undefined unless it is all of them. */
function recordsOf(reply: unknown, after: number, head: number): readonly LedgerRecord[] | undefined {
  if (!Array.isArray(reply)) return undefined
  try {
    const records = reply.map(recordOf)
    const isWhole =
      records.length === head - after && records.every(({ version }, index) => version === after + index + 1)
    return isWhole ? records : undefined
  } catch {
    // Somebody else has written there.
    return undefined
  }
}

function recordOf(entry: unknown): LedgerRecord {
  const [id, pairs] = list(entry)
  const [, version] = text(id).split('-')
  const [, recordedAt, , expiredAt, , json] = list(pairs)
  const marking: unknown = JSON.parse(text(json))
  if (!isMarking(marking)) throw unexpected(marking)
  const at = whole(expiredAt)
  return {
    id: marking.id,
    labels: marking.labels,
    hardLabels: marking.hardLabels,
    version: whole(version),
    recordedAt: whole(recordedAt),
    expiredAt: at < 0 ? Number.POSITIVE_INFINITY : at,
  }
}

function isMarking(value: unknown): value is Pick<LedgerRecord, 'id' | 'labels' | 'hardLabels'> {
  if (typeof value !== 'object' || value === null) return false
  const { id, labels, hardLabels } = value as Record<string, unknown>
  return typeof id === 'string' && isStrings(labels) && isStrings(hardLabels)
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

/** `stale expired`, and pairs of `before at`. */
function markOf(reply: unknown): Mark {
  const [staleBefore = 0, expiredBefore = 0, ...rest] = text(reply).split(' ').map(whole)
  const deadlines = Array.from({ length: Math.floor(rest.length / 2) }, (_, index) => ({
    before: rest[2 * index] as number,
    at: rest[2 * index + 1] as number,
  }))
  return { staleBefore, expiredBefore, deadlines }
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw unexpected(value)
  return value
}

function text(value: unknown): string {
  if (!Buffer.isBuffer(value)) throw unexpected(value)
  return value.toString()
}

function whole(value: unknown): number {
  const number = Buffer.isBuffer(value) ? Number(value.toString()) : Number(value)
  if (!Number.isSafeInteger(number)) throw unexpected(value)
  return number
}

function unexpected(value: unknown): Error {
  return new Error(`Redis gave ${Buffer.isBuffer(value) ? 'other text' : typeof value} than expected`)
}
