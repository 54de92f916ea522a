import { expect, test } from 'vitest'
import { isOutage, thrownStatus } from '../../src/http/thrown-status.ts'

test.each<[unknown, number | undefined]>([
  [Object.assign(new Error('x'), { status: 404 }), 404],
  [Object.assign(new Error('x'), { statusCode: 503 }), 503],
  [{ status: 'x', statusCode: 400 }, 400],
  [{ status: 200 }, undefined],
  [{ status: 404.5 }, undefined],
  [new Error('x'), undefined],
  ['x', undefined],
  [null, undefined],
  [undefined, undefined],
])('%o says %s', (error, status) => expect(thrownStatus(error)).toBe(status))

test('RFC 5861 §4: errors that something stale may stand in for', () => {
  const statuses = [404, 429, 500, 501, 502, 503, 504, 505, 599]
  expect(statuses.filter(isOutage)).toEqual([500, 502, 503, 504])
})
