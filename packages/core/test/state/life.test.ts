import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Life, Profile } from '../../src/state/life.ts'
import { builtInProfiles, lifeProblem, remaining, shorter, withDefaults } from '../../src/state/life.ts'

const never = Number.POSITIVE_INFINITY

test("the seven built-in profiles have Next.js's numbers", () => {
  expect(builtInProfiles).toEqual({
    default: { stale: 300, revalidate: 900, expire: never },
    seconds: { stale: 30, revalidate: 1, expire: 60 },
    minutes: { stale: 300, revalidate: 60, expire: 3600 },
    hours: { stale: 300, revalidate: 3600, expire: 86400 },
    days: { stale: 300, revalidate: 86400, expire: 604800 },
    weeks: { stale: 300, revalidate: 604800, expire: 2592000 },
    max: { stale: 300, revalidate: 2592000, expire: 31536000 },
  })
  for (const profile of Object.values(builtInProfiles)) expect(lifeProblem(profile)).toBeUndefined()
})

describe('the fields of a life', () => {
  const right: unknown[] = [
    {},
    { stale: 0 },
    { revalidate: 0, expire: 0 },
    { revalidate: 0.5 },
    { revalidate: 60, expire: 60 },
    { revalidate: never, expire: never },
    { revalidate: 60, expire: never },
    { stale: undefined, revalidate: undefined, expire: undefined },
    { stale: 1e9, revalidate: 1, expire: 2 },
    { expire: -0 },
    Object.assign(Object.create(null), { expire: 5 }),
  ]
  test.each(right)('%j is right', (fields) => {
    expect(lifeProblem(fields)).toBeUndefined()
  })

  const wrong: [unknown, RegExp][] = [
    [null, /expected an object.*null/],
    [undefined, /expected an object.*undefined/],
    [false, /expected an object.*false/],
    [60, /expected an object.*60/],
    [[], /expected an object.*array/],
    [[60], /expected an object.*array/],
    [() => {}, /expected an object.*function/],
    [Symbol('life'), /expected an object.*symbol/],
    [{ revalidate: false }, /"revalidate" must be a number.*boolean false/],
    [{ revalidate: null }, /"revalidate" must be a number.*null/],
    [{ revalidate: '60' }, /"revalidate" must be a number.*string/],
    [{ expire: 60n }, /"expire" must be a number.*bigint/],
    [{ expire: {} }, /"expire" must be a number.*object/],
    [{ expire: Object.create(null) }, /"expire" must be a number.*object/],
    [{ stale: Number.NaN }, /"stale" must be 0 or more.*NaN/],
    [{ stale: -1 }, /"stale" must be 0 or more.*-1/],
    [{ revalidate: -0.001 }, /"revalidate" must be 0 or more/],
    [{ expire: Number.NEGATIVE_INFINITY }, /"expire" must be 0 or more/],
    [{ revalidate: 61, expire: 60 }, /"revalidate" \(61\) must not be greater than "expire" \(60\)/],
    [{ revalidate: never, expire: 60 }, /must not be greater/],
    [{ revalidate: 60, expires: 60 }, /"expires" is not a field/],
    [{ toString: 60 }, /"toString" is not a field/],
    [JSON.parse('{"__proto__": 60}'), /"__proto__" is not a field/],
  ]
  test.each(wrong)('what is wrong is named: %#', (fields, problem) => {
    expect(lifeProblem(fields)).toMatch(problem)
  })

  test('a problem is always said, never thrown, whatever is given', () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true }),
        fc.anything(),
        (value, field) => {
          for (const fields of [value, { revalidate: field }, { expire: value }]) {
            const problem = lifeProblem(fields)
            expect(problem === undefined || typeof problem === 'string').toBe(true)
          }
        },
      ),
    )
  })

  test('a value that cannot be turned into a string is described all the same', () => {
    const hostile = {
      toString() {
        throw new Error('no')
      },
    }
    expect(lifeProblem({ expire: hostile })).toMatch(/"expire" must be a number/)
  })
})

const field = fc.option(fc.oneof(fc.nat(100), fc.constant(never)), { nil: undefined })
const profile: fc.Arbitrary<Profile> = fc
  .record({ stale: field, revalidate: field, expire: field })
  .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)))
const names = ['stale', 'revalidate', 'expire'] as const

describe('several lives in one scope', () => {
  test('each field keeps the minimum, a field that neither has stays out', () => {
    expect(shorter({ stale: 5, expire: 9 }, { stale: 3, revalidate: 4 })).toEqual({
      stale: 3,
      revalidate: 4,
      expire: 9,
    })
    expect(shorter({}, {})).toEqual({})
    expect(shorter({ expire: never }, {})).toEqual({ expire: never })
    expect(shorter({ revalidate: 0 }, { revalidate: 5 })).toEqual({ revalidate: 0 })
  })

  test('their order does not matter, nor how often one is said', () => {
    fc.assert(
      fc.property(profile, profile, profile, (a, b, c) => {
        expect(shorter(a, b)).toEqual(shorter(b, a))
        expect(shorter(a, a)).toEqual(a)
        expect(shorter(shorter(a, b), c)).toEqual(shorter(a, shorter(b, c)))
        for (const name of names) {
          expect(shorter(a, b)[name] ?? never).toBe(Math.min(a[name] ?? never, b[name] ?? never))
        }
      }),
    )
  })
})

describe('defaults', () => {
  const defaults: Life = { stale: 1, revalidate: 2, expire: 3 }

  test('only fields that were left out come from the defaults; 0 is not left out', () => {
    expect(withDefaults({}, defaults)).toEqual(defaults)
    expect(withDefaults({ revalidate: 0 }, defaults)).toEqual({ stale: 1, revalidate: 0, expire: 3 })
    expect(withDefaults({ stale: 7, revalidate: 8, expire: never }, defaults)).toEqual({
      stale: 7,
      revalidate: 8,
      expire: never,
    })
  })
})

describe('what remains of a life', () => {
  test('is less by its age, never below 0, and never stays never', () => {
    expect(remaining({ stale: 10, revalidate: 20, expire: never }, 15)).toEqual({
      stale: 0,
      revalidate: 5,
      expire: never,
    })
    expect(remaining({ stale: 1, revalidate: 2, expire: 3 }, 0)).toEqual({
      stale: 1,
      revalidate: 2,
      expire: 3,
    })
    expect(remaining({ stale: 1, revalidate: 2, expire: 3 }, 1e9)).toEqual({
      stale: 0,
      revalidate: 0,
      expire: 0,
    })
  })
})
