import { describe, expect, test } from 'vitest'
import { parseCacheControl } from '../../src/http/cache-control.ts'
import { explicitLifetime, heuristicLifetime } from '../../src/http/freshness-lifetime.ts'
import { lifeOf } from '../../src/http/lifetime.ts'
import { policyOf } from '../../src/http/response-policy.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const date = ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT']
const inAMinute = ['Expires', 'Thu, 01 Jan 2026 00:01:00 GMT']

const explicit = (lines: string[], targeted: string[] = []) =>
  explicitLifetime(policyOf(lines, targeted), lines, now)
const heuristic = (status: number, lines: string[]) =>
  heuristicLifetime(status, policyOf(lines, []), lines, now)

describe('RFC 9111 §4.2.1: an explicit lifetime', () => {
  test.each<[string, string[], number | undefined]>([
    ['s-maxage before max-age', ['Cache-Control', 'max-age=5, s-maxage=7'], 7],
    ['max-age before Expires', ['Cache-Control', 'max-age=5', ...inAMinute, ...date], 5],
    ['Expires less Date', [...inAMinute, ...date], 60],
    ['Expires less now without Date', inAMinute, 60],
    ['Expires before Date', ['Expires', 'Wed, 31 Dec 2025 00:00:00 GMT', ...date], 0],
    ['RFC 9111 §5.3: an invalid Expires has passed', ['Expires', '0'], 0],
    ['RFC 9111 §5.3: two Expires are invalid', [...inAMinute, ...inAMinute], 0],
    ['invalid max-age does not fall back to Expires', ['Cache-Control', 'max-age=x', ...inAMinute], 0],
    ['none', ['Cache-Control', 'public'], undefined],
  ])('%s', (_name, lines, seconds) => expect(explicit(lines)).toBe(seconds))

  test('RFC 9213 §2.2: is not read from Expires beside a targeted field', () => {
    const targeted = ['CDN-Cache-Control', 'must-revalidate', ...inAMinute]
    expect(explicit(targeted, ['cdn-cache-control'])).toBeUndefined()
  })
})

describe('RFC 9111 §4.2.2: a heuristic lifetime', () => {
  const anHourAgo = ['Last-Modified', 'Wed, 31 Dec 2025 23:00:00 GMT', ...date]

  test.each([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])('is a tenth for %d', (status) =>
    expect(heuristic(status, anHourAgo)).toBe(360),
  )
  test.each([201, 202, 302, 303, 307, 403, 500, 502, 503, 504, 599])('is none for %d', (status) =>
    expect(heuristic(status, anHourAgo)).toBeUndefined(),
  )
  test('is one for any status with public', () =>
    expect(heuristic(599, ['Cache-Control', 'public', ...anHourAgo])).toBe(360))
  test('is a day at most', () =>
    expect(heuristic(200, ['Last-Modified', 'Mon, 01 Jan 2001 00:00:00 GMT', ...date])).toBe(86_400))
  test('is none without Last-Modified, and 0 with one in the future', () => {
    expect(heuristic(200, date)).toBeUndefined()
    expect(heuristic(200, ['Last-Modified', 'Thu, 01 Jan 2026 01:00:00 GMT', ...date])).toBe(0)
  })
})

describe('RFC 5861 §3: the stale window', () => {
  test.each([
    ['stale-while-revalidate=9', 14],
    ['s-maxage=5, stale-while-revalidate=9', 14],
    ['stale-while-revalidate=9, must-revalidate', 5],
    ['stale-while-revalidate=9, proxy-revalidate', 5],
    ['stale-while-revalidate=9, no-cache', 0],
  ])('%s: expired at %d', (control, expire) =>
    expect(lifeOf(parseCacheControl([control]), 5).expire).toBe(expire),
  )
})
