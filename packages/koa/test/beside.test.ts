// biome-ignore-all lint/suspicious/noAssignInExpressions: the handlers of these tests are one line each
import type { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import Router from '@koa/router'
import { settled } from '@restale/core/testing'
import type { Context, Middleware } from 'koa'
import compress from 'koa-compress'
import mount from 'koa-mount'
import session from 'koa-session'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { isRefill, responseCache } from '../src/index.ts'
import { errorsOf, hit, life, listen, majors, setup, stale, stored, streamed } from './support.ts'

/** Answers with the number of its run. */
function counter(): { handler: Middleware; runs: () => number } {
  let runs = 0
  return {
    handler: (ctx) => {
      ctx.body = `run ${++runs}`
    },
    runs: () => runs,
  }
}

const routes = (router: Router): Middleware => router.routes() as unknown as Middleware
const inRouter = (middleware: Middleware) => middleware as never

describe.each(majors)('%s', (_major, make) => {
  test('a request whose method something below overrides is nobody else’s', async () => {
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life }))
    app.use((ctx, next) => {
      ctx.method = ctx.get('x-method') || ctx.method
      return next()
    })
    app.use((ctx) => void (ctx.body = ctx.method))
    const site = await listen(app)

    const deleted = await site.get('/', { 'X-Method': 'DELETE' })
    expect([deleted.text, deleted.cacheStatus]).toEqual(['DELETE', 'restale; fwd=uri-miss; detail=method'])
    expect((await site.get('/')).text).toBe('GET')
    expect((await site.get('/')).cacheStatus).toMatch(hit)
  })

  describe('@koa/router', () => {
    test('one route: tags are made of its params, and other routes know nothing of a cache', async () => {
      const { cache } = setup()
      const app = make()
      const { handler } = counter()
      const cached = responseCache(cache, { life, tags: (ctx) => [`post:${ctx.params.id}`] })
      const router = new Router({ prefix: '/blog' })
      router.get('/posts/:id', inRouter(cached), inRouter(handler))
      router.get('/plain', (ctx) => void (ctx.body = typeof (ctx as unknown as Context).cache))
      app.use(routes(router))
      const site = await listen(app)

      expect((await site.get('/blog/posts/1')).cacheStatus).toMatch(stored)
      await site.get('/blog/posts/2')
      await cache.updateTag('post:1')
      expect((await site.get('/blog/posts/1')).text).toBe('run 3')
      expect((await site.get('/blog/posts/2')).cacheStatus).toMatch(hit)
      expect((await site.get('/blog/plain')).text).toBe('undefined')
    })

    test('options of a route are the handler’s word, those of router.use give way to headers', async () => {
      const { cache, clock } = setup()
      const app = make()
      const router = new Router()
      const short = (ctx: Context) => {
        ctx.set('Cache-Control', 's-maxage=10')
        ctx.body = 'x'
      }
      const long = { life: { revalidate: 60, expire: 60 } }
      router.get('/own', inRouter(responseCache(cache, long)), inRouter(short as Middleware))
      router.use('/used', inRouter(responseCache(cache, long)))
      router.get('/used', inRouter(short as Middleware))
      app.use(routes(router))
      const site = await listen(app)
      for (const path of ['/own', '/used']) await site.get(path)
      clock.advance(11_000)
      expect((await site.get('/own')).cacheStatus).toMatch(hit)
      expect((await site.get('/used')).cacheStatus).not.toMatch(hit)
    })

    test.each<[string, (inner: Router, cached: Middleware) => Middleware[], string]>([
      [
        'nested, with prefixes',
        (inner, cached) => {
          const outer = new Router({ prefix: '/a' })
          outer.use('/b', inRouter(routes(inner)))
          return [cached, routes(outer)]
        },
        '/a/b',
      ],
      ['under koa-mount', (inner, cached) => [cached, mount('/a', routes(inner))], '/a'],
      ['under koa-mount twice', (inner, cached) => [cached, mount('/a', mount('/b', routes(inner)))], '/a/b'],
      [
        'with the cache in between',
        (inner, cached) => [mount('/a', composed(cached, mount('/b', routes(inner))))],
        '/a/b',
      ],
      [
        'with the cache inside',
        (inner, cached) => [mount('/a', mount('/b', composed(cached, routes(inner))))],
        '/a/b',
      ],
      [
        'beside a mount that has passed the request on',
        (inner, cached) => [mount('/posts', (_ctx, next) => next()), cached, routes(inner)],
        '',
      ],
    ])('its pattern can be revalidated: %s', async (_name, place, prefix) => {
      const { cache } = setup()
      const app = make()
      const { handler } = counter()
      const inner = new Router()
      inner.get('/posts/:id', inRouter(handler))
      inner.get('/others/:id', inRouter(handler))
      for (const middleware of place(inner, responseCache(cache, { life }))) app.use(middleware)
      const site = await listen(app)
      const ask = async () =>
        (
          await Promise.all(['posts/1', 'posts/2', 'others/1'].map((path) => site.get(`${prefix}/${path}`)))
        ).map(({ cacheStatus }) => hit.test(cacheStatus))
      await ask()
      expect(await ask()).toEqual([true, true, true])
      await cache.revalidatePath(`${prefix}/posts/:id`)
      expect(await ask()).toEqual([false, false, true])
      await cache.revalidatePath(`${prefix || '/posts'}`, 'layout')
      expect((await ask()).slice(0, 2)).toEqual([false, false])
    })

    test('in a mount, a refill comes to where it is wanted', async () => {
      const { cache, clock } = setup()
      const app = make()
      const { handler } = counter()
      const router = new Router()
      router.get('/posts/:id', inRouter(responseCache(cache, { life })), inRouter(handler))
      app.use(mount('/a', mount('/b', routes(router))))
      const site = await listen(app)
      await site.get('/a/b/posts/1')
      clock.advance(61_000)
      expect((await site.get('/a/b/posts/1')).cacheStatus).toMatch(stale)
      await settled(cache)
      expect((await site.get('/a/b/posts/1')).text).toBe('run 2')
    })

    test('parameters that are not in the key are hidden from the handler alone', async () => {
      const { cache } = setup()
      const app = make()
      const seen: unknown[] = []
      app.use(async (ctx, next) => {
        await next()
        seen.push(ctx.url, { ...ctx.query })
      })
      app.use(responseCache(cache, { life, key: { query: ['a'] } }))
      app.use(
        mount('/m', (ctx) => {
          ctx.body = { url: ctx.url, query: ctx.query, original: ctx.originalUrl }
        }),
      )
      const site = await listen(app)
      expect(JSON.parse((await site.get('/m/x?a=1&b=2')).text)).toEqual({
        url: '/x?a=1',
        query: { a: '1' },
        original: '/m/x?a=1&b=2',
      })
      expect(seen).toEqual(['/m/x?a=1&b=2', { a: '1', b: '2' }])
    })
  })

  describe('koa-compress', () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(200)

    test.each<[string, (cached: Middleware) => Middleware[], number]>([
      // It says what it varies on before it knows of anything to compress.
      ['above the cache', (cached) => [compress(), cached], 4],
      ['below the cache', (cached) => [cached, compress()], 4],
    ])('%s: each client gets bytes that it can read', async (_name, order, expectedRuns) => {
      const { cache, clock } = setup()
      const app = make()
      let runs = 0
      for (const middleware of order(responseCache(cache, { life }))) app.use(middleware)
      app.use((ctx) => {
        ctx.type = 'txt'
        ctx.body = `run ${++runs} ${text}`
      })
      const site = await listen(app)
      const clients: [string | undefined, (body: Buffer) => Buffer][] = [
        ['gzip', gunzipSync],
        ['br', brotliDecompressSync],
        ['identity', (body) => body],
        [undefined, (body) => body],
      ]
      for (let round = 0; round < 3; round++) {
        for (const [accepts, decode] of clients) {
          const headers: Record<string, string> = accepts === undefined ? {} : { 'Accept-Encoding': accepts }
          const response = await site.get('/page', headers)
          expect(response.isComplete).toBe(true)
          expect(decode(response.body).toString()).toMatch(/^run \d The quick/)
          expect(response.header('vary')).toMatch(/accept-encoding/i)
          if (round > 0) expect(response.cacheStatus).toMatch(hit)
        }
      }
      expect(runs).toBe(expectedRuns)
      clock.advance(61_000)
      const gzip = { 'Accept-Encoding': 'gzip' }
      expect((await site.get('/page', gzip)).cacheStatus).toMatch(stale)
      await settled(cache)
      const fresh = await site.get('/page', gzip)
      expect(fresh.cacheStatus).toMatch(hit)
      expect(gunzipSync(fresh.body).toString()).toContain(`run ${expectedRuns + 1}`)
      const etag = fresh.header('etag') as string
      expect((await site.get('/page', { ...gzip, 'If-None-Match': etag })).status).toBe(304)
    })
  })

  describe('koa-session', () => {
    function app(order: (cached: Middleware, sessions: Middleware) => Middleware[], handler: Middleware) {
      const { cache } = setup()
      const app = make()
      app.keys = ['a key']
      const sessions = session({ renew: false }, app as never) as unknown as Middleware
      for (const middleware of order(responseCache(cache, { life }), sessions)) app.use(middleware)
      app.use(handler)
      return app
    }
    const visit: Middleware = (ctx) => {
      const own = (ctx as unknown as { session: { count?: number } }).session
      own.count = (own.count ?? 0) + 1
      ctx.body = `visit ${own.count}`
    }

    test('below the cache: its cookie refuses, for each client anew', async () => {
      const site = await listen(app((cached, sessions) => [cached, sessions], visit))
      for (let round = 0; round < 2; round++) {
        const response = await site.get('/page')
        expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
        expect(response.values('set-cookie').length).toBeGreaterThan(0)
      }
    })

    test('above the cache: who has a session passes, and sees their own', async () => {
      const site = await listen(app((cached, sessions) => [sessions, cached], visit))
      const cookies = (await site.get('/page')).values('set-cookie')
      expect(cookies.length).toBeGreaterThan(0)
      const headers = { Cookie: cookies.map((line) => line.split(';', 1)[0]).join('; ') }
      const own = await site.get('/page', headers)
      expect([own.text, own.cacheStatus]).toEqual(['visit 2', 'restale; fwd=bypass; detail=cookie'])
      const other = await site.get('/page')
      expect([other.text, other.cacheStatus]).toEqual(['visit 1', 'restale; fwd=uri-miss; detail=set-cookie'])
      expect(other.values('set-cookie')).not.toEqual(cookies)
    })

    test('above the cache: five at once are given five sessions', async () => {
      let tokens = 0
      const form: Middleware = (ctx) => {
        const own = (ctx as unknown as { session: { token?: number } }).session
        own.token ??= ++tokens
        ctx.body = Readable.from([`token ${own.token}`])
      }
      for (const handler of [form, visit]) {
        const site = await listen(app((cached, sessions) => [sessions, cached], handler))
        const answers = await Promise.all(Array.from({ length: 5 }, () => site.get('/page')))
        expect(answers.map((answer) => answer.cacheStatus)).not.toContainEqual(expect.stringMatching(hit))
        expect(new Set(answers.flatMap((answer) => answer.values('set-cookie'))).size).toBeGreaterThan(4)
      }
      expect(tokens).toBe(5)
    })

    test('above the cache, untouched by the handler: the response is for everybody', async () => {
      const { handler } = counter()
      const site = await listen(app((cached, sessions) => [sessions, cached], handler))
      await site.get('/page')
      const other = await site.get('/page')
      expect(other.cacheStatus).toMatch(hit)
      expect(other.values('set-cookie')).toEqual([])
    })

    test('a cookie that is set below as the head goes out refuses', async () => {
      const { cache } = setup()
      const app = make()
      app.use(responseCache(cache, { life }))
      app.use(async (ctx, next) => {
        const { writeHead } = ctx.res
        ctx.res.writeHead = ((...args: unknown[]) => {
          ctx.res.appendHeader('Set-Cookie', 'late=1')
          return Reflect.apply(writeHead, ctx.res, args)
        }) as typeof writeHead
        await next()
      })
      app.use(counter().handler)
      const site = await listen(app)
      expect([(await site.get('/page')).text, (await site.get('/page')).text]).toEqual(['run 1', 'run 2'])
    })

    test('committed by the handler, its cookie refuses above the cache too', async () => {
      const commit: Middleware = async (ctx) => {
        const own = (ctx as unknown as { session: { manuallyCommit(): Promise<void>; a?: number } }).session
        own.a = 1
        await own.manuallyCommit()
        ctx.body = 'x'
      }
      const site = await listen(app((cached, sessions) => [sessions, cached], commit))
      expect((await site.get('/page')).cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
    })
  })

  describe('cookies and logins', () => {
    test('ctx.cookies.set below refuses, above it is each request’s own', async () => {
      const { cache } = setup()
      const app = make()
      let visits = 0
      app.use((ctx, next) => {
        ctx.cookies.set('outer', String(++visits))
        return next()
      })
      app.use(responseCache(cache, { life }))
      app.use((ctx) => {
        if (ctx.path === '/cookie') ctx.cookies.set('inner', '1')
        ctx.body = 'x'
      })
      const site = await listen(app)
      expect((await site.get('/plain')).cacheStatus).toMatch(stored)
      const again = await site.get('/plain')
      expect(again.cacheStatus).toMatch(hit)
      expect(again.values('set-cookie')).toEqual(['outer=2; path=/; httponly'])
      const refused = await site.get('/cookie')
      expect(refused.cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
      expect(refused.values('set-cookie')).toHaveLength(2)
    })

    test.each<[string, (ctx: Context) => unknown]>([
      ['ctx.state.user', (ctx) => (ctx.state.user = { name: 'ann' })],
      ['ctx.req.user', (ctx) => Object.assign(ctx.req, { user: { name: 'ann' } })],
    ])('%s above and below keeps a response out', async (_name, login) => {
      const { cache } = setup()
      const app = make()
      const guard: Middleware = (ctx, next) => {
        if (ctx.get('X-Api-Key') === 'k') login(ctx as Context)
        return next()
      }
      const cached = responseCache(cache, { life })
      app.use(
        mount(
          '/above',
          composed(guard, cached, (ctx) => void (ctx.body = 'x')),
        ),
      )
      app.use(
        mount(
          '/below',
          composed(responseCache(cache, { life }), guard, (ctx) => void (ctx.body = 'x')),
        ),
      )
      const site = await listen(app)
      const key = { 'X-Api-Key': 'k' }
      for (let round = 0; round < 2; round++) {
        expect((await site.get('/above', key)).cacheStatus).toBe('restale; fwd=bypass; detail=authenticated')
        expect((await site.get('/below', key)).cacheStatus).toBe(
          'restale; fwd=uri-miss; detail=authenticated',
        )
      }
      expect((await site.get('/above')).cacheStatus).toMatch(stored)
    })
  })

  describe('where the request came by', () => {
    test.each([
      [true, 'https://other.example'],
      [false, 'http://test.example'],
    ])('app.proxy = %s', async (proxy, origin) => {
      const { cache, clock } = setup()
      const app = make({ proxy })
      const seen: string[] = []
      app.use((ctx, next) => {
        seen.push(`${isRefill(ctx.req)} ${ctx.protocol}://${ctx.host} ${ctx.ip}`)
        return next()
      })
      app.use(responseCache(cache, { life }))
      app.use((ctx) => void (ctx.body = `${ctx.protocol}://${ctx.host}`))
      const site = await listen(app)
      const headers = {
        'X-Forwarded-Host': 'other.example',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-For': '10.0.0.1',
      }
      expect((await site.get('/it', headers)).text).toBe(origin)
      expect((await site.get('/it')).text).toBe('http://test.example')
      clock.advance(61_000)
      expect((await site.get('/it', headers)).text).toBe(origin)
      await settled(cache)
      const ip = proxy ? '10.0.0.1' : '127.0.0.1'
      expect(seen.at(-1)).toBe(`true ${origin} ${ip}`)
    })

    test('an application that does not listen, by supertest', async () => {
      const { cache } = setup()
      const app = make()
      const { handler } = counter()
      app.use(responseCache(cache, { life, key: { host: false } }))
      app.use(handler)
      const callback = app.callback()
      expect((await request(callback).get('/it')).headers['cache-status']).toMatch(stored)
      const second = await request(callback).get('/it')
      expect([second.text, hit.test(second.headers['cache-status'] as string)]).toEqual(['run 1', true])
      await request(callback).head('/it').expect(200)
    })

    test('asyncLocalStorage: a refill has a context of its own', async () => {
      const { cache, clock } = setup()
      const app = make({ asyncLocalStorage: true })
      app.use(responseCache(cache, { life }))
      app.use((ctx) => {
        const current = (app as unknown as { currentContext: Context }).currentContext
        ctx.body = `${current === ctx} ${current.get('X-Id')}`
      })
      const site = await listen(app)
      expect((await site.get('/it', { 'X-Id': '1' })).text).toBe('true 1')
      clock.advance(61_000)
      await site.get('/it', { 'X-Id': '2' })
      await settled(cache)
      expect((await site.get('/it')).text).toBe('true 2')
    })
  })

  describe('conditions', () => {
    test('ctx.fresh is for a handler to ask until it is decided', async () => {
      const { cache } = setup()
      const app = make()
      const seen: boolean[] = []
      app.use(responseCache(cache))
      app.use((ctx) => {
        ctx.status = 200
        ctx.etag = 'mine'
        seen.push(ctx.fresh)
        if (ctx.path === '/opted') ctx.cache.life('hours')
        seen.push(ctx.fresh)
        if (ctx.fresh) ctx.status = 304
        else ctx.body = 'x'
      })
      const site = await listen(app)
      const condition = { 'If-None-Match': '"mine"' }
      expect((await site.get('/plain', condition)).status).toBe(304)
      const opted = await site.get('/opted', condition)
      expect([opted.status, opted.text]).toEqual([304, ''])
      expect(seen).toEqual([true, true, true, false])
      const whole = await site.get('/opted')
      expect([whole.status, whole.text, hit.test(whole.cacheStatus)]).toEqual([200, 'x', true])
    })
  })

  describe('errors', () => {
    test('of a refill come to the application, and the old response stays', async () => {
      const { cache, clock } = setup()
      const app = make()
      let runs = 0
      app.use(responseCache(cache, { life }))
      app.use((ctx) => {
        if (++runs === 2) throw new Error('boom')
        ctx.body = `run ${runs}`
      })
      const site = await listen(app)
      await site.get('/it')
      clock.advance(61_000)
      await site.get('/it')
      await settled(cache)
      expect(errorsOf(app).map(({ message }) => message)).toEqual(['boom'])
      expect((await site.get('/it')).text).toBe('run 1')
    })

    test('a body that cannot be text is the error that it is without a cache', async () => {
      const { cache } = setup()
      const app = make()
      const circular: Record<string, unknown> = {}
      circular.self = circular
      app.use(responseCache(cache, { life }))
      app.use((ctx) => void (ctx.body = circular))
      const site = await listen(app)
      expect((await site.get('/it')).status).toBe(500)
      expect(errorsOf(app)[0]?.message).toMatch(/circular/)
    })

    test('a stream goes out as it comes', async () => {
      const { cache } = setup()
      const app = make()
      app.use(responseCache(cache, { life }))
      app.use((ctx) => void (ctx.body = Readable.from(['a', 'b'])))
      const site = await listen(app)
      const response = await site.get('/it')
      expect([response.text, response.header('etag')]).toEqual(['ab', undefined])
      expect(response.cacheStatus).toMatch(streamed)
      expect((await site.get('/it')).cacheStatus).toMatch(hit)
    })
  })
})

function composed(...all: Middleware[]): Middleware {
  return (ctx, next) =>
    all.reduceRight<() => Promise<unknown>>((inner, each) => async () => each(ctx, inner), next)()
}
