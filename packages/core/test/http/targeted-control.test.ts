import { describe, expect, it, test } from 'vitest'
import { nothingSaid } from '../../src/http/cache-control.ts'
import { policyOf } from '../../src/http/response-policy.ts'
import { targetedControl } from '../../src/http/targeted-control.ts'

const read = (value: string) => targetedControl(['CDN-Cache-Control', value], ['cdn-cache-control'])

describe('RFC 9213 §2.1: a targeted field', () => {
  test.each([
    ['max-age=5', { maxAge: 5 }],
    ['max-age=5;x=1, must-revalidate', { maxAge: 5, mustRevalidate: true }],
    ['no-store', { noStore: true }],
    ['no-store=?0, max-age=1', { maxAge: 1 }],
    ['private, no-cache', { isPrivate: true, noCache: true }],
    ['private="x-a, x-b", max-age=1', { fieldsKeptOut: ['x-a', 'x-b'], maxAge: 1 }],
    ['max-age=1, max-age=2', { maxAge: 2 }],
    ['max-age=-5', { maxAge: 0 }],
    ['max-age=999999999999999', { maxAge: 2 ** 31 }],
    ['unknown="x"', {}],
  ])('says %s', (value, said) => {
    expect(read(value)).toEqual({ ...nothingSaid(), ...said })
  })

  test.each([
    '',
    ' ',
    'max-age="5"',
    'max-age=5.0',
    'max-age',
    'Max-Age=5',
    'max-age=5,',
    'max-age=60s',
    '"',
    'max-age=()',
  ])('counts as not there: %j', (value) => expect(read(value)).toBeUndefined())
})

describe('RFC 9213 §2.2: of several', () => {
  const fields = ['ours-cache-control', 'cdn-cache-control']
  const lines = [
    'Cache-Control',
    'no-store',
    'CDN-Cache-Control',
    'max-age=1',
    'Ours-Cache-Control',
    'max-age=2',
  ]

  it('the first in the list decides alone', () => {
    expect(policyOf(lines, fields)).toMatchObject({
      isTargeted: true,
      control: { maxAge: 2, noStore: false },
    })
  })

  it('one with a mistake gives way to the next, and all of them to Cache-Control', () => {
    expect(policyOf(['Ours-Cache-Control', 'Max-Age=2', ...lines.slice(0, 4)], fields).control.maxAge).toBe(1)
    expect(policyOf(['Cache-Control', 'max-age=3', 'CDN-Cache-Control', ','], fields)).toMatchObject({
      isTargeted: false,
      control: { maxAge: 3 },
    })
  })

  it('none counts that is not in the list', () => {
    expect(policyOf(lines, []).control.noStore).toBe(true)
  })
})
