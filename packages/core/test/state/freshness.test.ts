import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aging, Freshness } from '../../src/state/freshness.ts'
import { freshness, freshnessAt, outlook } from '../../src/state/freshness.ts'
import type { Mark } from '../../src/state/mark.ts'
import { noMark } from '../../src/state/mark.ts'

const bornAt = 1_000_000
const never = Number.POSITIVE_INFINITY

function entry(version: number, revalidate: number, expire: number): Aging {
  return { version, bornAt, life: { stale: 0, revalidate, expire } }
}

function mark(fields: Partial<Mark>): Mark {
  return { ...noMark, ...fields }
}

describe('what age says', () => {
  const table: [ageMs: number, revalidate: number, expire: number, expected: Freshness][] = [
    [0, 10, 20, 'fresh'],
    [9_999, 10, 20, 'fresh'],
    [10_000, 10, 20, 'stale'],
    [19_999, 10, 20, 'stale'],
    [20_000, 10, 20, 'expired'],
    [1e12, 10, 20, 'expired'],
    [10_000, 10, 10, 'expired'],
    [9_999, 10, 10, 'fresh'],
    [0, 0, 10, 'stale'],
    [0, 0, 0, 'expired'],
    [1e15, 10, never, 'stale'],
    [1e15, never, never, 'fresh'],
    [500, 0.5, 1.5, 'stale'],
    [1_500, 0.5, 1.5, 'expired'],
    [-5_000, 10, 20, 'fresh'],
  ]
  test.each(table)(
    'at an age of %d ms with revalidate %d and expire %d: %s',
    (age, revalidate, expire, is) => {
      expect(freshness(entry(1, revalidate, expire), [], bornAt + age)).toBe(is)
    },
  )

  test('what clients may keep decides nothing', () => {
    const life = { stale: 0, revalidate: 10, expire: 20 }
    expect(freshness({ version: 0, bornAt, life }, [], bornAt)).toBe('fresh')
    expect(freshness({ version: 0, bornAt, life: { ...life, stale: 1e9 } }, [], bornAt + 20_000)).toBe(
      'expired',
    )
  })
})

describe('what marks say', () => {
  const table: [title: string, marks: Mark[], version: number, expected: Freshness][] = [
    ['no mark', [], 5, 'fresh'],
    ['an empty mark', [noMark], 0, 'fresh'],
    ['marked stale after it', [mark({ staleBefore: 6 })], 5, 'stale'],
    ['marked stale at its own position', [mark({ staleBefore: 5 })], 5, 'fresh'],
    ['marked expired after it', [mark({ expiredBefore: 6 })], 5, 'expired'],
    ['marked expired at its own position', [mark({ expiredBefore: 5 })], 5, 'fresh'],
    ['stale and expired', [mark({ staleBefore: 7, expiredBefore: 6 })], 5, 'expired'],
    ['one tag stale, another expired', [mark({ staleBefore: 6 }), mark({ expiredBefore: 6 })], 5, 'expired'],
    ['one tag of several', [noMark, mark({ staleBefore: 6 }), noMark], 5, 'stale'],
    ['a deadline to come', [mark({ deadlines: [{ before: 6, at: bornAt + 1 }] })], 5, 'fresh'],
    ['a deadline now', [mark({ deadlines: [{ before: 6, at: bornAt }] })], 5, 'expired'],
    ['a deadline that has passed', [mark({ deadlines: [{ before: 6, at: bornAt - 1 }] })], 5, 'expired'],
    ['a deadline for older ones', [mark({ deadlines: [{ before: 5, at: bornAt - 1 }] })], 5, 'fresh'],
    [
      'the second of two deadlines',
      [
        mark({
          deadlines: [
            { before: 3, at: bornAt - 9 },
            { before: 6, at: bornAt },
          ],
        }),
      ],
      5,
      'expired',
    ],
  ]
  test.each(table)('%s: %#', (_title, marks, version, expected) => {
    expect(freshness(entry(version, 10, 20), marks, bornAt)).toBe(expected)
  })

  test('a mark does not make an aged entry better', () => {
    expect(freshness(entry(9, 10, 20), [mark({ staleBefore: 10 })], bornAt + 20_000)).toBe('expired')
    expect(freshness(entry(9, 10, 20), [noMark], bornAt + 10_000)).toBe('stale')
  })
})

test('an outlook says the same as freshness at every instant', () => {
  const version = fc.nat(8)
  const anyMark = fc.record({
    staleBefore: version,
    expiredBefore: version,
    deadlines: fc.array(fc.record({ before: version, at: fc.integer({ min: -50, max: 150 }) }), {
      maxLength: 4,
    }),
  })
  const seconds = fc.oneof(
    fc.nat(100).map((n) => n / 1000),
    fc.constant(never),
  )
  fc.assert(
    fc.property(
      version,
      seconds,
      seconds,
      fc.array(anyMark, { maxLength: 3 }),
      (v, revalidate, expire, marks) => {
        const aging: Aging = { version: v, bornAt: 0, life: { stale: 0, revalidate, expire } }
        const seen = outlook(aging, marks)
        for (let now = -60; now <= 160; now += 5) {
          const expected: Freshness =
            now >= expire * 1000 ||
            marks.some((m) => v < m.expiredBefore || m.deadlines.some((d) => v < d.before && now >= d.at))
              ? 'expired'
              : now >= revalidate * 1000 || marks.some((m) => v < m.staleBefore)
                ? 'stale'
                : 'fresh'
          expect(freshnessAt(seen, now)).toBe(expected)
          expect(freshness(aging, marks, now)).toBe(expected)
        }
      },
    ),
  )
})
