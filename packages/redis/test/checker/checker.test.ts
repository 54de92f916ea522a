import { env } from 'node:process'
import { beforeAll, describe, expect, test } from 'vitest'
import { build, check } from './checker.ts'

beforeAll(build, 120_000)

/** Of the run with faults; the one without takes half as long. More by `npm run check:processes`. */
const seconds = Number(env.CHECK_SECONDS ?? 14)

describe('three processes on one Redis', () => {
  test('obey each other while all is well', { timeout: 1_000_000 }, async () => {
    const { violations, failures, pairs, hitRatio, delaysMs } = await check({
      forMs: (seconds / 2) * 1000,
      hasFaults: false,
    })
    expect(failures).toEqual([])
    expect(violations.slice(0, 10)).toEqual([])
    expect(pairs).toBeGreaterThan(2_000)
    expect(hitRatio).toBeGreaterThan(0.9)
    const sorted = delaysMs.toSorted((a, b) => a - b)
    const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] as number
    if (env.RESTALE_LONG)
      console.log({ p50: at(0.5), p99: at(0.99), max: at(1), changes: sorted.length, pairs })
    expect(at(0.5)).toBeLessThanOrEqual(5)
    expect(at(1)).toBeLessThanOrEqual(250)
  })

  test('obey each other when things break', { timeout: 1_000_000 }, async () => {
    const { violations, failures, pairs, hitRatio } = await check({ forMs: seconds * 1000, hasFaults: true })
    expect(failures).toEqual([])
    expect(violations.slice(0, 10)).toEqual([])
    expect(pairs).toBeGreaterThan(4_000)
    expect(hitRatio).toBeGreaterThan(0.9)
  })
})

test('three processes on one LMDB folder obey each other at once', { timeout: 60_000 }, async () => {
  const { violations, failures, pairs, hitRatio } = await check({
    forMs: 4_000,
    hasFaults: false,
    isOneMachine: true,
  })
  expect(failures).toEqual([])
  expect(violations.slice(0, 10)).toEqual([])
  expect(pairs).toBeGreaterThan(2_000)
  expect(hitRatio).toBeGreaterThan(0.9)
})

describe('processes are caught that', () => {
  const cases: { mutant: string; hasFaults: boolean; maxMarks?: number }[] = [
    { mutant: 'stamp at write', hasFaults: false },
    { mutant: 'join an older flight', hasFaults: false },
    { mutant: 'soft overwrites hard', hasFaults: false },
    { mutant: 'forget marks without a floor', hasFaults: false, maxMarks: 4 },
    { mutant: 'skip the re-sync', hasFaults: true },
  ]

  // A slow machine does little in the time of one run.
  test.each(cases)('$mutant', { timeout: 300_000 }, async (options) => {
    let caught = 0
    for (let runs = 0; runs < 5 && caught === 0; runs++) {
      const { violations } = await check({ forMs: options.hasFaults ? 9_000 : 5_000, ...options })
      caught = violations.length
    }
    expect(caught).toBeGreaterThan(0)
  })

  test('remembering few marks is not what they are caught for', { timeout: 60_000 }, async () => {
    const { violations } = await check({ forMs: 2_000, hasFaults: false, maxMarks: 4 })
    expect(violations).toEqual([])
  })
})
