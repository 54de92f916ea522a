import { env } from 'node:process'
import { describe, expect, it } from 'vitest'
import type { Report } from './model.ts'
import { runModel } from './model.ts'

/** `RESTALE_LONG=1 vitest run model.test.ts` takes a hundred times as many. */
const seeds = env.RESTALE_LONG === '1' ? 20_000 : 200
const operations = 300

/** The first seed that breaks a law, and what it breaks. */
async function runSeeds(count: number): Promise<{ broken: unknown; reports: Report[] }> {
  const reports: Report[] = []
  for (let seed = 0; seed < count; seed++) {
    const report = await runModel(seed, { operations })
    reports.push({ ...report, trace: '' })
    if (report.violations.length > 0) return { broken: { seed, violations: report.violations }, reports }
  }
  return { broken: undefined, reports }
}

describe('a cache under random operations', () => {
  it(`keeps the laws, and is still a cache: ${seeds} seeds`, { timeout: 3_600_000 }, async () => {
    const { broken, reports } = await runSeeds(seeds)
    expect(broken).toBeUndefined()

    const sum = (field: 'reads' | 'untouched' | 'hits') =>
      reports.reduce((total, report) => total + report[field], 0)
    // Enough to say something of, among all the invalidations.
    expect(sum('untouched') / sum('reads')).toBeGreaterThan(0.15)
    expect(sum('hits') / sum('untouched')).toBeGreaterThan(0.9)
  })

  it('does the same again for the same seed', async () => {
    const [one, again, other] = [
      await runModel(1, { operations }),
      await runModel(1, { operations }),
      await runModel(2, { operations }),
    ]
    expect(again).toEqual(one)
    expect(other?.trace).not.toBe(one?.trace)
  })
})
