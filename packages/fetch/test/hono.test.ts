import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import type { Context } from 'hono'
import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { HTTPException } from 'hono/http-exception'
import { jwt, sign } from 'hono/jwt'
import { logger } from 'hono/logger'
import { secureHeaders } from 'hono/secure-headers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { isRefill, responseCache, revalidateEndpoint } from '../src/hono.ts'
import { nextTurn } from '../src/read-ahead.ts'

const life = { revalidate: 60, expire: 300 }
const long = 'the same again, '.repeat(200)

let clock: FakeClock
let cache: Cache
let runs = 0

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
  runs = 0
})

const page = (c: Context) => c.text(`run ${++runs}`)

async function status(response: Response | Promise<Response>): Promise<string | null> {
  return (await response).headers.get('cache-status')
}

async function gunzip(response: Response): Promise<string> {
  const stream = response.body as ReadableStream<Uint8Array<ArrayBuffer>>
  return new Response(stream.pipeThrough(new DecompressionStream('gzip'))).text()
}

describe('beside the middleware of Hono', () => {
  test('compress above: the cache keeps plain bytes, each client gets its own coding', async () => {
    const app = new Hono()
    app.use(compress(), responseCache(cache, { life }))
    app.get('/', (c) => c.text(long + ++runs))
    const zipped = { headers: { 'Accept-Encoding': 'gzip' } }
    for (const expected of [/stored$/, /hit/]) {
      const response = await app.request('/', zipped)
      expect(response.headers.get('cache-status')).toMatch(expected)
      expect(response.headers.get('content-encoding')).toBe('gzip')
      expect(response.headers.get('etag')).toMatch(/^W\//)
      expect(await gunzip(response)).toBe(`${long}1`)
    }
    expect(await (await app.request('/')).text()).toBe(`${long}1`)
    expect(runs).toBe(1)
  })

  test('compress below: an entry for each set of codings that clients accept', async () => {
    const app = new Hono()
    app.use(responseCache(cache, { life }), compress())
    app.get('/', (c) => c.text(long))
    const zipped = { headers: { 'Accept-Encoding': 'gzip' } }
    for (const expected of [/fwd=/, /hit/]) {
      const response = await app.request('/', zipped)
      expect(response.headers.get('cache-status')).toMatch(expected)
      expect(await gunzip(response)).toBe(long)
      const plain = await app.request('/')
      expect(plain.headers.get('cache-status')).toMatch(expected)
      expect(await plain.text()).toBe(long)
    }
  })

  describe('a session above that sets its cookie for what the handler did', () => {
    type Session = { Variables: { session: { token?: number } } }

    function site(set: (c: Context<Session>, cookie: string) => unknown) {
      const app = new Hono<Session>()
      app.use(async (c, next) => {
        c.set('session', {})
        await next()
        if (c.var.session.token !== undefined) await set(c, `session=${c.var.session.token}`)
      })
      app.use(responseCache(cache, { life }))
      app.get('/form', (c) => {
        c.var.session.token = ++runs
        return c.text(`token ${runs}`)
      })
      app.get('/page', page as never)
      return app
    }

    test.each<[string, (c: Context<Session>, cookie: string) => unknown]>([
      ['by setCookie', (c) => setCookie(c, 'session', '1')],
      ['on the response itself', (c, cookie) => c.res.headers.append('Set-Cookie', cookie)],
      [
        'after some promises',
        async (c, cookie) => {
          for (let turn = 0; turn < 20; turn++) await null
          c.header('Set-Cookie', cookie, { append: true })
        },
      ],
    ])('%s: the response is for one alone', async (_way, set) => {
      const app = site(set)
      const answers = await Promise.all(
        Array.from({ length: 5 }, async () => (await app.request('/form')).text()),
      )
      expect(new Set(answers).size).toBe(5)
      await nextTurn()
      expect(await (await app.request('/form')).text()).toBe('token 6')
    })

    test('much later: what was stored is taken back', async () => {
      let open = () => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      const app = site(async (c, cookie) => {
        await opened
        c.header('Set-Cookie', cookie, { append: true })
      })
      const first = app.request('/form')
      await nextTurn()
      await nextTurn()
      open()
      expect(await (await first).text()).toBe('token 1')
      expect(await (await app.request('/form')).text()).toBe('token 2')
    })

    test('untouched: the response is for everybody', async () => {
      const app = site(() => {})
      await app.request('/page')
      expect(await status(app.request('/page'))).toMatch(/hit/)
    })
  })

  test.each(['above', 'below'])('etag %s', async (where) => {
    const app = new Hono()
    const cached = responseCache(cache, { life })
    if (where === 'above') app.use(etag(), cached)
    else app.use(cached, etag())
    app.get('/', page)
    const first = await app.request('/')
    const tag = first.headers.get('etag') as string
    expect(await status(app.request('/'))).toMatch(/hit/)
    const again = await app.request('/', { headers: { 'If-None-Match': tag } })
    expect(again.status).toBe(304)
    clock.advance(301_000)
    runs = 0
    const cold = await app.request('/', { headers: { 'If-None-Match': tag } })
    expect(cold.status).toBe(304)
    expect(await (await app.request('/')).text()).toBe('run 1')
  })

  test.each(['above', 'below'])('secureHeaders and cors %s', async (where) => {
    const app = new Hono()
    const others = [secureHeaders(), cors({ origin: ['https://a.test', 'https://b.test'] })] as const
    const cached = responseCache(cache, { life })
    if (where === 'above') app.use(...others, cached)
    else app.use(cached, ...others)
    app.get('/', page)
    for (let time = 1; time <= 2; time++) {
      for (const origin of ['https://a.test', 'https://b.test']) {
        const response = await app.request('/', { headers: { Origin: origin } })
        if (time === 2) expect(response.headers.get('cache-status')).toMatch(/hit/)
        expect(response.headers.get('access-control-allow-origin')).toBe(origin)
        expect(response.headers.get('vary')?.toLowerCase()).toBe('origin')
        expect(response.headers.get('x-frame-options')).toBe('SAMEORIGIN')
      }
    }
  })

  test('a nonce of secureHeaders is in the page, so it is not stored', async () => {
    const { NONCE } = await import('hono/secure-headers')
    const app = new Hono<{ Variables: { secureHeadersNonce?: string } }>()
    app.use(secureHeaders({ contentSecurityPolicy: { scriptSrc: [NONCE] } }))
    app.get('/', responseCache(cache, { life }), (c) =>
      c.html(`<script nonce="${c.get('secureHeadersNonce')}">`),
    )
    for (let time = 1; time <= 2; time++) {
      expect(await status(app.request('/'))).toBe('restale; fwd=uri-miss; detail=csp-nonce')
    }
  })

  test('basicAuth: nobody gets past it, and what is public is shared by those who do', async () => {
    const app = new Hono()
    app.use(basicAuth({ username: 'ada', password: 'secret' }), responseCache(cache, { life }))
    app.get('/', (c) => c.text('page', 200, { 'Cache-Control': 'public, max-age=1' }))
    app.get('/own', page)
    const headers = { Authorization: `Basic ${btoa('ada:secret')}` }
    expect(await status(app.request('/', { headers }))).toMatch(/stored$/)
    expect(await status(app.request('/', { headers }))).toMatch(/hit/)
    expect((await app.request('/')).status).toBe(401)
    for (let time = 1; time <= 2; time++) {
      expect(await status(app.request('/own', { headers }))).toMatch(/detail=authorization$/)
    }
  })

  test('jwt: who is logged in goes past the cache, unless it is shared', async () => {
    const secret = 'a secret that is long enough'
    const app = new Hono()
    app.use(jwt({ secret, alg: 'HS256', cookie: 'token' }))
    app.get('/own', responseCache(cache, { life, cookies: 'ignore' }), page)
    app.get('/shared', responseCache(cache, { life, cookies: 'ignore', shared: true }), page)
    const headers = { Cookie: `token=${await sign({ sub: 'ada' }, secret, 'HS256')}` }
    expect(await status(app.request('/own', { headers }))).toMatch(/detail=authenticated$/)
    expect(await status(app.request('/shared', { headers }))).toMatch(/stored$/)
    expect(await status(app.request('/shared', { headers }))).toMatch(/hit/)
    expect((await app.request('/shared')).status).toBe(401)
  })

  test('logger sees every request, and can tell refills', async () => {
    const lines: string[] = []
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      lines.push(`${isRefill(c) ? 'refill' : 'client'} ${c.res.status} ${c.var.cache.status}`)
    })
    app.use(logger(() => {}))
    app.get('/', responseCache(cache, { life }), page)
    await app.request('/')
    clock.advance(61_000)
    await app.request('/')
    await settled(cache)
    await app.request('/')
    expect(lines).toEqual(['client 200 miss', 'client 200 stale', 'refill 200 refill', 'client 200 hit'])
  })

  test('what is added to a line that stands outside is added to that of each request', async () => {
    let count = 0
    const app = new Hono()
    app.use(async (c, next) => {
      c.header('Link', `</outer/${++count}>`)
      await next()
    })
    app.get('/', responseCache(cache, { life }), (c) => {
      c.header('Link', '</inner>', { append: true })
      return c.text('page')
    })
    expect((await app.request('/')).headers.get('link')).toBe('</outer/1>, </inner>')
    expect((await app.request('/')).headers.get('link')).toBe('</outer/2>, </inner>')
  })

  test('a middleware above that has looked at c.res changes nothing', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      c.res.headers.set('X-Powered', 'outside')
      await next()
    })
    app.get('/', responseCache(cache, { life }), (c) => {
      c.header('X-Powered', 'inside')
      return c.text('page')
    })
    expect((await app.request('/')).headers.get('x-powered')).toBe('inside')
    expect((await app.request('/')).headers.get('x-powered')).toBe('inside')
  })
})

