import assert from 'node:assert/strict'
import type { LedgerRecord, Mark, ReadReply } from '@restale/core/store'

export const fresh = 0
export const stale = 1
export const expired = 2
export type Badness = typeof fresh | typeof stale | typeof expired

/** How bad an item of that version is at that instant, by these marks. */
export function judge(marks: readonly Mark[], version: number, at: number): Badness {
  const isExpired = (mark: Mark) =>
    version < mark.expiredBefore ||
    mark.deadlines.some((deadline) => version < deadline.before && deadline.at <= at)
  if (marks.some(isExpired)) return expired
  return marks.some((mark) => version < mark.staleBefore) ? stale : fresh
}

/** The same by all that was ever recorded, of an item with these labels. */
export function judgeByRecords(
  records: readonly LedgerRecord[],
  labels: readonly string[],
  version: number,
  at: number,
): Badness {
  const has = (marked: readonly string[]) => marked.some((label) => labels.includes(label))
  const later = records.filter((record) => record.version > version)
  if (later.some((record) => has(record.hardLabels) || (has(record.labels) && record.expiredAt <= at)))
    return expired
  return later.some((record) => has(record.labels)) ? stale : fresh
}

/** What was found is as bad as this, at the moment of the view. */
export function expectJudged({ found, view }: ReadReply, badness: Badness, what: string): void {
  assert.ok(found !== undefined, `${what}: nothing was found`)
  assert.equal(names[judge(found.marks, found.version, view.now)], names[badness], what)
}

/** Forgotten things may be gone; what is there is expired. */
export function expectNotRevived({ found, view }: ReadReply, what: string): void {
  if (found !== undefined) assert.equal(judge(found.marks, found.version, view.now), expired, what)
}

const names = ['fresh', 'stale', 'expired'] as const
