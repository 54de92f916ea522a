import { env } from 'node:process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Plan } from './plan.ts'
import type { Finish } from './race.ts'
import { beginnings, race } from './race.ts'
import { subjects } from './subjects.ts'

/** `RESTALE_LONG=1 vitest run interleavings.test.ts` takes a hundred times as many orders. */
const numRuns = env.RESTALE_LONG === '1' ? 20_000 : 200

const severities = ['hard', 'soft'] as const
const cases = subjects.flatMap((subject) =>
  severities.map((severity) => ({ ...subject, severity, kind: `a ${severity} invalidation` })),
)

function tagsOf(plans: readonly Plan[]): readonly string[] {
  return [...new Set(plans.flatMap(({ tags }) => tags))]
}

/** A value that may be given stale is given at once, whatever else is under way. */
function expectNoWaiting({ outcomes }: Finish): void {
  for (const { wasThere } of outcomes) expect(wasThere).toBe(true)
}

/** When all is over, each source is seen as it is. */
function expectCurrent({ last, world }: Finish): void {
  for (const [tag, { version }] of last.at(-1)?.run?.readings ?? []) {
    expect(`${tag} is ${version}`).toBe(`${tag} is ${world.sources.current(tag)}`)
  }
}

describe.each(cases)('$name, $kind', ({ plans, severity }) => {
  const settings = fc.record({
    beginning: fc.constantFrom(...beginnings),
    struck: fc.subarray([...tagsOf(plans)], { minLength: 1 }),
    // Nobody waits longer for what is undecided, or for anything: see docs/fills.md.
    elapsing: fc.constantFrom(0, 0, 200, 30_000),
    ride: fc.option(fc.nat(12), { nil: undefined, freq: 2 }),
  })

  it('holds in every order of start, read, invalidate, finish and store', {
    timeout: 3_600_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), settings, async (scheduler, drawn) => {
        const { beginning, elapsing } = drawn
        const finish = await race(scheduler, { plans, severity, ...drawn })
        expect(finish.violations).toEqual([])
        expect(finish.outcomes.length).toBe(4)
        expect(finish.last.at(-1)?.wasThere).toBe(true)
        expectCurrent(finish)
        if (severity === 'hard') return
        const isServable = beginning === 'a fresh value' || beginning === 'a value stale by age'
        if (isServable) expectNoWaiting(finish)
        // One, and one behind what has turned stale.
        if (elapsing === 0) expect(finish.runs).toBeLessThanOrEqual(2)
      }),
      { numRuns },
    )
  })
})
