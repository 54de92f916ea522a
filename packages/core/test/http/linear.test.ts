import { performance } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import { inTime, parsers } from './parsers.ts'

const starts = ['', 'a/b;a="', '?']
const units = [
  ...[
    '"',
    '\\',
    ',',
    '=',
    ' ',
    '\t',
    ';',
    '*',
    '(',
    '-',
    ':',
    'W/',
    'a',
    '0',
    'max-age',
    '&',
    '%',
    '[',
    'é',
    '\0',
  ],
  ...['",', '"\\', 'a="', 'a=",', ' ,', 'W/"', 'a;b=', '" "', '(a', ';q='],
]

describe.each(Object.entries(parsers))('%s', (_name, parse) => {
  // Quadratic work on this much would take a minute, linear work takes milliseconds.
  test('takes linear time', { timeout: 60_000 }, () => {
    for (const unit of units) {
      for (const start of starts) {
        const value = start + unit.repeat(200_000 / unit.length)
        const startedAt = performance.now()
        inTime(() => parse(value))
        expect(performance.now() - startedAt).toBeLessThan(2000)
      }
    }
  })
})
