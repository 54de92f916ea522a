import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { CacheStatus } from '../../src/http/cache-status.ts'
import { appendCacheStatus, formatCacheStatus } from '../../src/http/cache-status.ts'

describe('formatCacheStatus', () => {
  test.each<[status: CacheStatus, value: string]>([
    [{ hit: true }, 'restale; hit'],
    [{ hit: true, ttl: 376 }, 'restale; hit; ttl=376'],
    [{ hit: true, ttl: -0.5 }, 'restale; hit; ttl=-1'],
    [{ hit: true, ttl: 12.9 }, 'restale; hit; ttl=12'],
    [{ hit: true, ttl: Number.POSITIVE_INFINITY }, 'restale; hit'],
    [{ hit: true, ttl: Number.NaN }, 'restale; hit'],
    [{ hit: true, ttl: 1e300 }, 'restale; hit; ttl=999999999999999'],
    [{ hit: true, ttl: 5, detail: 'unverified' }, 'restale; hit; ttl=5; detail=unverified'],
    [{ fwd: 'uri-miss', stored: true }, 'restale; fwd=uri-miss; stored'],
    [{ fwd: 'uri-miss', stored: false, collapsed: true }, 'restale; fwd=uri-miss; collapsed'],
    [
      { fwd: 'stale', fwdStatus: 304, stored: true, collapsed: false, ttl: 60 },
      'restale; fwd=stale; fwd-status=304; stored; ttl=60',
    ],
    [{ fwd: 'bypass', detail: 'cookie' }, 'restale; fwd=bypass; detail=cookie'],
    [{ fwd: 'bypass', detail: 'set-cookie:sid/1' }, 'restale; fwd=bypass; detail=set-cookie:sid/1'],
    [{ fwd: 'bypass', detail: '*' }, 'restale; fwd=bypass; detail=*'],
    [{ fwd: 'bypass', detail: '4xx' }, 'restale; fwd=bypass; detail="4xx"'],
    [{ fwd: 'bypass', detail: '' }, 'restale; fwd=bypass; detail=""'],
    [{ fwd: 'bypass', detail: 'a "b" \\ c' }, 'restale; fwd=bypass; detail="a \\"b\\" \\\\ c"'],
    [{ fwd: 'bypass', detail: 'a\r\nX: ü' }, 'restale; fwd=bypass; detail="a??X: ?"'],
  ])('of %j is %s', (status, value) => expect(formatCacheStatus(status)).toBe(value))

  it('is a valid structured field whatever the detail and the numbers', () => {
    const valid =
      /^restale; hit(?:; ttl=-?\d{1,15})?; detail=(?:[A-Za-z*][!#$%&'*+\-.^_`|~\w:/]*|"(?:[ !#-[\]-~]|\\["\\])*")$/
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.double(), (detail, ttl) => {
        expect(formatCacheStatus({ hit: true, ttl, detail })).toMatch(valid)
      }),
    )
  })
})

describe('appendCacheStatus', () => {
  it('puts ours behind what nearer caches said', () => {
    expect(appendCacheStatus('OriginCache; hit; ttl=1100', 'restale; hit')).toBe(
      'OriginCache; hit; ttl=1100, restale; hit',
    )
  })

  it('is ours alone when nothing was said', () => {
    expect(appendCacheStatus(undefined, 'restale; hit')).toBe('restale; hit')
    expect(appendCacheStatus('', 'restale; hit')).toBe('restale; hit')
  })
})
