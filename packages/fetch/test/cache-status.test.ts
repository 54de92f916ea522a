import { once } from 'node:events'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import { fakeClock } from '@restale/core/testing'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { responseCache as middleware } from '../src/hono.ts'
import { responseCache } from '../src/index.ts'
import { listen } from './listen.ts'

const life = { revalidate: 60, expire: 300 }
const post = (headers: Record<string, string> = {}) =>
  new Request('http://test/', { method: 'POST', headers })
const get = (headers: Record<string, string> = {}) => new Request('http://test/', { headers })

let cache: Cache

beforeEach(() => {
  cache = createCache({ clock: fakeClock() })
})

function inHono(answer: () => Response): (request: Request) => Response | Promise<Response> {
  const app = new Hono()
  app.use(middleware(cache, { life }))
  app.all('/', answer)
  return app.fetch
}

function bare(answer: () => Response): (request: Request) => Response | Promise<Response> {
  return responseCache(cache, answer, { life })
}

describe.each([
  ['in Hono', inHono],
  ['around a function', bare],
])('a response that is given again and again, %s', (_, serve) => {
  test('has one member each time, that of its request, and stays what it is', async () => {
    const ok = new Response(null, { status: 204, headers: { 'Cache-Status': 'cdn; hit' } })
    const fetch = serve(() => ok)
    for (const [request, ours] of [
      [post(), 'fwd=method'],
      [get({ Cookie: 'a=1' }), 'fwd=bypass; detail=cookie'],
      [get(), 'fwd=uri-miss; detail=status-204'],
      [post(), 'fwd=method'],
    ] as const) {
      const response = await fetch(request)
      expect(response.status).toBe(204)
      expect(response.headers.get('cache-status')).toBe(`cdn; hit, restale; ${ours}`)
    }
    expect([...ok.headers]).toEqual([['cache-status', 'cdn; hit']])
  })

  test('goes out as it is once its body has been used', async () => {
    const ok = new Response('once')
    const fetch = serve(() => ok)
    expect(await (await fetch(post())).text()).toBe('once')
    expect(await fetch(post())).toBe(ok)
    expect(await fetch(get())).toBe(ok)
    expect(ok.headers.get('cache-status')).toBeNull()
  })

  test('goes out as it is while somebody reads its body', async () => {
    const ok = new Response(new ReadableStream())
    ok.body?.getReader()
    const fetch = serve(() => ok)
    expect(await fetch(post())).toBe(ok)
    expect(await fetch(get())).toBe(ok)
  })
})

describe('a response that goes past the cache', () => {
  test('which is none that could be sent goes out as it is', async () => {
    const error = Response.error()
    expect(await bare(() => error)(post())).toBe(error)
    const switching = Object.defineProperty(new Response(null), 'status', { value: 101 })
    expect(await bare(() => switching)(post())).toBe(switching)
  })

  test('keeps its status, its text, its cookies and its body', async () => {
    const made = new Response('body', { status: 201, statusText: 'Made' })
    made.headers.append('Set-Cookie', 'a=1')
    made.headers.append('Set-Cookie', 'b=2')
    const response = await bare(() => made)(post())
    expect([response.status, response.statusText, await response.text()]).toEqual([201, 'Made', 'body'])
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('cache-status')).toBe('restale; fwd=method')
  })

  test('of a class of its own shares no headers with what goes out', async () => {
    const headers = new Headers({ 'X-Own': 'kept' })
    const foreign = { status: 200, statusText: '', headers, body: null, bodyUsed: false } as Response
    const response = await bare(() => foreign)(post())
    expect(response.headers.get('x-own')).toBe('kept')
    expect(response.headers.get('cache-status')).toBe('restale; fwd=method')
    expect([...headers]).toEqual([['x-own', 'kept']])
  })
})

describe('on Hono’s server for Node', () => {
  const init = { method: 'POST' }

  async function served<Result>(app: Hono, ask: (origin: string) => Promise<Result>): Promise<Result> {
    const server = await listen(app.fetch, { cache, parts: [], trustsProxy: false })
    try {
      return await ask(`http://127.0.0.1:${server.port}/`)
    } finally {
      await server.close()
    }
  }

  test('a plain body is sent as without the cache, no stream is made of it', async () => {
    const app = new Hono()
    const answered: Response[] = []
    app.use(async (c, next) => {
      await next()
      answered.push(c.res)
    })
    app.use('/', middleware(cache, { life }))
    app.post('/', (c) => c.text('plain'))
    app.post('/uncached', (c) => c.text('plain'))
    const [cached, uncached] = await served(app, (origin) =>
      Promise.all([fetch(origin, init), fetch(`${origin}uncached`, init)]),
    )
    expect(cached.headers.get('cache-status')).toBe('restale; fwd=method')
    for (const name of ['content-type', 'content-length', 'transfer-encoding']) {
      expect(cached.headers.get(name)).toBe(uncached.headers.get(name))
    }
    const kinds = answered.map((response) => Object.getOwnPropertySymbols(response).map(String))
    expect(kinds[0]).toEqual(kinds[1])
    expect(kinds[0]).toContain('Symbol(cache)')
  })

  test('one with a plain body may be given again and again, as without the cache', async () => {
    let ok: Response | undefined
    const app = new Hono()
    app.use(middleware(cache, { life }))
    app.all('/', () => {
      ok ??= new Response('ok')
      return ok
    })
    await served(app, async (origin) => {
      for (const [path, method, expected] of [
        ['', 'POST', 'fwd=method'],
        ['?1', 'GET', 'fwd=uri-miss; stored'],
        ['?2', 'GET', 'fwd=uri-miss; stored'],
        ['', 'POST', 'fwd=method'],
        ['?1', 'GET', 'hit; ttl=60'],
      ] as const) {
        const answer = await fetch(origin + path, { method })
        expect(await answer.text()).toBe('ok')
        expect(answer.headers.get('cache-status')).toBe(`restale; ${expected}`)
      }
    })
  })

  test('the mark of what was sent past the handler stays the very object', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono<{ Bindings: { outgoing: import('node:http').ServerResponse } }>()
    app.use(middleware(cache, { life }))
    app.post('/', async (c) => {
      c.env.outgoing.writeHead(200, { 'X-Sent': 'past' }).end('past')
      await once(c.env.outgoing, 'finish')
      return RESPONSE_ALREADY_SENT
    })
    const response = await served(app as unknown as Hono, (origin) => fetch(origin, init))
    expect(await response.text()).toBe('past')
    expect(RESPONSE_ALREADY_SENT.headers.get('cache-status')).toBeNull()
    expect(printed).not.toHaveBeenCalled()
    printed.mockRestore()
  })
})