describe('refills', () => {
  async function refilled(app: Hono, path = '/'): Promise<void> {
    await app.request(path)
    clock.advance(61_000)
    expect(await status(app.request(path))).toMatch(/ttl=-/)
    await settled(cache)
  }

  test('come by all middleware, with parameters, variables and the environment', async () => {
    const seen: unknown[] = []
    const inner = new Hono<{ Bindings: { name: string } }>()
    inner.get('/posts/:id{[0-9]+}', responseCache(cache, { life }), (c) =>
      c.json([c.req.param(), c.req.query('q'), c.env.name, c.get('seen' as never), c.req.routePath]),
    )
    const app = new Hono()
    app.use(async (c, next) => {
      seen.push(isRefill(c))
      c.set('seen' as never, 'by the first' as never)
      await next()
    })
    app.route('/:tenant', inner)
    const get = () => app.request('/a%2Fb/posts/1?q=2', {}, { name: 'env' })
    const first = await (await get()).json()
    clock.advance(61_000)
    await get()
    await settled(cache)
    const hit = await get()
    expect(hit.headers.get('cache-status')).toMatch(/hit; ttl=60/)
    expect(await hit.json()).toEqual(first)
    expect(first).toEqual([
      { tenant: 'a/b', id: '1' },
      '2',
      'env',
      'by the first',
      '/:tenant/posts/:id{[0-9]+}',
    ])
    expect(seen).toEqual([false, false, true, false])
  })

  test('are given to waitUntil', async () => {
    const works: Promise<unknown>[] = []
    const context = { waitUntil: (work: Promise<unknown>) => works.push(work), passThroughOnException() {} }
    const app = new Hono()
    app.get('/', responseCache(cache, { life }), page)
    const get = () => app.request('/', {}, {}, { ...context, props: {} })
    await get()
    clock.advance(61_000)
    await get()
    expect(works).toHaveLength(1)
    await Promise.all(works)
    expect(await (await get()).text()).toBe('run 2')
  })

  test('a page that is gone removes: c.notFound()', async () => {
    const app = new Hono()
    app.notFound((c) => c.text(`no page here ${++runs}`, 404))
    app.get('/lost', responseCache(cache, { life, statuses: [200, 404] }), (c) =>
      ++runs === 1 ? c.text('page') : c.notFound(),
    )
    await refilled(app, '/lost')
    const lost = await app.request('/lost')
    expect(lost.headers.get('cache-status')).toMatch(/stored$/)
    expect(await lost.text()).toMatch(/no page here/)
  })

  test('a page that is gone removes: HTTPException', async () => {
    const app = new Hono()
    app.get('/thrown', responseCache(cache, { life }), (c) => {
      if (++runs > 1) throw new HTTPException(404)
      return c.text('page')
    })
    await refilled(app, '/thrown')
    expect((await app.request('/thrown')).status).toBe(404)
  })

  test('an error keeps what there is, and is printed', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono()
    app.onError((_, c) => c.text('sorry', 404))
    app.get('/', responseCache(cache, { life }), (c) => {
      if (++runs > 1) throw new Error('meant to fail')
      return c.text('page')
    })
    await refilled(app)
    expect(printed).toHaveBeenCalledWith(expect.objectContaining({ message: 'meant to fail' }))
    printed.mockRestore()
    expect(await (await app.request('/')).text()).toBe('page')
  })

  test('a group with an error handler of its own answers by that', async () => {
    const inner = new Hono()
    inner.onError((_, c) => c.text('gone', 410))
    inner.get('/page', responseCache(cache, { life }), (c) => {
      if (++runs > 1) throw new Error('meant to fail')
      return c.text('page')
    })
    const app = new Hono()
    app.route('/inner', inner)
    await refilled(app, '/inner/page')
    expect((await app.request('/inner/page')).status).toBe(410)
  })
})

