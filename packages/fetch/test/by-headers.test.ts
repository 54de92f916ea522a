import type { Cache } from '@restale/core'
import { createCache, rfc9111 } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { responseCache as honoCache } from '../src/hono.ts'
import { responseCache } from '../src/index.ts'
import type { Handler } from './entries.ts'
import { entries } from './entries.ts'

const fresh = { 'Cache-Control': 'max-age=60' }
const renewable = { ...fresh, ETag: '"1"' }

let clock: FakeClock
let cache: Cache
/** The headers of requests, as their handler has seen them. */
let seen: Headers[] = []

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
  seen = []
})

function get(headers: Record<string, string> = {}, path = '/'): Request {
  return new Request(`http://test${path}`, { headers })
}

function status({ headers }: Response): string | null {
  return headers.get('cache-status')
}

/** Gives one response after the other, and the last one again and again. */
function inTurn(...responses: readonly (() => Response)[]): Handler {
  return (request) => {
    seen.push(new Headers(request.headers))
    return (responses[Math.min(seen.length, responses.length) - 1] as () => Response)()
  }
}

const page = (headers: Record<string, string>) => () => new Response('page', { headers })
const failing = () => {
  throw new Error('meant to fail')
}

describe.each(entries)('%s', (_name, site) => {
  describe('is asked whether what is stored is current', () => {
    const unchanged = () => new Response(null, { status: 304, headers: { ...renewable, 'X-New': 'yes' } })

    test('and a 304 renews it: its fields, and the whole body for the client', async () => {
      const ask = site(cache, rfc9111(), inTurn(page({ ...renewable, 'X-Old': 'yes' }), unchanged))
      await ask(get())
      clock.advance(61_000)
      const client = get()
      const renewed = await ask(client)
      expect(renewed.status).toBe(200)
      expect(status(renewed)).toMatch(/^restale; fwd=stale; fwd-status=304; stored/)
      expect([renewed.headers.get('x-old'), renewed.headers.get('x-new')]).toEqual(['yes', 'yes'])
      expect(await renewed.text()).toBe('page')
      expect(seen.map((headers) => headers.get('if-none-match'))).toEqual([null, '"1"'])
      expect(client.headers.get('if-none-match')).toBeNull()
      expect(status(await ask(get()))).toBe('restale; hit; ttl=60')
    })

    test('for a client that has it already: 304', async () => {
      const ask = site(cache, rfc9111(), inTurn(page(renewable), unchanged))
      await ask(get())
      clock.advance(61_000)
      const renewed = await ask(get({ 'If-None-Match': 'W/"0", "1"' }))
      expect(renewed.status).toBe(304)
      expect(await renewed.text()).toBe('')
      expect(seen[1]?.get('if-none-match')).toBe('"1"')
    })

    test('by conditions that nobody else sees who asks with the same request', async () => {
      const ask = site(
        cache,
        rfc9111(),
        inTurn(page({ ...renewable, Vary: '*' }), page(renewable), unchanged),
      )
      const same = get()
      await ask(same)
      await ask(same)
      clock.advance(61_000)
      const both = await Promise.all([ask(same), ask(same)])
      expect(both.map((response) => response.status)).toEqual([200, 200])
    })

    test('on a refill, behind a response that has gone out', async () => {
      const swr = { ...renewable, 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }
      const ask = site(
        cache,
        rfc9111(),
        inTurn(page(swr), () => new Response(null, { status: 304, headers: swr })),
      )
      await ask(get())
      clock.advance(61_000)
      expect(status(await ask(get()))).toMatch(/^restale; hit; ttl=-1/)
      await settled(cache)
      expect(seen[1]?.get('if-none-match')).toBe('"1"')
      expect(status(await ask(get()))).toBe('restale; hit; ttl=60')
    })

    test('where the runtime seals the headers of its requests', async () => {
      const ask = site(cache, rfc9111(), inTurn(page(renewable), unchanged))
      await ask(get())
      clock.advance(61_000)
      const sealed = get()
      for (const change of ['delete', 'set', 'append'] as const) {
        vi.spyOn(sealed.headers, change).mockImplementation(() => {
          throw new TypeError('immutable')
        })
      }
      expect((await ask(sealed)).status).toBe(200)
      expect(seen[1]?.get('if-none-match')).toBe('"1"')
    })
  })

  describe('fails, and what is stored stands in', () => {
    test('for a 503: nothing of it goes out, and its body is let go of', async () => {
      const cancelled = vi.fn()
      const broken = () => {
        const body = new ReadableStream({ pull: () => new Promise(() => {}), cancel: cancelled })
        return new Response(body, { status: 503, headers: { 'X-Error': 'yes', 'Retry-After': '9' } })
      }
      const ask = site(cache, rfc9111(), inTurn(page(fresh), broken))
      await ask(get())
      clock.advance(61_000)
      const stale = await ask(get())
      expect(stale.status).toBe(200)
      expect(status(stale)).toMatch(/fwd=stale; fwd-status=503; .*detail=stale-if-error/)
      expect(stale.headers.get('x-error')).toBeNull()
      expect(stale.headers.get('retry-after')).toBeNull()
      expect(stale.headers.get('age')).toBe('61')
      expect(await stale.text()).toBe('page')
      expect(cancelled).toHaveBeenCalledOnce()
    })

    test('for an error, of which the process hears', async () => {
      const printed = vi.spyOn(console, 'error').mockReturnValue()
      const ask = site(cache, rfc9111(), inTurn(page(fresh), failing))
      await ask(get())
      clock.advance(61_000)
      expect(await (await ask(get())).text()).toBe('page')
      expect(printed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ message: 'meant to fail' }))
      printed.mockRestore()
    })

    test('unless it must not', async () => {
      const strict = { 'Cache-Control': 'max-age=60, must-revalidate' }
      const broken = () => new Response('broken', { status: 500 })
      const ask = site(cache, rfc9111(), inTurn(page(strict), broken))
      await ask(get())
      clock.advance(61_000)
      const response = await ask(get())
      expect(response.status).toBe(500)
      expect(await response.text()).toBe('broken')
    })
  })

  describe('is asked for a part', () => {
    test.each([
      ['bytes=0-1', 206, 'bytes 0-1/4', 'pa'],
      ['bytes=2-', 206, 'bytes 2-3/4', 'ge'],
      ['bytes=-1', 206, 'bytes 3-3/4', 'e'],
      ['bytes=9-', 416, 'bytes */4', ''],
    ])('%s of what is made, and then of what is stored', async (range, code, contentRange, body) => {
      const ask = site(cache, rfc9111(), inTurn(page(fresh)))
      for (const expected of [/fwd=uri-miss; fwd-status=200; stored/, /hit/]) {
        const part = await ask(get({ Range: range }))
        expect(part.status).toBe(code)
        expect(status(part)).toMatch(expected)
        expect(part.headers.get('content-range')).toBe(contentRange)
        expect(part.headers.get('content-length')).toBe(String(body.length))
        expect(await part.text()).toBe(body)
      }
      expect(await (await ask(get())).text()).toBe('page')
      expect(seen).toHaveLength(1)
    })

    test('of a body that takes its time: the whole', async () => {
      async function* parts() {
        yield new TextEncoder().encode('pa')
        await new Promise(setImmediate)
        await new Promise(setImmediate)
        yield new TextEncoder().encode('ge')
      }
      const stream = () => new Response(ReadableStream.from(parts()) as ReadableStream, { headers: fresh })
      const ask = site(cache, { ...rfc9111(), life: 'minutes' }, inTurn(stream))
      const response = await ask(get({ Range: 'bytes=0-1' }))
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('page')
      expect((await ask(get({ Range: 'bytes=0-1' }))).status).toBe(206)
    })
  })

  describe('changes something', () => {
    const changed =
      (init: ResponseInit): Handler =>
      async (request) => {
        if (request.method === 'GET') return inTurn(page(fresh))(request)
        return new Response(init.status === 204 ? null : 'changed', init)
      }
    const post = (method = 'POST', path = '/') => new Request(`http://test${path}`, { method, body: 'a' })

    test.each([
      ['by 200', { status: 200 }],
      ['by 204, without a body', { status: 204 }],
      ['and redirects', { status: 303, headers: { Location: '/' } }],
      ['elsewhere, and names it', { status: 201, headers: { Location: '/' } }, '/other'],
    ])('%s: what is stored is made anew', async (_how, init, path = '/') => {
      const ask = site(cache, rfc9111(), changed(init))
      await ask(get())
      expect(status(await ask(get()))).toMatch(/hit/)
      const response = await ask(post('POST', path))
      expect(response.status).toBe(init.status)
      expect(status(response)).toBe('restale; fwd=method')
      expect(status(await ask(get()))).toMatch(/fwd=/)
    })

    test('without success: what is stored stays', async () => {
      const ask = site(cache, rfc9111(), changed({ status: 422 }))
      await ask(get())
      await ask(post('PUT'))
      expect(status(await ask(get()))).toMatch(/hit/)
    })
  })

  test('a client that takes nothing but what is stored gets a 504 of nobody', async () => {
    const ask = site(cache, rfc9111(), inTurn(page(fresh)))
    const response = await ask(get({ 'Cache-Control': 'only-if-cached' }))
    expect(response.status).toBe(504)
    expect(status(response)).toBeNull()
    expect(seen).toEqual([])
  })
})

