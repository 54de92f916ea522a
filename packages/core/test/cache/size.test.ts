import { describe, expect, test } from 'vitest'
import { entryBytes, stringBytes, stringsBytes } from '../../src/cache/size.ts'

describe('sizes', () => {
  test('of strings are at least two bytes a character', () => {
    expect(stringBytes('')).toBeGreaterThan(0)
    expect(stringBytes('x'.repeat(1000))).toBeGreaterThanOrEqual(2000)
    expect(stringBytes('😀'.repeat(1000))).toBeGreaterThanOrEqual(4000)
  })

  test('of several strings are those of each, and of their list', () => {
    expect(stringsBytes([])).toBe(0)
    expect(stringsBytes(['ab', 'c'])).toBeGreaterThan(stringBytes('ab') + stringBytes('c'))
  })

  test('of an entry are never nothing', () => {
    const labels = { key: '', tags: [], paths: undefined, uri: undefined }
    expect(entryBytes(labels)).toBeGreaterThan(0)
    expect(entryBytes({ ...labels, tags: ['a'] })).toBeGreaterThan(entryBytes(labels))
  })
})
