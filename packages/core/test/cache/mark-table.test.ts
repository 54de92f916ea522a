import { describe, expect, test } from 'vitest'
import { MarkTable } from '../../src/cache/mark-table.ts'
import type { Mark, noMark } from '../../src/state/mark.ts'
import { expireMark, staleMark } from '../../src/state/mark.ts'

const hard = (version: number) => (mark: typeof noMark) => expireMark(mark, version)
/** The marks that judge an entry with these labels. */
function marksOf(table: MarkTable, labels: readonly string[]): Mark[] {
  const marks: Mark[] = []
  table.collect(labels, marks)
  return marks
}

const soft = (version: number, at: number) => (mark: typeof noMark) => staleMark(mark, version, at, 0)

describe('a table of marks', () => {
  test('gives an entry the floor and the marks of its labels, and no others', () => {
    const table = new MarkTable(10)
    table.update('a', hard(1), 0)
    table.update('b', soft(2, 50), 0)
    expect(marksOf(table, [])).toEqual([])
    expect(marksOf(table, ['b', 'unknown'])).toEqual([table.get('b')])
    expect(marksOf(table, ['a', 'b'])).toHaveLength(2)
  })

  test('is never larger than its limit', () => {
    const table = new MarkTable(3)
    for (let version = 1; version <= 20; version++) {
      table.update(`tag ${version}`, hard(version), 0)
      expect(table.size).toBe(Math.min(version, 3))
    }
    expect(table.floor).toEqual({ staleBefore: 0, expiredBefore: 17, deadlines: [] })
  })

  test('forgets what was marked longest ago, not what came first', () => {
    const table = new MarkTable(2)
    table.update('a', hard(1), 0)
    table.update('b', hard(2), 0)
    table.update('a', hard(3), 0)
    table.update('c', hard(4), 0)
    expect(table.get('b')).toBeUndefined()
    expect(table.get('a')?.expiredBefore).toBe(3)
    expect(table.floor.expiredBefore).toBe(2)
  })

  test('folds what it forgets into the floor with its deadlines, those that have passed for good', () => {
    const table = new MarkTable(1)
    table.update('a', soft(1, 50), 0)
    table.update('b', soft(2, 90), 10)
    expect(table.floor).toEqual({ staleBefore: 1, expiredBefore: 0, deadlines: [{ before: 1, at: 50 }] })
    table.update('c', soft(3, 200), 60)
    expect(table.floor).toEqual({ staleBefore: 2, expiredBefore: 1, deadlines: [{ before: 2, at: 90 }] })
  })

  test('a floor holds at most four deadlines however much it takes in', () => {
    const table = new MarkTable(1)
    for (let version = 1; version < 500; version++)
      table.update(`${version}`, soft(version, 1e6 + version ** 2), 0)
    expect(table.floor.deadlines.length).toBeLessThanOrEqual(4)
    expect(table.floor.deadlines[0]?.at).toBe(1e6 + 1)
    expect(table.floor.staleBefore).toBe(498)
  })

  test('expires everything older by one version, and starts over', () => {
    const table = new MarkTable(5)
    table.update('a', soft(1, 50), 0)
    table.expireAll(2)
    expect(table.size).toBe(0)
    expect(marksOf(table, ['a'])).toEqual([{ staleBefore: 0, expiredBefore: 2, deadlines: [] }])
  })
})
