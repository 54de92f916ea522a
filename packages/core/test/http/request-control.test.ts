import { describe, expect, it, test } from 'vitest'
import { nothingAsked, requestControl } from '../../src/http/request-control.ts'

describe('RFC 9111 §5.2.1: what a request asks for', () => {
  test.each([
    ['no-cache', { noCache: true }],
    ['no-store', { noStore: true }],
    ['only-if-cached', { onlyIfCached: true }],
    ['max-age=5', { maxAge: 5 }],
    ['max-age=0', { maxAge: 0 }],
    ['min-fresh=5', { minFresh: 5 }],
    ['max-stale', { maxStale: Number.POSITIVE_INFINITY }],
    ['max-stale=5', { maxStale: 5 }],
    ['stale-if-error=5', { staleIfError: 5 }],
    ['MAX-AGE="5"', { maxAge: 5 }],
    ['max-age=9, max-age=5', { maxAge: 5 }],
    ['max-age=x', { maxAge: 0 }],
    ['max-stale=x', { maxStale: 0 }],
    ['max-age=5, no-cache', { maxAge: 5, noCache: true }],
    ['foo="no-cache"', {}],
    ['no-transform, must-revalidate', {}],
    ['', {}],
  ])('%s', (value, asked) => {
    expect(requestControl({ 'cache-control': value })).toEqual({ ...nothingAsked, ...asked })
  })

  it('is nothing without the field, told by identity', () => {
    expect(requestControl({})).toBe(nothingAsked)
  })
})

describe('RFC 9111 §5.4: Pragma', () => {
  it('counts as no-cache where there is no Cache-Control', () => {
    expect(requestControl({ pragma: 'No-Cache' })).toEqual({ ...nothingAsked, noCache: true })
    expect(requestControl({ pragma: 'x' })).toBe(nothingAsked)
    expect(requestControl({ pragma: 'no-cache', 'cache-control': 'max-age=5' }).noCache).toBe(false)
  })
})
