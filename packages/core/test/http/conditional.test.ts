import { describe, expect, it, test } from 'vitest'
import { isBodyField, isConditional, isNotModified, notModifiedHeaders } from '../../src/http/conditional.ts'

const now = Date.UTC(2026, 6, 4, 12)
const older = 'Sat, 04 Jul 2026 10:59:59 GMT'
const date = 'Sat, 04 Jul 2026 11:00:00 GMT'
const newer = 'Sat, 04 Jul 2026 11:00:01 GMT'

describe('If-None-Match', () => {
  test.each<[ifNoneMatch: string, etag: string | undefined, isMatch: boolean]>([
    ['"a"', '"a"', true],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['"x", W/"a", "y"', '"a"', true],
    ['"x", "y"', '"a"', false],
    ['"a,b"', '"a,b"', true],
    ['"ü"', '"ü"', true],
    ['*', '"a"', true],
    ['*', undefined, true],
    ['"a"', undefined, false],
    ['', '', false],
    ['', undefined, false],
    ['a', '"a"', false],
    ['a', 'a', true],
  ])('%j against the ETag %j: %s', (ifNoneMatch, etag, isMatch) => {
    const stored = etag === undefined ? [] : ['ETag', etag]
    expect(isNotModified(['If-None-Match', ifNoneMatch], stored, now)).toBe(isMatch)
  })

  it('is read from all its lines', () => {
    expect(isNotModified(['if-none-match', '"x"', 'If-None-Match', '"a"'], ['etag', '"a"'], now)).toBe(true)
  })

  it('makes If-Modified-Since count for nothing', () => {
    const stored = ['ETag', '"a"', 'Last-Modified', date]
    expect(isNotModified(['If-Modified-Since', newer, 'If-None-Match', '"x"'], stored, now)).toBe(false)
    expect(isNotModified(['If-Modified-Since', older, 'If-None-Match', '"a"'], stored, now)).toBe(true)
  })
})

describe('If-Modified-Since', () => {
  test.each<[since: string, isMatch: boolean]>([
    [newer, true],
    [date, true],
    ['Saturday, 04-Jul-26 11:00:00 GMT', true],
    ['Sat Jul  4 11:00:00 2026', true],
    [older, false],
    ['2026-07-04T11:00:01Z', false],
    ['', false],
  ])('%j is held against Last-Modified: %s', (since, isMatch) => {
    const stored = ['Last-Modified', date, 'Date', newer]
    expect(isNotModified(['If-Modified-Since', since], stored, now)).toBe(isMatch)
  })

  it('is held against Date where there is no Last-Modified, and then only a later one will do', () => {
    expect(isNotModified(['If-Modified-Since', newer], ['Date', date], now)).toBe(true)
    expect(isNotModified(['If-Modified-Since', date], ['Date', date], now)).toBe(false)
    expect(isNotModified(['If-Modified-Since', older], ['Date', date], now)).toBe(false)
  })

  it('does not match a response that dates itself by nothing, or by nonsense', () => {
    expect(isNotModified(['If-Modified-Since', newer], [], now)).toBe(false)
    expect(isNotModified(['If-Modified-Since', newer], ['Last-Modified', 'now', 'Date', older], now)).toBe(
      false,
    )
  })

  it('is ignored when it is sent twice', () => {
    const twice = ['If-Modified-Since', newer, 'If-Modified-Since', newer]
    expect(isNotModified(twice, ['Last-Modified', date], now)).toBe(false)
  })
})

describe('a request', () => {
  it('without a condition gets the whole response', () => {
    expect(isNotModified([], ['ETag', '"a"', 'Last-Modified', date], now)).toBe(false)
  })

  it('with If-Match or If-Unmodified-Since is not for a cache to judge', () => {
    const conditions = ['If-Match', '"a"', 'If-Unmodified-Since', newer]
    expect(isNotModified(conditions, ['ETag', '"a"', 'Last-Modified', date], now)).toBe(false)
  })

  test.each(['If-None-Match', 'If-Modified-Since', 'If-Match', 'If-Unmodified-Since', 'If-Range'])(
    'with %s is conditional',
    (name) => expect(isConditional(['Accept', '*/*', name, 'x'])).toBe(true),
  )

  it('with none of them is not', () => {
    expect(isConditional(['Accept', '*/*', 'X-If-Match', '"a"'])).toBe(false)
  })
})

describe('a 304', () => {
  const body = ['Content-Length', '9', 'content-type', 'text/html', 'Content-Encoding', 'br']
  const rest = ['Content-Language', 'de', 'Content-Range', 'bytes 0-1/9', 'Last-Modified', date]
  const kept = [
    'Cache-Control',
    'max-age=9',
    'Vary',
    'Origin',
    'vary',
    'X-A',
    'Access-Control-Allow-Origin',
    '*',
  ]

  it('carries what a cache needs, and no description of a body', () => {
    expect(notModifiedHeaders([...body, 'ETag', '"a"', ...kept, ...rest])).toEqual(['ETag', '"a"', ...kept])
  })

  it('lets an adapter ask for each name', () => {
    expect(isBodyField('content-length')).toBe(true)
    expect(isBodyField('etag')).toBe(false)
  })

  it('keeps Last-Modified when there is no ETag', () => {
    expect(notModifiedHeaders([...body, ...kept, ...rest])).toEqual([...kept, 'Last-Modified', date])
  })
})
