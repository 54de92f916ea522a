import type { FetchInit } from '@restale/core'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { setupFetch } from './support.ts'

type Ask = readonly [path: string, init?: FetchInit]

const cached = { next: { revalidate: 60 } }

/** How many times upstream is asked for two calls, one after the other. */
async function asked(one: Ask, two: Ask): Promise<number> {
  const { text, origin } = await setupFetch()
  for (const [path, init] of [one, two]) await text(origin.url + path, { ...cached, ...init })
  return origin.count
}

const bytes = (size: number) => Buffer.alloc(size, 'abc')

function form(...fields: [string, string | Blob][]): FormData {
  const data = new FormData()
  for (const [name, value] of fields) data.append(name, value)
  return data
}

function stream(...chunks: string[]): Pick<FetchInit, 'body' | 'duplex'> {
  return { body: new Blob(chunks).stream(), duplex: 'half' } as Pick<FetchInit, 'body' | 'duplex'>
}

describe('two calls share an entry', () => {
  it.each<[string, Ask, Ask]>([
    ['that are the same', ['/'], ['/']],
    ['but for the fragment', ['/#a'], ['/#b']],
    ['but for the spelling of the URL', ['/a/../b'], ['/b']],
    ['but for the default method', ['/'], ['/', { method: 'GET' }]],
    ['but for the case of the method', ['/', { method: 'get' }], ['/', { method: 'GET' }]],
    [
      'but for the case and the order of header names',
      ['/', { headers: { 'X-A': '1', 'x-b': '2' } }],
      [
        '/',
        {
          headers: [
            ['x-b', '2'],
            ['x-a', '1'],
          ],
        },
      ],
    ],
    [
      'but for the form in which headers are given',
      ['/', { headers: { 'x-a': '1' } }],
      ['/', { headers: new Headers({ 'x-a': '1' }) }],
    ],
    [
      'but for headers that tell of one request',
      ['/', { headers: { traceparent: '00-1', 'x-request-id': '1', 'x-b3-traceid': '1' } }],
      ['/', { headers: { traceparent: '00-2', baggage: 'a=1' } }],
    ],
    ['but for defaults that are said', ['/'], ['/', { redirect: 'follow', credentials: 'same-origin' }]],
    ['with one body', ['/', { method: 'POST', body: 'b' }], ['/', { method: 'POST', body: 'b' }]],
    [
      'with one body in two forms',
      ['/', { method: 'POST', body: Buffer.from('b') }],
      ['/', { method: 'POST', ...stream('b') }],
    ],
    [
      'with one body in another number of chunks',
      ['/', { method: 'POST', ...stream('a', 'b') }],
      ['/', { method: 'POST', ...stream('ab') }],
    ],
    [
      'with parameters',
      ['/', { method: 'POST', body: new URLSearchParams({ a: '1' }) }],
      ['/', { method: 'POST', body: new URLSearchParams('a=1') }],
    ],
    [
      'with a blob',
      ['/', { method: 'POST', body: new Blob(['b'], { type: 'text/plain' }) }],
      ['/', { method: 'POST', body: new Blob(['b'], { type: 'text/plain' }) }],
    ],
    [
      'with a form',
      ['/', { method: 'POST', body: form(['a', '1'], ['f', new File(['x'], 'x.txt')]) }],
      ['/', { method: 'POST', body: form(['a', '1'], ['f', new File(['x'], 'x.txt')]) }],
    ],
  ])('%s', async (_what, one, two) => {
    expect(await asked(one, two)).toBe(1)
  })

  it('with a form in a Request', async () => {
    const { text, url, origin } = await setupFetch()
    const request = () => new Request(url, { method: 'POST', body: form(['a', '1']) })
    await text(request(), cached)
    await text(request(), cached)
    expect(origin.count).toBe(1)
  })
})

