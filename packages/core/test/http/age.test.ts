import { describe, expect, test } from 'vitest'
import { generatedAt, receivedAge } from '../../src/http/age.ts'

const now = Date.parse('2026-01-01T00:01:00Z')

describe('RFC 9111 §5.1: a received Age', () => {
  test.each([
    ['60', 60],
    ['060', 60],
    [' 60 ', 60],
    ['60, 5', 60],
    ['99999999999999', 2 ** 31],
    ['-1', 0],
    ['1.5', 0],
    ['60a', 0],
    ['', 0],
    ['a, 60', 0],
  ])('%j is %d seconds', (value, seconds) => expect(receivedAge(['Age', value])).toBe(seconds))

  test('in several lines is the first', () => expect(receivedAge(['Age', '5', 'age', '7'])).toBe(5))
})

describe('RFC 9111 §4.2.3: the instant from which age counts', () => {
  const startedAt = now - 2_000

  test('is that of the request, so that the time it took counts', () => {
    expect(generatedAt([], startedAt, now)).toBe(startedAt)
    expect(generatedAt(['Age', '10'], startedAt, now)).toBe(startedAt - 10_000)
  })

  test('is its Date if that is older', () => {
    const date = ['Date', 'Thu, 01 Jan 2026 00:00:30 GMT']
    expect(generatedAt(date, startedAt, now)).toBe(now - 30_000)
    expect(generatedAt([...date, 'Age', '40'], startedAt, now)).toBe(startedAt - 40_000)
  })

  test('is not moved by a Date in the future, nor by what is none', () => {
    expect(generatedAt(['Date', 'Thu, 01 Jan 2026 00:09:00 GMT'], startedAt, now)).toBe(startedAt)
    expect(generatedAt(['Date', 'yesterday'], startedAt, now)).toBe(startedAt)
  })
})
