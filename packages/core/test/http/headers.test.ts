import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  connectionNamed,
  hasHeader,
  headerValue,
  headerValues,
  hopByHop,
  isPerRequestHeader,
  listMembers,
} from '../../src/http/headers.ts'

const lines = ['Vary', 'Accept', 'X-A', '', 'vary', 'Origin', 'Set-Cookie', 'a=1, b', 'set-cookie', 'c=2']

describe('reading a field', () => {
  it('finds every line of it, in order, whatever its case', () => {
    expect(headerValues(lines, 'vary')).toEqual(['Accept', 'Origin'])
    expect(headerValues(lines, 'set-cookie')).toEqual(['a=1, b', 'c=2'])
  })

  it('joins the lines to one value', () => {
    expect(headerValue(lines, 'vary')).toBe('Accept, Origin')
  })

  it('tells an empty field from one that is absent', () => {
    expect(headerValue(lines, 'x-a')).toBe('')
    expect(hasHeader(lines, 'x-a')).toBe(true)
    expect(headerValue(lines, 'x-b')).toBeUndefined()
    expect(headerValues(lines, 'x-b')).toEqual([])
    expect(hasHeader(lines, 'x-b')).toBe(false)
  })

  it('never takes a value for a name', () => {
    expect(headerValues(['a', 'b', 'b', 'c'], 'b')).toEqual(['c'])
    expect(hasHeader(['a', 'b'], 'b')).toBe(false)
  })

  it('ignores a name without a value at the end', () => {
    expect(headerValue(['a', '1', 'b'], 'b')).toBeUndefined()
  })
})

describe('fields of a connection', () => {
  it('are those that RFC 9110 names', () => {
    for (const name of ['connection', 'transfer-encoding', 'proxy-authorization', 'trailer']) {
      expect(hopByHop.has(name)).toBe(true)
    }
    expect(hopByHop.has('cache-control')).toBe(false)
  })

  it('and those that Connection names, on any line', () => {
    const named = connectionNamed(['Connection', 'close, X-Hop', 'connection', ', Other ,'])
    expect([...named]).toEqual(['close', 'x-hop', 'other'])
    expect(connectionNamed(['Accept', 'x']).size).toBe(0)
  })
})

describe('fields of one request', () => {
  test.each([
    'x-request-id',
    'request-id',
    'x-correlation-id',
    'x-trace-id',
    'traceparent',
    'tracestate',
    'traceresponse',
    'server-timing',
    'x-response-time',
    'x-runtime',
    'retry-after',
    'ratelimit',
    'ratelimit-policy',
    'x-ratelimit-remaining',
    'x-rate-limit-limit',
    'x-amzn-trace-id',
    'x-cloud-trace-context',
    'x-b3-traceid',
    'b3',
    'cf-ray',
    'x-datadog-trace-id',
  ])('%s is one', (name) => expect(isPerRequestHeader(name)).toBe(true))

  test.each(['etag', 'cache-control', 'x-powered-by', 'link', 'x-request', 'b30', 'ratelimits'])(
    '%s is none',
    (name) => expect(isPerRequestHeader(name)).toBe(false),
  )
})

describe('listMembers', () => {
  test.each<[value: string, members: string[]]>([
    ['', []],
    [' , ,\t,', []],
    ['a', ['a']],
    ['a,b , c', ['a', 'b', 'c']],
    ['"a, b", c', ['"a, b"', 'c']],
    ['a="x\\", y", b', ['a="x\\", y"', 'b']],
    ['W/"a,b",d', ['W/"a,b"', 'd']],
    ['a, "b, c', ['a', '"b', 'c']],
    ['\u00a0a', ['\u00a0a']],
  ])('%j has the members %j', (value, members) => expect(listMembers(value)).toEqual(members))

  it('gives back what was joined', () => {
    const quoted = fc.string().map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`)
    const token = fc.stringMatching(/^[a-z=;]{1,8}$/)
    fc.assert(
      fc.property(
        fc.array(fc.oneof(quoted, token)),
        fc.constantFrom(',', ', ', ' ,, '),
        (members, separator) => {
          expect(listMembers(members.join(separator))).toEqual(members)
        },
      ),
    )
  })
})
