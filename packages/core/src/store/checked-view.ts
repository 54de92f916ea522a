import { isFields, isStrings } from '../cache/shape.ts'
import type { LedgerRecord, LedgerView, ReadReply } from './port.ts'

/** What a port has given, if it is a view. */
export function viewIn(given: unknown): LedgerView | undefined {
  if (!isFields(given)) return undefined
  const { incarnation, head, now, records } = given
  const isRight =
    typeof incarnation === 'string' &&
    isVersion(head) &&
    Number.isFinite(now) &&
    (records === undefined || (Array.isArray(records) && records.every(isRecord)))
  return isRight ? (given as unknown as LedgerView) : undefined
}

/** Throws if it is none: then the store has failed. */
export function checkedView(given: LedgerView): LedgerView {
  const view = viewIn(given)
  if (view === undefined) throw new Error('The store gave something else than a view of its ledger')
  return view
}

/** The same for the answer to a question for an item. */
export function checkedReply(given: ReadReply): ReadReply {
  const { view, found } = given
  checkedView(view)
  const isRight = found === undefined || (isFields(found) && isFound(found))
  if (!isRight) throw new Error('The store gave something else than an item')
  return given
}

function isFound({ bytes, version, marks }: Readonly<Record<string, unknown>>): boolean {
  return bytes instanceof Uint8Array && isVersion(version) && Array.isArray(marks) && marks.every(isMark)
}

function isMark(given: unknown): boolean {
  if (!isFields(given)) return false
  const { staleBefore, expiredBefore, deadlines } = given
  if (!isVersion(staleBefore) || !isVersion(expiredBefore) || !Array.isArray(deadlines)) return false
  return deadlines.every((each) => isFields(each) && isVersion(each.before) && isInstant(each.at))
}

function isRecord(given: unknown): given is LedgerRecord {
  if (!isFields(given)) return false
  const { id, version, labels, hardLabels, expiredAt, recordedAt } = given
  if (typeof id !== 'string' || !isVersion(version) || !isStrings(labels) || !isStrings(hardLabels))
    return false
  return isInstant(expiredAt) && isInstant(recordedAt)
}

function isVersion(given: unknown): boolean {
  return Number.isSafeInteger(given) && (given as number) >= 0
}

/** Epoch milliseconds, or never. */
function isInstant(given: unknown): boolean {
  return typeof given === 'number' && !Number.isNaN(given)
}