describe('a response', () => {
  test('of a handler that throws is the error page, and not stored, whatever it looks like', async () => {
    const app = new Hono()
    app.onError((_, c) => c.text('all is well', 200))
    app.get('/', responseCache(cache, { life }), () => {
      runs++
      throw new Error('meant to fail')
    })
    await app.request('/')
    await app.request('/')
    expect(runs).toBe(2)
  })

  test('that was sent past Hono is not stored', async () => {
    const app = new Hono()
    app.get('/', responseCache(cache, { life }), () => {
      runs++
      return new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
    })
    await app.request('/')
    await app.request('/')
    expect(runs).toBe(2)
  })

  test('of an upstream, whose headers are sealed', async () => {
    const app = new Hono()
    app.use(responseCache(cache))
    app.get('/', async (c) => {
      if (c.req.query('cached') !== undefined) c.var.cache.life('minutes')
      return fetch(`data:text/plain,${++runs}`)
    })
    expect(await status(app.request('/'))).toMatch(/not-opted-in/)
    expect(await status(app.request('/', { headers: { Cookie: 'a=1' } }))).toMatch(/cookie/)
    expect(await status(app.request('/?cached'))).toMatch(/stored/)
    expect(await (await app.request('/?cached')).text()).toBe('3')
  })

  test('that nobody gives is Hono’s to report', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono()
    app.get('/', responseCache(cache, { life }), (async () => {}) as never)
    expect((await app.request('/')).status).toBe(500)
    printed.mockRestore()
  })
})

