import { env } from 'node:process'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { KeyedQuery, KeyPair, KeyParts as StartedParts } from '../../src/http/key.ts'
import { cacheKey, cookieValues, keyedTarget, keyStarts } from '../../src/http/key.ts'

/** `RESTALE_LONG=1 vitest run key.test.ts` takes a million tuples. */
const numRuns = env.RESTALE_LONG === '1' ? 1_000_000 : 20_000

interface KeyParts extends Omit<StartedParts, 'start'> {
  readonly version: string
  readonly mount: string
  readonly scheme: string
  readonly authority: string
}

function keyOf({ version, mount, scheme, authority, ...parts }: KeyParts): string {
  return cacheKey({ start: keyStarts(version, mount)(scheme, authority), ...parts })
}

// The characters that the encoding itself is made of, and what fields and targets like to hold.
const nasty = fc.string({
  unit: fc.constantFrom('0', '1', '2', ':', '-', '+', '~', ' ', ',', '\n', '\0', 'a', 'é', '\u{1f600}'),
})
const text = fc.oneof(
  { weight: 3, arbitrary: nasty },
  fc.string({ maxLength: 12 }),
  fc.string({ minLength: 8, maxLength: 24 }),
)
const pair: fc.Arbitrary<KeyPair> = fc.tuple(text, fc.option(text, { nil: undefined }))
const pairs = fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(pair, { maxLength: 3 }))
const parts: fc.Arbitrary<KeyParts> = fc.record({
  version: text,
  mount: text,
  scheme: text,
  authority: text,
  target: text,
  headers: pairs,
  cookies: pairs,
})

const plain: KeyParts = {
  version: 'v1',
  mount: '',
  scheme: 'https',
  authority: 'example.com',
  target: '/a?b=1',
  headers: [],
  cookies: [],
}

function fieldsOf({ version, mount, scheme, authority, target, headers, cookies }: KeyParts): string {
  const some = (list: readonly KeyPair[]) => list.map(([name, value]) => [name, value ?? null])
  return JSON.stringify([version, mount, scheme, authority, target, some(headers), some(cookies)])
}

/** Other parts that are as near as can be: a character moves from one part to the next, or a pair changes lists. */
function neighbours(a: KeyParts): KeyParts[] {
  const firstHeader = a.headers[0]
  return [
    { ...a, version: a.version + a.mount, mount: '' },
    { ...a, version: '', mount: a.version + a.mount },
    { ...a, mount: a.mount.slice(0, -1), scheme: a.mount.slice(-1) + a.scheme },
    { ...a, scheme: a.scheme + a.authority.slice(0, 1), authority: a.authority.slice(1) },
    { ...a, authority: a.authority + a.target, target: '' },
    { ...a, headers: a.cookies, cookies: a.headers },
    { ...a, headers: [...a.headers, ...a.cookies], cookies: [] },
    { ...a, headers: a.headers.slice(1), cookies: firstHeader ? [firstHeader, ...a.cookies] : a.cookies },
    { ...a, headers: a.headers.map(([name, value]): KeyPair => [name, value ?? '']) },
    { ...a, headers: [], cookies: [], target: keyOf(a) },
  ]
}

describe('keyStarts', () => {
  it('is of this scheme and this authority, whatever it was asked for before', () => {
    const startOf = keyStarts('v1', 'mount')
    const asked = ['a', 'b', 'b', 'a'].flatMap((authority) => [
      ['http', authority],
      ['https', authority],
    ]) as [string, string][]
    for (const [scheme, authority] of asked)
      expect(startOf(scheme, authority)).toBe(keyStarts('v1', 'mount')(scheme, authority))
    expect(new Set(asked.map((each) => startOf(...each))).size).toBe(4)
  })
})

describe('cacheKey', () => {
  it('is equal for equal inputs', () => {
    fc.assert(
      fc.property(parts, (a) => {
        expect(keyOf(structuredClone(a))).toBe(keyOf(a))
      }),
    )
  })

  it('is equal for no other inputs', { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        if ((keyOf(a) === keyOf(b)) !== (fieldsOf(a) === fieldsOf(b))) throw new Error('two inputs, one key')
        for (const near of neighbours(a)) {
          if ((keyOf(a) === keyOf(near)) !== (fieldsOf(a) === fieldsOf(near))) throw new Error('too near')
        }
      }),
      { numRuns },
    )
  })

  it('tells absent from empty, and a header from a cookie', () => {
    const keys = [
      plain,
      { ...plain, headers: [['a', undefined]] as const },
      { ...plain, headers: [['a', '']] as const },
      { ...plain, cookies: [['a', '']] as const },
      { ...plain, cookies: [['a', undefined]] as const },
    ].map(keyOf)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('has the target as it is at its end', () => {
    expect(keyOf(plain)).toMatch(/ \/a\?b=1$/)
  })
})

