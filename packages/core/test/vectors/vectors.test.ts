import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Scenario, Step, Vectors } from './player.ts'
import { Mismatch, mustEqual, play } from './player.ts'

const vectors: Vectors = JSON.parse(readFileSync(new URL('next-16.4.6.json', import.meta.url), 'utf8'))

/** Scenario → why it is not replayed. */
const skipped: Readonly<Record<string, string>> = {
  'path-root-layout-invalidates-everything':
    'it expires a function by path; here paths are bound to responses only',
}

interface Difference {
  readonly reason: string
  /** What is observed here instead, by the index of the step. */
  readonly steps: Readonly<Record<number, object>>
  /** Steps that follow here, to show where it ends up. */
  readonly after?: readonly Step[]
}

const isStale = (value: number, runs: number) => ({
  value,
  served: 'stale',
  producer_runs_total: runs,
  value_is: 'same',
})

const differences: Readonly<Record<string, Difference>> = {
  'background-refresh-failure-keeps-stale': {
    reason: 'a refill that failed is retried with back-off, not at every read',
    steps: { 5: isStale(1, 2), 7: isStale(1, 2), 8: isStale(1, 2) },
    after: [
      { at_ms: 2002, action: 'get', args: { id: 'x' }, observe: isStale(1, 3) },
      {
        at_ms: 2003,
        action: 'get',
        args: { id: 'x' },
        observe: { value: 3, served: 'hit', producer_runs_total: 3, value_is: 'new' },
      },
    ],
  },
  'miss-failure-not-cached': {
    reason: 'the error reaches the caller as it was thrown, not as a digest of Next.js',
    steps: {
      2: { error: 'Error: x fails', producer_runs_total: 1 },
      3: { error: 'Error: x fails', producer_runs_total: 2 },
    },
  },
  'life-revalidate-zero': {
    reason: 'a life of 0 is not shared beyond the calls that wait for it already',
    steps: {
      2: { value: 2, served: 'miss', producer_runs_total: 2, value_is: 'new' },
      3: { value: 3, served: 'miss', producer_runs_total: 3, value_is: 'new' },
      4: { value: 4, served: 'miss', producer_runs_total: 4, value_is: 'new' },
    },
  },
}

const scenario = (name: string): Scenario => {
  const found = vectors.scenarios.find((one) => one.name === name)
  if (found === undefined) throw new Error(`There is no scenario "${name}"`)
  return found
}

const special = new Set([...Object.keys(skipped), ...Object.keys(differences)])

describe('functions and invalidations behave as recorded from Next.js', () => {
  it.each(vectors.scenarios.map(({ name }) => name).filter((name) => !special.has(name)))(
    '%s',
    async (name) => {
      await play(scenario(name), vectors.profiles_seconds)
    },
  )
})

describe('they differ on purpose', () => {
  it.each(
    Object.entries(differences).map(([name, difference]) => [name, difference.reason, difference] as const),
  )('%s: %s', async (name, _reason, { steps, after = [] }) => {
    const recorded = scenario(name)
    const extended = { ...recorded, steps: [...recorded.steps, ...after] }
    await play(extended, vectors.profiles_seconds, (index, expected, actual) => {
      mustEqual(index, steps[index] ?? expected, actual)
      if (steps[index] !== undefined && isDeepStrictEqual(expected, actual)) {
        throw new Error(`step ${index} comes out as recorded: it is no difference any more`)
      }
    })
  })
})

describe('they are skipped, and would not pass', () => {
  it.each(Object.entries(skipped))('%s: %s', async (name) => {
    await expect(play(scenario(name), vectors.profiles_seconds)).rejects.toThrow()
  })
})

describe('the player', () => {
  const define: Step = { at_ms: 0, action: 'define', args: { id: 'x', tags: ['t'] } }

  it('fails on an observation that does not come out', async () => {
    const get: Step = { at_ms: 0, action: 'get', args: { id: 'x' }, observe: { value: 2 } }
    const played = play({ name: 'wrong', steps: [define, get] }, vectors.profiles_seconds)
    await expect(played).rejects.toThrow(Mismatch)
  })

  it('fails on an action that it does not know', async () => {
    const step: Step = { at_ms: 0, action: 'restart_process', args: {} }
    const played = play({ name: 'unknown', steps: [step] }, vectors.profiles_seconds)
    await expect(played).rejects.toThrow('does not know the action "restart_process"')
  })

  it('fails on an observation that it does not know', async () => {
    const get: Step = { at_ms: 0, action: 'get', args: { id: 'x' }, observe: { colour: 'red' } }
    const played = play({ name: 'unknown', steps: [define, get] }, vectors.profiles_seconds)
    await expect(played).rejects.toThrow('does not know the observation "colour"')
  })
})
