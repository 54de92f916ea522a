import { describe, expect, test } from 'vitest'
import { engineOf } from '../../src/cache/engine-of.ts'
import { createCache } from '../../src/create-cache.ts'
import { resolveOptions } from '../../src/http/options.ts'
import { unsafeWatch } from '../../src/http/unsafe.ts'

const engine = engineOf(createCache())

function watchOf(method: string, options: Parameters<typeof resolveOptions>[1] = {}) {
  const request = {
    method,
    scheme: 'http',
    authority: 'a.test',
    target: '/page',
    headers: {},
    rawHeaders: [],
    native: undefined,
    isAuthenticated: false,
    isRoute: false,
  }
  return unsafeWatch(engine, request, resolveOptions(engine, options))
}

describe('RFC 9110 §9.2.1: a method that only reads changes nothing', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH'])('%s', (method) =>
    expect(watchOf(method)).toBeUndefined(),
  )
})

describe('RFC 9111 §4.4: what is not known to be safe may change something', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'MKCOL', 'UNHEARD-OF', 'query', ''])(
    '%j',
    (method) => expect(watchOf(method)).toBeTypeOf('function'),
  )
})

test('RFC 9875 §3: groups are heeded where URLs are not, and the other way round', () => {
  expect(watchOf('POST', { unsafeMethods: 'ignore' })).toBeTypeOf('function')
  expect(watchOf('POST', { tagFields: 'ignore' })).toBeTypeOf('function')
  expect(watchOf('POST', { unsafeMethods: 'ignore', tagFields: 'ignore' })).toBeUndefined()
})