describe('where it stands', () => {
  test('options of one path are a route’s: app.get, app.use of a path, app.all', async () => {
    const app = new Hono()
    const control = { 'Cache-Control': 's-maxage=10' }
    const handler = (c: Context) => c.text('page', 200, control)
    app.get('/get', responseCache(cache, { life }), handler)
    app.use('/use', responseCache(cache, { life }))
    app.get('/use', handler)
    app.use('/below/*', responseCache(cache, { life }))
    app.get('/below/page', handler)
    for (const [path, ttl] of [
      ['/get', 60],
      ['/use', 60],
      ['/below/page', 10],
    ] as const) {
      await app.request(path)
      expect(await status(app.request(path))).toBe(`restale; hit; ttl=${ttl}`)
    }
  })

  test('below a mount that is decided, one that is not shows the handler what the client has sent', async () => {
    const app = new Hono()
    app.use(responseCache(cache, { life, key: { query: [] } }))
    app.get('/', responseCache(cache), (c) => c.json([c.req.query('a'), c.req.header('if-none-match')]))
    const response = await app.request('/?a=1', { headers: { 'If-None-Match': '"x"' } })
    expect(await response.json()).toEqual(['1', '"x"'])
    const passed = new Hono()
    passed.use(responseCache(cache, { life, key: { query: [] } }), responseCache(cache, { skip: () => true }))
    passed.get('/', (c) => c.json(c.req.query('a')))
    expect(await (await passed.request('/?a=1')).json()).toBe('1')
  })

  test('a cache around app.fetch gives way to one inside, and its refills come by the whole application', async () => {
    const { responseCache: around } = await import('../src/index.ts')
    const guarded: unknown[] = []
    const app = new Hono()
    app.notFound((c) => c.text('own page', 404))
    app.get(
      '/',
      async (c, next) => {
        guarded.push(c.req.header('x-key'))
        if (c.req.header('x-key') !== 'right') return c.text('who are you?', 401)
        return next()
      },
      responseCache(cache, { life, statuses: [200, 404] }),
      (c) => (++runs === 1 ? c.text('page') : c.notFound()),
    )
    const fetch = around(cache, app.fetch, { life })
    const get = (key: string) => fetch(new Request('http://test/', { headers: { 'X-Key': key } }))
    expect(await status(get('right'))).toBe('restale; fwd=uri-miss; stored')
    expect(await status(get('right'))).toBe('restale; hit; ttl=60')
    expect((await get('wrong')).status).toBe(401)
    clock.advance(61_000)
    await get('right')
    await settled(cache)
    const hit = await get('right')
    expect(hit.headers.get('cache-status')).toMatch(/hit/)
    expect(await hit.text()).toBe('own page')
    expect(guarded).toEqual(['right', 'right', 'wrong', 'right', 'right', 'right'])
  })
})