describe('two calls do not share an entry', () => {
  it.each<[string, Ask, Ask]>([
    ['of two methods', ['/'], ['/', { method: 'HEAD' }]],
    ['of two paths', ['/a'], ['/b']],
    ['of two queries', ['/?a=1'], ['/?a=2']],
    ['of which one has an empty query', ['/'], ['/?']],
    ['of two values of a header', ['/', { headers: { 'x-a': '1' } }], ['/', { headers: { 'x-a': '2' } }]],
    ['of which one has a header', ['/'], ['/', { headers: { 'x-a': '' } }]],
    [
      'of two credentials',
      ['/', { headers: { authorization: 'Bearer a' } }],
      ['/', { headers: { Authorization: 'Bearer b' } }],
    ],
    ['of two cookies', ['/', { headers: { cookie: 'a=1' } }], ['/', { headers: { cookie: 'a=2' } }]],
    ['of which one has credentials', ['/'], ['/', { headers: { authorization: 'Bearer a' } }]],
    [
      'whose headers read the same in a row',
      ['/', { headers: { '1': '', a: '' } }],
      ['/', { headers: { '1': 'a' } }],
    ],
    ['of two kinds of redirect', ['/'], ['/', { redirect: 'manual' }]],
    ['of two kinds of credentials', ['/'], ['/', { credentials: 'omit' }]],
    ['of two modes', ['/'], ['/', { mode: 'same-origin' }]],
    ['of two bodies', ['/', { method: 'POST', body: 'a' }], ['/', { method: 'POST', body: 'b' }]],
    ['of which one has an empty body', ['/', { method: 'POST' }], ['/', { method: 'POST', body: '' }]],
    [
      'of two types of body',
      ['/', { method: 'POST', body: 'a=1' }],
      ['/', { method: 'POST', body: new URLSearchParams('a=1') }],
    ],
    [
      'of two forms',
      ['/', { method: 'POST', body: form(['a', '1']) }],
      ['/', { method: 'POST', body: form(['a', '2']) }],
    ],
    [
      'of two forms in another order',
      ['/', { method: 'POST', body: form(['a', '1'], ['b', '2']) }],
      ['/', { method: 'POST', body: form(['b', '2'], ['a', '1']) }],
    ],
    [
      'of two forms, one of which has the other in a value',
      ['/', { method: 'POST', body: form(['a', '1'], ['b', '2']) }],
      [
        '/',
        {
          method: 'POST',
          body: form(['a', '1\r\n--\r\nContent-Disposition: form-data; name="b"\r\n\r\n2']),
        },
      ],
    ],
    [
      'of two multipart bodies that differ where a boundary of their own stands',
      [
        '/',
        { method: 'POST', body: 'banana', headers: { 'content-type': 'multipart/form-data; boundary=a' } },
      ],
      ['/', { method: 'POST', body: 'bnn', headers: { 'content-type': 'multipart/form-data; boundary=a' } }],
    ],
  ])('%s', async (_what, one, two) => {
    expect(await asked(one, two)).toBe(2)
  })

  it('of two versions', async () => {
    const keys = ['1', '2'].map(async (version) => {
      const { text, events } = await setupFetch({ version, fetch: { fetch: async () => new Response('') } })
      await text('http://a.test/', cached)
      return (events[0] as { key: string }).key
    })
    expect(new Set(await Promise.all(keys)).size).toBe(2)
  })
})

test('a key shows neither credentials nor other headers', async () => {
  const { text, url, events } = await setupFetch()
  const headers = { authorization: 'Bearer secret', cookie: 'session=secret', 'x-api-key': 'secret' }
  await text(url, { ...cached, headers })
  const keys = events.map((event) => ('key' in event ? event.key : ''))
  expect(keys[0]).toContain(`GET ${url}`)
  expect(keys.join()).not.toContain('secret')
})

