import { describe, expect, it, test } from 'vitest'
import type { CacheControl } from '../../src/http/cache-control.ts'
import { parseCacheControl } from '../../src/http/cache-control.ts'

const nothing: CacheControl = {
  noStore: false,
  noCache: false,
  isPrivate: false,
  fieldsKeptOut: [],
  isPublic: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  noTransform: false,
  immutable: false,
  maxAge: undefined,
  sMaxage: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
}

function reads(value: string, found: Partial<CacheControl>): void {
  expect(parseCacheControl([value])).toEqual({ ...nothing, ...found })
}

describe('parseCacheControl', () => {
  it('reads every directive that a response can have', () => {
    reads('no-store, no-cache, private, public, must-revalidate, proxy-revalidate', {
      noStore: true,
      noCache: true,
      isPrivate: true,
      isPublic: true,
      mustRevalidate: true,
      proxyRevalidate: true,
    })
    reads('must-understand, no-transform, immutable', {
      mustUnderstand: true,
      noTransform: true,
      immutable: true,
    })
    reads('max-age=1, s-maxage=2, stale-while-revalidate=3, stale-if-error=4', {
      maxAge: 1,
      sMaxage: 2,
      staleWhileRevalidate: 3,
      staleIfError: 4,
    })
  })

  it('says nothing of no lines, and of empty ones', () => {
    expect(parseCacheControl([])).toEqual(nothing)
    expect(parseCacheControl(['', ' , ,'])).toEqual(nothing)
  })

  it('joins the lines', () => {
    expect(parseCacheControl(['public', 'max-age=60'])).toEqual({ ...nothing, isPublic: true, maxAge: 60 })
  })

  it('does not care about case, nor about white space around commas', () => {
    reads('\tMaX-aGe=60 ,NO-CACHE', { maxAge: 60, noCache: true })
  })

  it('ignores directives that it does not know, and what they are named after', () => {
    reads('community="UCI", x-no-store, no-stores, constructor, __proto__=1, max-age=60', { maxAge: 60 })
  })

  it('takes a quoted string as one argument, whatever it holds', () => {
    reads('ext="max-age=3600, no-store, a=\\"private\\"", max-age=1', { maxAge: 1 })
    reads('max-age=1, ext="max-age=3600"', { maxAge: 1 })
  })

  it('limits qualified private and no-cache to the fields that they name', () => {
    reads('private="Set-Cookie, x-user"', { fieldsKeptOut: ['set-cookie', 'x-user'] })
    reads('no-cache="set-cookie", max-age=5, private=x', { fieldsKeptOut: ['set-cookie', 'x'], maxAge: 5 })
    reads('private="a", private', { fieldsKeptOut: ['a'], isPrivate: true })
    reads('no-store="a", must-revalidate="b"', { noStore: true, mustRevalidate: true })
  })

  it('takes those that name no field, or have junk beside it, as unqualified', () => {
    reads('private=""', { isPrivate: true })
    reads('no-cache=" , "', { noCache: true })
    reads('private="a" b', { isPrivate: true })
    reads('no-cache="a', { noCache: true })
  })

  it('keeps the most restrictive of several', () => {
    reads('max-age=1800, max-age=1', { maxAge: 1 })
    reads('max-age=1, max-age=1800', { maxAge: 1 })
    reads('max-age=60, max-age=x', { maxAge: 0 })
    reads('stale-if-error=60, stale-if-error=9', { staleIfError: 9 })
  })
})

describe('a duration', () => {
  test.each<[argument: string, seconds: number]>([
    ['0', 0],
    ['3600', 3600],
    ['003600', 3600],
    ['"3600"', 3600],
    ['"36\\00"', 3600],
    ['2147483647', 2147483647],
    ['2147483648', 2 ** 31],
    ['99999999999999999999999999', 2 ** 31],
  ])('max-age=%s is %d seconds', (argument, seconds) => reads(`max-age=${argument}`, { maxAge: seconds }))

  test.each([
    '',
    '-1',
    '+1',
    '1.0',
    '3600.5',
    "'3600'",
    'a60',
    '60a',
    '1e3',
    '0x10',
    '٣',
    '""',
    '" 60"',
    '"60',
  ])('max-age=%s is stale at once', (argument) => reads(`max-age=${argument}`, { maxAge: 0 }))

  test.each([
    'max-age',
    'max-age =60',
    'max-age= 60',
    'max-age = 60',
    'max-age=60 s',
    'max-age=60;',
    'max-age="60"0',
  ])('%s is stale at once', (value) => reads(value, { maxAge: 0 }))
})

describe('a value that breaks the grammar', () => {
  it('still restricts', () => {
    reads('private max-age=60', { isPrivate: true, maxAge: 0 })
    reads('no-cache; no-store', { noCache: true, noStore: true })
    reads('max-age=60; private', { maxAge: 0, isPrivate: true })
    reads('no-store=1, no-cache =', { noStore: true, noCache: true })
    reads('(no-store)', { noStore: true })
  })

  it('permits nothing', () => {
    reads('public s', {})
    reads('public=yes, immutable=1', {})
    reads('no-store, must-understand;', { noStore: true })
  })

  it('recovers at the next comma', () => {
    reads('public s, max-age=60', { maxAge: 60 })
  })

  it('hides nothing behind a quote that never closes', () => {
    reads('ext="a, no-store', { noStore: true })
    reads('"a, private', { isPrivate: true })
    reads('private="x, no-store', { isPrivate: true, noStore: true })
  })

  it('does not read directives out of a stray quoted string', () => {
    reads('"no-store, private", max-age=60', { maxAge: 60 })
  })
})
