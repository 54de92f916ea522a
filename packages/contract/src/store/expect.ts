import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Item, LedgerRecord, LedgerView, ReadReply } from '@restale/core/store'
import { soon } from './soon.ts'

/** Told briefly: megabytes would hide what is wrong. */
export function expectFound({ found }: ReadReply, item: Pick<Item, 'bytes' | 'version'>, what: string): void {
  assert.ok(found !== undefined, `${what}: nothing was found`)
  assert.equal(found.bytes.byteLength, item.bytes.byteLength, `${what}: as many bytes`)
  assert.ok(Buffer.compare(found.bytes, item.bytes) === 0, `${what}: the same bytes`)
  assert.equal(found.version, item.version, `${what}: the same version`)
}

export function expectNothing({ found }: ReadReply, what: string): void {
  assert.ok(found === undefined, `${what}: something was found`)
}

/** All records after `version`, each once and in order. */
export function expectRecordsAfter(view: LedgerView, version: number): readonly LedgerRecord[] {
  assert.ok(view.records !== undefined, 'the records are known')
  const versions = view.records.map((record) => record.version)
  const expected = Array.from({ length: view.head - version }, (_, index) => version + index + 1)
  assert.deepEqual(versions, expected, 'versions of the records')
  return view.records
}

/** Throws or rejects, and soon. */
export async function expectFailure(what: string, act: () => unknown): Promise<void> {
  const tried = async () => {
    try {
      await act()
      return 'it went well'
    } catch {
      return 'it failed'
    }
  }
  assert.equal(await soon(what, tried), 'it failed', what)
}
