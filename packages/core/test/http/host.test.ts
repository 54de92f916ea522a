import { describe, expect, test } from 'vitest'
import { hasPlainHost } from '../../src/http/host.ts'
import { routingPairs } from '../../src/http/routing-fields.ts'

interface Row {
  readonly authority: string
  readonly rawHeaders: readonly string[]
  /** What comes into the key beside `authority`. */
  readonly other: readonly string[]
  readonly isPlain: boolean
}

const plain = { authority: 'a.test', rawHeaders: ['Host', 'a.test'], other: [], isPlain: true }

const rows: Record<string, Row> = {
  'the same on both sides': plain,
  'a port': { ...plain, authority: 'a.test:80', rawHeaders: ['host', 'a.test:80'] },
  'an address of IPv6': { ...plain, authority: '[::1]:80', rawHeaders: ['host', '[::1]:80'] },
  'HTTP/2': { ...plain, rawHeaders: [':authority', 'a.test', ':path', '/'] },
  'HTTP/2 that says it twice': { ...plain, rawHeaders: [':authority', 'a.test', 'host', 'a.test'] },
  'a proxy that is trusted': { ...plain, rawHeaders: ['HOST', 'b.test'], other: ['b.test'] },
  'no line at all': { ...plain, rawHeaders: ['Accept', '*/*'] },
  'no host at all': { ...plain, authority: '', rawHeaders: [], isPlain: false },
  'a value that looks like a name': { ...plain, rawHeaders: ['X', 'host', 'Y', ':authority'] },
  'a user in the line': { ...plain, rawHeaders: ['Host', 'b@a.test'], other: ['b@a.test'], isPlain: false },
  'two in a line': {
    ...plain,
    rawHeaders: ['Host', 'a.test,b.test'],
    other: ['a.test,b.test'],
    isPlain: false,
  },
  'a line that says nothing': { ...plain, rawHeaders: ['Host', ''], other: [''], isPlain: false },
  'a tilde': { ...plain, rawHeaders: ['Host', 'b~a.test'], other: ['b~a.test'], isPlain: false },
  'an odd authority': { ...plain, authority: 'b@a.test', other: ['a.test'], isPlain: false },
  'two lines': {
    ...plain,
    rawHeaders: ['Host', 'a.test', 'Host', 'b.test'],
    other: ['b.test'],
    isPlain: false,
  },
  'the same line twice': { ...plain, rawHeaders: ['Host', 'a.test', 'Host', 'a.test'], isPlain: false },
  'HTTP/2 that says two': {
    ...plain,
    rawHeaders: [':authority', 'a.test', 'host', 'b.test'],
    other: ['b.test'],
    isPlain: false,
  },
  'HTTP/2 that says two, behind a trusted proxy': {
    ...plain,
    authority: 'c.test',
    rawHeaders: [':authority', 'a.test', 'host', 'b.test'],
    other: ['a.test', 'b.test'],
    isPlain: false,
  },
}

describe.each(Object.entries(rows))('%s', (_name, { other, isPlain, ...request }) => {
  test('is in the key', () => {
    const pairs = routingPairs(request.rawHeaders, request.authority)
    expect(pairs.map(([, value]) => value)).toEqual(other)
    expect(routingPairs(request.rawHeaders, undefined)).toEqual([])
  })
  test('is told for what it is', () => expect(hasPlainHost(request)).toBe(isPlain))
})
