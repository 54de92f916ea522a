import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inTime, parsers, pieces } from './parsers.ts'

/** Many more by `npm run fuzz`. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 200)
const piece = fc.constantFrom(...pieces)
const grammatical = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''))
const text = fc.oneof(
  { weight: 4, arbitrary: grammatical },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii' }) },
)
const few = (maxLength: number) => fc.array(piece, { maxLength }).map((parts) => parts.join(''))

/** Texts that repeat themselves are those that make parsers go back and forth. */
const repeating = fc.record({ start: few(3), unit: few(4), end: few(3) })

describe.each(Object.entries(parsers))('%s', (_name, parse) => {
  test('never throws and always ends', { timeout: 0 }, () => {
    fc.assert(
      fc.property(text, (value) => inTime(() => parse(value))),
      { numRuns },
    )
  })

  // Quadratic work on this much would take a minute, and minutes where linear work takes more than milliseconds.
  test('takes linear time', { timeout: 0 }, () => {
    fc.assert(
      fc.property(repeating, ({ start, unit, end }) => {
        const value = start + unit.repeat(200_000 / (unit.length || 1)) + end
        const startedAt = performance.now()
        inTime(() => parse(value))
        expect(performance.now() - startedAt).toBeLessThan(10_000)
      }),
      // A counterexample is small as it is, and to look for a smaller one takes long.
      { numRuns: Math.ceil(numRuns / 40), endOnFailure: true },
    )
  })
})
