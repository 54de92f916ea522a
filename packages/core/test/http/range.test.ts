import { describe, expect, test } from 'vitest'
import { partLines, requestedPart } from '../../src/http/range.ts'

const now = Date.parse('2026-01-01T00:00:00Z')

function part(range: string, { length = 10, ifRange = '', lines = [] as string[], method = 'GET' } = {}) {
  const rawHeaders = ifRange === '' ? [] : ['If-Range', ifRange]
  return requestedPart({ method, headers: { range }, rawHeaders }, lines, length, now)
}

describe('RFC 9110 §14.1.2: a byte range', () => {
  test.each<[string, number, number]>([
    ['bytes=0-0', 0, 1],
    ['bytes=2-4', 2, 5],
    ['bytes=2-', 2, 10],
    ['bytes=2-99', 2, 10],
    ['bytes=-3', 7, 10],
    ['bytes=-99', 0, 10],
    ['BYTES=1-1', 1, 2],
    ['bytes= 1-1 ,', 1, 2],
    ['bytes=0-99999999999999999999999', 0, 10],
  ])('%s', (range, start, end) => expect(part(range)).toEqual({ start, end }))

  test.each(['bytes=10-', 'bytes=10-11', 'bytes=-0', 'bytes=99999999999999999999999-'])(
    'is not there: %s',
    (range) => {
      const none = part(range)
      expect(none).toEqual({ start: 0, end: 0 })
      expect(partLines(none as never, 10)).toEqual(['Content-Range', 'bytes */10', 'Content-Length', '0'])
    },
  )

  test.each([
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=3-2',
    'bytes=0-1,3-4',
    'bytes=+1-2',
    'bytes=1.0-2',
    'items=0-1',
    'bytes 0-1',
    'bytes=0 - 1',
    'bytes==0-1',
  ])('counts as not there: %j', (range) => expect(part(range)).toBeUndefined())

  test('of an empty body is not there, or all of it', () => {
    expect(part('bytes=0-', { length: 0 })).toEqual({ start: 0, end: 0 })
    expect(part('bytes=-1', { length: 0 })).toBeUndefined()
  })

  test('is for GET alone', () => expect(part('bytes=0-1', { method: 'HEAD' })).toBeUndefined())

  test('RFC 9110 §14.4: Content-Range', () => {
    expect(partLines({ start: 2, end: 5 }, 10)).toEqual([
      'Content-Range',
      'bytes 2-4/10',
      'Content-Length',
      '3',
    ])
  })
})

describe('RFC 9110 §13.1.5: If-Range', () => {
  const modified = 'Wed, 31 Dec 2025 23:00:00 GMT'
  const date = ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT']

  test.each<[string, string, string[], boolean]>([
    ['the same strong tag', '"a"', ['ETag', '"a"'], true],
    ['another tag', '"b"', ['ETag', '"a"'], false],
    ['a weak tag', 'W/"a"', ['ETag', 'W/"a"'], false],
    ['a strong tag for a weak one', '"a"', ['ETag', 'W/"a"'], false],
    ['a tag where there is none', '"a"', [], false],
    ['the very date', modified, ['Last-Modified', modified, ...date], true],
    ['a later date', 'Wed, 31 Dec 2025 23:00:01 GMT', ['Last-Modified', modified, ...date], false],
    ['a date that is no strong validator', modified, ['Last-Modified', modified, 'Date', modified], false],
    ['a date where there is none', modified, date, false],
    ['neither', 'x', ['Last-Modified', modified, ...date], false],
  ])('%s', (_name, ifRange, lines, holds) => {
    expect(part('bytes=0-1', { ifRange, lines })).toEqual(holds ? { start: 0, end: 2 } : undefined)
  })
})
