import { expect, test } from 'vitest'
import { ownEtag, renewedResponse } from '../../src/http/renewal.ts'
import { storedResponse, validatorsOf } from '../../src/http/store-response.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const keeping = { storesCookies: false, storesPerRequest: false, keptOut: [] }
const staleness = { isByHeader: false, isForbidden: true, ifErrorSeconds: 0 }

function stored(lines: string[]) {
  const head = { status: 200, lines, baseline: [], body: undefined, isAuthenticated: false, route: undefined }
  const kept = { variantNames: [], variant: '', staleness, permitsAuthorization: false }
  return storedResponse(head, Buffer.from('body'), kept, { place: 'inside', now, keeping })
}

test('RFC 9111 §4.3.1: what a handler is asked by is its own tag, and a date that is old enough', () => {
  const modified = ['Last-Modified', 'Wed, 31 Dec 2025 23:00:00 GMT']
  expect(stored(['ETag', '"a"', ...modified]).validators).toEqual([
    'if-none-match',
    '"a"',
    'if-modified-since',
    modified[1],
  ])
  expect(stored(modified).validators).toEqual(['if-modified-since', modified[1]])
  expect(stored([]).validators).toEqual([])
})

test('RFC 9110 §8.8.2.2: a date within a second of Date is none', () => {
  const at = (time: string) => validatorsOf(['Last-Modified', `Thu, 01 Jan 2026 ${time} GMT`], now)
  expect(at('00:00:00')).toEqual([])
  expect(at('00:00:05')).toEqual([])
})

test('RFC 9111 §3.2: a 304 replaces the fields that it brings, but not what describes the body', () => {
  const lines = ['ETag', '"a"', 'X-Old', '1', 'X-Kept', '1', 'Content-Type', 'text/plain', 'Age', '5']
  const brought = [
    'ETag',
    '"a"',
    'X-Old',
    '2',
    'X-New',
    '2',
    'Content-Type',
    'text/html',
    'Connection',
    'x-hop',
    'X-Hop',
    '1',
  ]
  const renewed = renewedResponse(stored(lines), { lines: brought, baseline: [] }, { keeping, now })
  expect(renewed.headers).toEqual([
    'X-Kept',
    '1',
    'Content-Type',
    'text/plain',
    'Content-Length',
    '4',
    'ETag',
    '"a"',
    'X-Old',
    '2',
    'X-New',
    '2',
    'Date',
    'Thu, 01 Jan 2026 00:00:00 GMT',
  ])
  expect(ownEtag(renewed)).toBe('"a"')
})

test('a tag that we have made is nothing that the handler could be asked by', () => {
  const modified = ['Last-Modified', 'Wed, 31 Dec 2025 23:00:00 GMT']
  const renewed = renewedResponse(stored(modified), { lines: [], baseline: [] }, { keeping, now })
  expect(ownEtag(renewed)).toBeUndefined()
  expect(renewed.headers).toContain('ETag')
})
