import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCacheControl } from '../../src/http/cache-control.ts'
import { parseEtagList } from '../../src/http/etag.ts'
import { listMembers } from '../../src/http/headers.ts'
import { parseHttpDate } from '../../src/http/http-date.ts'
import { keyedTarget } from '../../src/http/key.ts'
import { parseMediaType } from '../../src/http/media-type.ts'
import { variantOf, varyMembers } from '../../src/http/vary.ts'

const parsers: Record<string, (value: string) => unknown> = {
  parseCacheControl: (value) => parseCacheControl([value]),
  parseHttpDate: (value) => parseHttpDate(value, 0),
  parseEtagList,
  varyMembers: (value) => varyMembers(['Vary', value]),
  variantOf: (value) => variantOf(['accept-encoding'], ['Accept-Encoding', value]),
  listMembers,
  parseMediaType,
  keyedTarget: (value) => keyedTarget(value, ['a']),
}

const pieces = [
  '"',
  '\\',
  ',',
  '=',
  ' ',
  '\t',
  ';',
  'W/',
  '*',
  'a',
  '0',
  'max-age',
  '?',
  '&',
  '%',
  '[',
  'a/b;',
  'é',
  '\0',
]
const hostile = fc.string({ unit: fc.constantFrom(...pieces) })

describe.each(Object.entries(parsers))('%s', (_name, parse) => {
  test('never throws', () => {
    fc.assert(fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (value) => void parse(value)))
  })

  // Quadratic work on this much would take minutes, linear work takes milliseconds.
  test('takes linear time', { timeout: 60_000 }, () => {
    for (const repeated of [...pieces, '",', '"\\', 'a="', 'a=",', ' ,', 'W/"', 'a;b=', '" "']) {
      for (const start of ['', 'a/b;a="', '?']) {
        const value = start + repeated.repeat(400_000 / repeated.length)
        const startedAt = performance.now()
        parse(value)
        expect(performance.now() - startedAt).toBeLessThan(2000)
      }
    }
  })
})