test('no two different requests have one key', async () => {
  const keys = new Map<string, string>()
  const { cache, events } = await setupFetch({ fetch: { fetch: async () => new Response('') } })
  const word = fc.stringMatching(/^[a-z0-9:;,|= -]{0,6}$/).map((value) => value.trim())
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT'),
    path: fc.constantFrom('a', 'b', 'a b', 'a:b', '1:a', 'a?', '?a', 'a?a'),
    headers: fc.dictionary(fc.constantFrom('a', 'b', 'authorization', '1', 'a-b'), word, { maxKeys: 3 }),
    body: fc.option(word, { nil: undefined }),
    redirect: fc.constantFrom('follow' as const, 'manual' as const, 'error' as const),
    integrity: fc.constantFrom('', 'sha256-x'),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ path, body, ...init }) => {
      const sent = init.method === 'GET' ? undefined : body
      const url = new URL(path, 'http://a.test/').href
      const headers = Object.entries(init.headers).sort()
      const canonical = JSON.stringify([
        init.method,
        url,
        headers,
        sent ?? null,
        init.redirect,
        init.integrity,
      ])
      events.length = 0
      const given = { ...init, headers: { ...init.headers, 'content-type': 't' }, ...cached }
      await (await cache.fetch(url, sent === undefined ? given : { ...given, body: sent })).text()
      const key = (events[0] as { key: string }).key
      expect(keys.get(key) ?? canonical).toBe(canonical)
      keys.set(key, canonical)
    }),
    { numRuns: 300 },
  )
  expect(new Set(keys.values()).size).toBe(keys.size)
})

describe('a body arrives', () => {
  it.each<[string, () => FetchInit, RegExp | string]>([
    ['as a string', () => ({ body: 'höher' }), 'höher'],
    ['as bytes', () => ({ body: Buffer.from('höher') }), 'höher'],
    ['as a view of some bytes', () => ({ body: Buffer.from('höher').subarray(0, 2) }), /^h/],
    ['as parameters', () => ({ body: new URLSearchParams({ a: 'b c' }) }), 'a=b+c'],
    ['as a blob', () => ({ body: new Blob(['a', 'b']) }), 'ab'],
    ['as a stream', () => stream('a', 'b'), 'ab'],
    ['as a form', () => ({ body: form(['name', 'value']) }), /name="name"\r\n\r\nvalue\r\n--/],
  ])('%s', async (_what, init, expected) => {
    const { text, url, origin } = await setupFetch()
    await text(url, { ...cached, method: 'POST', ...init() })
    expect(origin.last.body.toString()).toMatch(expected)
  })

  it('with the boundary that its type names', async () => {
    const { text, url, origin } = await setupFetch()
    await text(url, { ...cached, method: 'POST', body: form(['a', '1']) })
    const boundary = /boundary=(.+)$/.exec(origin.last.headers['content-type'] ?? '')?.[1] as string
    expect(origin.last.body.toString()).toContain(`--${boundary}--`)
  })

  it('as it is up to the cap, which is cached', async () => {
    const { text, url, origin } = await setupFetch({ memory: { maxEntryBytes: 100_000 } })
    const init = { ...cached, method: 'POST', body: bytes(100_000) }
    expect([await text(url, init), await text(url, init)]).toEqual(['reply 1', 'reply 1'])
    expect(origin.last.body.equals(bytes(100_000))).toBe(true)
  })

  it.each<[string, () => Pick<FetchInit, 'body' | 'duplex'>]>([
    ['bytes', () => ({ body: bytes(300_001) })],
    ['a stream', () => stream(bytes(300_001).toString())],
  ])('whole beyond the cap, which is not cached: %s', async (_what, body) => {
    const { text, url, origin, cache } = await setupFetch({ memory: { maxEntryBytes: 100_000 } })
    const init = () => ({ ...cached, next: { revalidate: 60, tags: ['t'] }, method: 'POST', ...body() })
    expect([await text(url, init()), await text(new Request(url, init() as RequestInit), cached)]).toEqual([
      'reply 1',
      'reply 2',
    ])
    for (const request of origin.requests) expect(request.body.equals(bytes(300_001))).toBe(true)
    expect((await cache.collect(() => cache.fetch(url, init()))).tags).toEqual(['t'])
  })

  it('never, where its stream breaks', async () => {
    const { cache, url, origin } = await setupFetch()
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('The file is gone'))
      },
    })
    const init = { ...cached, method: 'POST', body, duplex: 'half' } as FetchInit
    await expect(cache.fetch(url, init)).rejects.toThrow()
    expect(origin.count).toBe(0)
  })
})