test('a bare handler that answers at once may change something, too', () => {
  const handler = responseCache(cache, () => new Response('changed'), rfc9111())
  expect(handler(new Request('http://test/', { method: 'DELETE' }))).toBeInstanceOf(Response)
})

test('a failure of a client that has left is nobody’s', async () => {
  const client = new AbortController()
  const handler = responseCache(cache, inTurn(page(fresh), failing), rfc9111())
  await handler(get())
  clock.advance(61_000)
  const left = new Request('http://test/', { signal: client.signal })
  client.abort()
  await expect(handler(left)).rejects.toThrow('meant to fail')
})

describe('Hono', () => {
  test('what stands outside works on what stands in, and its page for the error does not go out', async () => {
    const app = new Hono()
    app.onError((_, c) => c.text('sorry', 200, { 'X-Error': 'yes' }))
    app.use(async (c, next) => {
      c.header('X-Outside', 'before')
      await next()
      c.header('X-After', String(c.res.status))
    })
    app.use(honoCache(cache, rfc9111()))
    app.use(async (c, next) => {
      c.header('X-Inside', 'yes')
      await next()
    })
    const handler = inTurn(page(fresh), failing)
    app.get('/', async (c) => c.text(await (await handler(c.req.raw)).text(), 200, fresh))
    await app.request('/')
    clock.advance(61_000)
    const stale = await app.request('/')
    expect(await stale.text()).toBe('page')
    expect(Object.fromEntries(stale.headers)).toMatchObject({ 'x-outside': 'before', 'x-after': '200' })
    expect(stale.headers.get('x-error')).toBeNull()
  })

  test('something is thrown that is no error', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono()
    app.use(honoCache(cache, rfc9111()))
    const handler = inTurn(page(fresh), () => {
      throw 'meant to fail'
    })
    app.get('/', (c) => handler(c.req.raw))
    await app.request('/')
    clock.advance(61_000)
    expect(await (await app.request('/')).text()).toBe('page')
    expect(printed).toHaveBeenCalledExactlyOnceWith('meant to fail')
    printed.mockRestore()
  })

  test('nobody gives a response', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono()
    app.use(honoCache(cache, rfc9111()))
    const handler = inTurn(page(fresh), () => undefined as never)
    app.get('/', (c) => handler(c.req.raw))
    await app.request('/')
    clock.advance(61_000)
    expect(await (await app.request('/')).text()).toBe('page')
    expect(printed).toHaveBeenCalledOnce()
    printed.mockRestore()
  })

  test('an error page for what was to change something', async () => {
    const app = new Hono()
    app.onError((_, c) => c.text('sorry', 500))
    app.use(honoCache(cache, rfc9111()))
    app.get('/', (c) => c.text('page', 200, fresh))
    app.post('/', failing)
    await app.request('/')
    expect((await app.request('/', { method: 'POST' })).status).toBe(500)
    expect(status(await app.request('/'))).toMatch(/hit/)
  })
})
