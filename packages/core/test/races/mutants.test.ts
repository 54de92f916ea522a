import type { Cache } from '@restale/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { engineOf } from '../../src/cache/engine-of.ts'
import type { Law } from './judge.ts'
import { runModel } from './model.ts'
import { mutants } from './mutants.ts'
import { beginnings, race } from './race.ts'
import { subjects } from './subjects.ts'

const seeds = 100
const operations = 300

const older: Law =
  'a read that starts after a hard invalidation gets nothing older than what was current then'
const began: Law = 'a read that starts after a hard invalidation gets nothing that began before it'

/** In how many seeds each law is broken, and any of them. */
async function seedsThatBreak(
  patch?: (cache: Cache) => void,
): Promise<{ any: number; laws: Map<Law, number> }> {
  const laws = new Map<Law, number>()
  let any = 0
  for (let seed = 0; seed < seeds; seed++) {
    const { violations } = await runModel(seed, { operations, ...(patch === undefined ? {} : { patch }) })
    for (const law of new Set(violations.map((violation) => violation.law))) {
      laws.set(law, (laws.get(law) ?? 0) + 1)
    }
    if (violations.length > 0) any++
  }
  return { any, laws }
}

/** Whether any order of any race breaks a law. */
async function isFoundByRaces(patch: (cache: Cache) => void): Promise<boolean> {
  const settings = fc.record({
    subject: fc.constantFrom(...subjects),
    severity: fc.constantFrom('hard' as const, 'soft' as const),
    beginning: fc.constantFrom(...beginnings),
  })
  const { failed } = await fc.check(
    fc.asyncProperty(fc.scheduler(), settings, async (scheduler, { subject: { plans }, ...drawn }) => {
      const struck = [...new Set(plans.flatMap(({ tags }) => tags))]
      const { violations } = await race(scheduler, {
        plans,
        struck,
        ride: undefined,
        elapsing: 0,
        patch,
        ...drawn,
      })
      expect(violations).toEqual([])
    }),
    { numRuns: 500, endOnFailure: true },
  )
  return failed
}

describe(`of ${seeds} seeds`, () => {
  it('the cache as it is breaks a law in none', async () => {
    expect(await seedsThatBreak()).toEqual({ any: 0, laws: new Map() })
  })

  it.each([
    // Measured: 69, 61, 97 and 100.
    { ...mutants.stampAtWrite, atLeast: 50 },
    { ...mutants.joinAnyFlight, atLeast: 50 },
    { ...mutants.softOverwritesHard, atLeast: 90 },
    { ...mutants.wholeMilliseconds, atLeast: 95 },
  ])('$name: breaks a law in $atLeast or more', async ({ patch, atLeast }) => {
    const { any, laws } = await seedsThatBreak(patch)
    expect(any).toBeGreaterThanOrEqual(atLeast)
    expect(laws.get(older)).toBeGreaterThanOrEqual(atLeast / 2)
    expect(laws.get(began)).toBeGreaterThanOrEqual(atLeast / 2)
  })

  it('a cache that keeps nothing breaks no law, and is none', async () => {
    const { violations, hits, untouched } = await runModel(0, {
      operations,
      patch: (cache) => {
        engineOf(cache).memory.get = () => undefined
      },
    })
    expect(violations).toEqual([])
    expect(hits / untouched).toBeLessThan(0.1)
  })
})

describe('the races', () => {
  it.each(Object.values(mutants))('find $name as well', async ({ patch }) => {
    expect(await isFoundByRaces(patch)).toBe(true)
  })
})