describe('the endpoint', () => {
  const secret = 'a secret of the test'
  const init = {
    method: 'POST',
    headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
    body: '{"tags":["page"]}',
  }

  test.each([
    ['/api/revalidate', (app: Hono) => app.use('/api/revalidate/*', revalidateEndpoint(cache, { secret }))],
    ['/hooks', (app: Hono) => app.all('/hooks/*', revalidateEndpoint(cache, { secret }))],
    ['/api/revalidate', (app: Hono) => app.use(revalidateEndpoint(cache, { secret }))],
    ['/own', (app: Hono) => app.use(revalidateEndpoint(cache, { secret, path: '/own' }))],
    ['/t/1/hooks', (app: Hono) => app.use('/t/:id/hooks/*', revalidateEndpoint(cache, { secret }))],
    [
      '/in/hooks',
      (app: Hono) => app.route('/in', new Hono().all('/hooks/*', revalidateEndpoint(cache, { secret }))),
    ],
  ])('answers at %s', async (path, mount) => {
    const app = new Hono()
    mount(app)
    app.get('/other', (c) => c.text('the app’s own'))
    expect(await (await app.request(path, init)).json()).toMatchObject({ revalidated: true })
    expect(await (await app.request(`${path}/webhook`, init)).json()).toEqual({ ok: true })
    expect((await app.request(path, { ...init, headers: {} })).status).toBe(401)
    expect(await (await app.request('/other')).text()).toBe('the app’s own')
  })

  test('takes a body that somebody above has read', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await c.req.json()
      await next()
    })
    app.use(revalidateEndpoint(cache, { secret }))
    expect((await app.request('/api/revalidate', init)).status).toBe(200)
  })
})