describe('keyedTarget', () => {
  const only: KeyedQuery = ['a', 'q']
  const less: KeyedQuery = { ignore: ['utm', 'x y'] }

  test.each<[target: string, query: KeyedQuery, keyed: string]>([
    ['/p?z=1&a=2', 'all', '/p?z=1&a=2'],
    ['/p', only, '/p'],
    ['/p?', only, '/p?'],
    ['/p?', less, '/p?'],
    ['/p?a=1', only, '/p?a=1'],
    ['/p?z=1', only, '/p'],
    ['/p?z=1', [], '/p'],
    ['/p?z=1&a=2&y&q=3', only, '/p?a=2&q=3'],
    ['/p?q=2&a=1&q=3', only, '/p?q=2&a=1&q=3'],
    ['/p?a', only, '/p?a'],
    ['/p?a=%41&a=A+%2b', only, '/p?a=%41&a=A+%2b'],
    ['/p?%61=1&%7A=2', only, '/p?%61=1'],
    ['/p?a%zz=1&a=2', only, '/p?a=2'],
    ['/p?a%zz=1', ['a%zz'], '/p?a%zz=1'],
    ['/p?%ff=1', ['%ff'], '/p?%ff=1'],
    ['/p?a[]=1&a[b][c]=2&a%5Bd%5D=3&[a]=4&z[a]=5', only, '/p?a[]=1&a[b][c]=2&a%5Bd%5D=3&[a]=4'],
    ['/p?a[b]=1&a[c]=2', ['a[b]'], '/p?a[b]=1'],
    ['/p?a=1;z=2', only, '/p?a=1;z=2'],
    ['/p?z=1;a=2', only, '/p'],
    ['/p?a=b=c&A=1', only, '/p?a=b=c'],
    ['/p?a=1?z=2', only, '/p?a=1?z=2'],
    ['/p?&a=1&&', only, '/p?a=1'],
    ['/p?=1&a=2', only, '/p?a=2'],
    ['/p?&a=1&&', less, '/p?&a=1&&'],
    ['/p?utm=1', less, '/p'],
    ['/p?a=1&utm=1&b=%20&UTM=2', less, '/p?a=1&b=%20&UTM=2'],
    ['/p?x+y=1&x%20y=2&x%2By=3', less, '/p?x%2By=3'],
    ['/p?utm[source]=1&ut%6d=2&b', less, '/p?b'],
    ['/p?utm=1&', less, '/p?'],
    ['/%7Ep//a;b/../?z=1', only, '/%7Ep//a;b/../'],
    ['http://h/p?z=1&a=2', only, 'http://h/p?a=2'],
    ['/p?constructor=1&__proto__=2', only, '/p'],
  ])('of %j with %j is %j', (target, query, keyed) => expect(keyedTarget(target, query)).toBe(keyed))

  const separated = fc.string({
    unit: fc.constantFrom('a', 'q', '&', '=', '%61', '%', '+', '[', ']', ';', '?', '1'),
  })

  // `URLSearchParams` would take a first `?` for the start of the query.
  const parametersOf = (query: string) => new URLSearchParams(`&${query}`)

  it('keeps nothing that is not asked for, keeps all that is, and finds no more to do', () => {
    fc.assert(
      fc.property(separated, (query) => {
        const keyed = keyedTarget(`/p?${query}`, only)
        expect(keyedTarget(keyed, only)).toBe(keyed)

        const left = parametersOf(keyed.slice(3))
        const owners = [...left.keys()].map((name) => /^\[?([^[\]]*)/.exec(name)?.[1])
        expect(owners.every((owner) => owner === 'a' || owner === 'q')).toBe(true)
        for (const name of ['a', 'q', 'a[]'])
          expect(left.getAll(name)).toEqual(parametersOf(query).getAll(name))
      }),
    )
  })

  it('parts a query in two: what a list keeps is what the same list as `ignore` drops', () => {
    fc.assert(
      fc.property(separated, (query) => {
        const split = (target: string) => (target === '/p' ? [] : target.slice(3).split('&'))
        const both = [
          ...split(keyedTarget(`/p?${query}`, only)),
          ...split(keyedTarget(`/p?${query}`, { ignore: only })),
        ]
        if (query !== '') expect(both.sort()).toEqual(query.split('&').sort())
      }),
    )
  })
})

describe('cookieValues', () => {
  it('gives the named cookies, raw, in the order of the names', () => {
    const headers = ['Cookie', 'b=2; theme="dark%20"; sid=1', 'Accept', '*/*', 'cookie', 'lang = de ']
    expect(cookieValues(headers, ['lang', 'theme', 'none'])).toEqual([
      ['lang', 'de'],
      ['theme', '"dark%20"'],
      ['none', undefined],
    ])
  })

  it('tells an empty cookie from an absent one', () => {
    expect(cookieValues(['Cookie', 'a=; b'], ['a', 'b', 'c'])).toEqual([
      ['a', ''],
      ['b', ''],
      ['c', undefined],
    ])
  })

  it('gives each of several with one name, for no two parsers agree on which counts', () => {
    expect(cookieValues(['Cookie', 'a=1; A=x; a=2=3'], ['a'])).toEqual([
      ['a', '1'],
      ['a', '2=3'],
    ])
  })
})
