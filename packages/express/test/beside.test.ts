import type { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { settled } from '@restale/core/testing'
import compression from 'compression'
import cors from 'cors'
import type { Express, RequestHandler } from 'express'
import express from 'express'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import { describe, expect, test } from 'vitest'
import { isRefill, responseCache } from '../src/index.ts'
import type { RawResponse } from './raw-client.ts'
import { hit, life, listen, quietApp, setup, stale, stored, streamed } from './support.ts'

const text = 'The quick brown fox jumps over the lazy dog. '.repeat(200)

/** An application with a cache, built in the order of the calls, and a handler that counts its runs. */
function world() {
  const { cache, clock } = setup()
  const app = quietApp()
  let runs = 0
  const page: RequestHandler = (_req, res) => void res.type('txt').send(`run ${++runs} ${text}`)
  return { cache, clock, app, page, runs: () => runs }
}

describe('compression', () => {
  const clients: [
    accepts: string | undefined,
    coding: string | undefined,
    decode: (body: Buffer) => Buffer,
  ][] = [
    ['gzip', 'gzip', gunzipSync],
    ['br', 'br', brotliDecompressSync],
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['identity', undefined, (body) => body],
    [undefined, undefined, (body) => body],
  ]
  const accepting = (accepts: string | undefined) =>
    accepts === undefined ? {} : { 'Accept-Encoding': accepts }

  function decoded({ body, isComplete }: RawResponse, decode: (body: Buffer) => Buffer): string {
    expect(isComplete).toBe(true)
    return decode(body).toString()
  }

  describe.each<[string, (app: Express, cached: RequestHandler) => unknown]>([
    ['above the cache', (app, cached) => app.use(compression(), cached)],
    ['below the cache', (app, cached) => app.use(cached, compression())],
  ])('%s', (place, mount) => {
    test('each client gets bytes that it can read, on misses and on hits', async () => {
      const { app, cache, page } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', page)
      const site = await listen(app)
      for (let round = 0; round < 2; round++) {
        for (const [accepts, coding, decode] of clients) {
          const response = await site.get('/page', accepting(accepts))
          expect(response.header('content-encoding')).toBe(coding)
          expect(decoded(response, decode)).toMatch(/^run \d The quick brown fox/)
          expect(response.header('vary')).toMatch(/accept-encoding/i)
          if (round > 0) expect(response.cacheStatus).toMatch(hit)
        }
      }
    })

    test('a streamed response too', async () => {
      const { app, cache } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', (_req, res) => {
        res.type('txt')
        for (let at = 0; at < text.length; at += 1000) res.write(text.slice(at, at + 1000))
        res.end()
      })
      const site = await listen(app)
      for (const [accepts, , decode] of [...clients, ...clients]) {
        expect(decoded(await site.get('/page', accepting(accepts)), decode)).toBe(text)
      }
      expect((await site.get('/page', accepting('gzip'))).cacheStatus).toMatch(hit)
    })

    test('a refill is coded as its trigger’s client accepts', async () => {
      const { app, cache, clock, page } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', page)
      const site = await listen(app)
      const gzip = accepting('gzip')
      await site.get('/page', gzip)
      clock.advance(61_000)
      const old = await site.get('/page', gzip)
      expect(old.cacheStatus).toMatch(stale)
      expect(decoded(old, gunzipSync)).toMatch(/^run 1 /)
      await settled(cache)
      const fresh = await site.get('/page', gzip)
      expect(fresh.cacheStatus).toMatch(hit)
      expect(fresh.header('content-encoding')).toBe('gzip')
      expect(decoded(fresh, gunzipSync)).toMatch(/^run 2 /)
    })

    test('a hit answers the condition of its own client with 304, and no body', async () => {
      const { app, cache, page } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', page)
      const site = await listen(app)
      await site.get('/page', accepting('gzip'))
      const etag = (await site.get('/page', accepting('gzip'))).header('etag') as string
      expect(etag).toMatch(/^W\//)
      const response = await site.get('/page', { ...accepting('gzip'), 'If-None-Match': etag })
      expect([response.status, response.text]).toEqual([304, ''])
      expect(response.cacheStatus).toMatch(hit)
    })

    test('HEAD of a stored response has no body', async () => {
      const { app, cache, page } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', page)
      const site = await listen(app)
      await site.get('/page', accepting('gzip'))
      const response = await site.request({ method: 'HEAD', path: '/page', headers: accepting('gzip') })
      expect([response.status, response.text]).toEqual([200, ''])
    })

    test('what is too small to compress is sent and stored as it is', async () => {
      const { app, cache } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/small', (_req, res) => void res.send('small'))
      const site = await listen(app)
      await site.get('/small', accepting('gzip'))
      const response = await site.get('/small', accepting('gzip'))
      expect(response.cacheStatus).toMatch(hit)
      expect([response.header('content-encoding'), response.text]).toEqual([undefined, 'small'])
    })

    test('the handler runs once for all clients, or once for each coding', async () => {
      const { app, cache, page, runs } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', page)
      const site = await listen(app)
      for (let round = 0; round < 3; round++) {
        for (const accepts of ['gzip', 'br', undefined]) await site.get('/page', accepting(accepts))
      }
      expect(runs()).toBe(place === 'above the cache' ? 1 : 3)
    })
  })
})

describe('express-session', () => {
  const options = { secret: 'keyboard cat', resave: false, saveUninitialized: true }

  test('above the cache: who is given a session gets what was made for nobody else', async () => {
    const { app, cache } = world()
    app.use(session({ ...options, saveUninitialized: false }), responseCache(cache, { life }))
    let tokens = 0
    app.get('/form', (req, res) => {
      const own = req.session as unknown as { token?: number }
      own.token ??= ++tokens
      res.send(`token ${own.token}`)
    })
    app.get('/page', (_req, res) => {
      res.send('for everybody')
    })
    const site = await listen(app)

    const forms = await Promise.all(Array.from({ length: 5 }, () => site.get('/form')))
    expect(new Set(forms.map(({ text }) => text)).size).toBe(5)
    await site.get('/page')
    expect((await site.get('/page')).cacheStatus).toMatch(hit)
  })

  test('above the cache, for everybody: nothing is stored until its cookie is named', async () => {
    const { app, cache, page } = world()
    app.use(session(options))
    app.get('/unnamed', responseCache(cache, { life }), page)
    app.get('/page', responseCache(cache, { life, outerCookies: ['connect.sid'] }), page)
    const site = await listen(app)
    const unnamed = [await site.get('/unnamed'), await site.get('/unnamed')]
    expect(new Set(unnamed.map(({ text }) => text)).size).toBe(2)

    const responses = [await site.get('/page'), await site.get('/page'), await site.get('/page')]
    expect(responses.map(({ cacheStatus }) => hit.test(cacheStatus))).toEqual([false, true, true])
    const cookies = responses.map((response) => response.values('set-cookie'))
    expect(cookies.map(({ length }) => length)).toEqual([1, 1, 1])
    expect(new Set(cookies.flat()).size).toBe(3)
  })

  test('below the cache: its cookie refuses, and no two clients get the same', async () => {
    const { app, cache, page, runs } = world()
    app.use(responseCache(cache, { life }), session(options))
    app.get('/page', page)
    const site = await listen(app)

    const responses = [await site.get('/page'), await site.get('/page')]
    expect(responses.map(({ cacheStatus }) => cacheStatus)).toEqual(
      Array(2).fill('restale; fwd=uri-miss; detail=set-cookie'),
    )
    expect(new Set(responses.flatMap((response) => response.values('set-cookie'))).size).toBe(2)
    expect(runs()).toBe(2)
  })

  test('a request with the session’s cookie passes, and sees its own data', async () => {
    const { app, cache } = world()
    app.use(session(options), responseCache(cache, { life }))
    app.get('/count', (req, res) => {
      const own = req.session as unknown as { count?: number }
      own.count = (own.count ?? 0) + 1
      res.send(`visit ${own.count}`)
    })
    const site = await listen(app)
    const [cookie = ''] = (await site.get('/count')).values('set-cookie')
    const headers = { Cookie: cookie.split(';', 1)[0] as string }

    for (const visit of ['visit 2', 'visit 3']) {
      const response = await site.get('/count', headers)
      expect(response.text).toBe(visit)
      expect(response.cacheStatus).toBe('restale; fwd=bypass; detail=cookie')
    }
  })

  test('with cookies: ignore, who has a session shares what nobody’s session made', async () => {
    const { app, cache, page } = world()
    app.use(session({ ...options, saveUninitialized: false }))
    app.get('/page', responseCache(cache, { life, cookies: 'ignore' }), page)
    const site = await listen(app)
    await site.get('/page', { Cookie: 'connect.sid=ann' })
    expect((await site.get('/page', { Cookie: 'connect.sid=ben' })).cacheStatus).toMatch(hit)
  })
})

describe('cookies of the handler', () => {
  test('res.cookie refuses', async () => {
    const { app, cache } = world()
    app.get('/it', responseCache(cache, { life }), (_req, res) => {
      res.cookie('seen', randomBytes(4).toString('hex')).send('x')
    })
    const site = await listen(app)
    const cookies = [await site.get('/it'), await site.get('/it')].map((response) => {
      expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
      return response.header('set-cookie')
    })
    expect(cookies[0]).not.toBe(cookies[1])
  })

  test('res.clearCookie refuses too', async () => {
    const { app, cache } = world()
    app.get('/it', responseCache(cache, { life }), (_req, res) => void res.clearCookie('seen').send('x'))
    const site = await listen(app)
    expect((await site.get('/it')).cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
  })

  test('res.cookie beside one that was set above: the outer one is no reason, the inner one is', async () => {
    const { app, cache } = world()
    app.use((_req, res, next) => {
      res.cookie('outer', '1')
      next()
    })
    app.use(responseCache(cache, { life }))
    app.get('/plain', (_req, res) => void res.send('x'))
    app.get('/cookie', (_req, res) => void res.cookie('inner', '2').send('x'))
    const site = await listen(app)

    expect((await site.get('/plain')).cacheStatus).toMatch(stored)
    expect((await site.get('/plain')).values('set-cookie')).toEqual(['outer=1; Path=/'])
    const refused = await site.get('/cookie')
    expect(refused.cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
    expect(refused.values('set-cookie')).toEqual(['outer=1; Path=/', 'inner=2; Path=/'])
  })

  test('one that outerCookies names goes out with its own response, and with no other', async () => {
    const { app, cache } = world()
    app.get('/it', responseCache(cache, { life, outerCookies: ['lb'] }), (_req, res) => {
      res.cookie('lb', 'node-1').send('x')
    })
    const site = await listen(app)
    expect((await site.get('/it')).values('set-cookie')).toEqual(['lb=node-1; Path=/'])
    const second = await site.get('/it')
    expect(second.cacheStatus).toMatch(hit)
    expect(second.values('set-cookie')).toEqual([])
  })
})

describe('cors', () => {
  const origins = ['https://a.example', 'https://b.example']

  describe.each<[string, (app: Express, cached: RequestHandler) => unknown]>([
    ['above the cache', (app, cached) => app.use(cors({ origin: origins }), cached)],
    ['below the cache', (app, cached) => app.use(cached, cors({ origin: origins }))],
  ])('%s, with a list of origins', (_place, mount) => {
    test('each origin is told that it is allowed, and no other’s name', async () => {
      const { app, cache, page } = world()
      mount(app, responseCache(cache, { life }))
      app.get('/page', page)
      const site = await listen(app)
      for (let round = 0; round < 2; round++) {
        for (const origin of [...origins, 'https://evil.example', undefined]) {
          const response = await site.get('/page', origin === undefined ? {} : { Origin: origin })
          const allowed = origin !== undefined && origins.includes(origin) ? [origin] : []
          expect(response.values('access-control-allow-origin')).toEqual(allowed)
          expect(response.header('vary')).toMatch(/^origin$/i)
          if (round > 0) expect(response.cacheStatus).toMatch(hit)
        }
      }
    })
  })

  test('below the cache, for everybody: one entry', async () => {
    const { app, cache, page, runs } = world()
    app.use(responseCache(cache, { life }), cors())
    app.get('/page', page)
    const site = await listen(app)
    await site.get('/page', { Origin: 'https://a.example' })
    const response = await site.get('/page', { Origin: 'https://b.example' })
    expect(response.cacheStatus).toMatch(hit)
    expect(response.header('access-control-allow-origin')).toBe('*')
    expect(runs()).toBe(1)
  })

  test('one origin by hand below the cache, without Vary: refused', async () => {
    const { app, cache } = world()
    app.get('/it', responseCache(cache, { life }), (req, res) => {
      res.set('Access-Control-Allow-Origin', req.get('origin') ?? '*').send('x')
    })
    const site = await listen(app)
    const response = await site.get('/it', { Origin: 'https://a.example' })
    expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=cors-origin')
  })

  test('a preflight is answered by cors, and passes the cache', async () => {
    const { app, cache, page } = world()
    app.use(responseCache(cache, { life }), cors({ origin: origins }))
    app.get('/page', page)
    const site = await listen(app)
    const response = await site.request({
      method: 'OPTIONS',
      path: '/page',
      headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' },
    })
    expect([response.status, response.cacheStatus]).toEqual([204, 'restale; fwd=method'])
    expect(response.header('access-control-allow-origin')).toBe('https://a.example')
  })
})

describe('helmet', () => {
  const names = [
    'content-security-policy',
    'strict-transport-security',
    'x-content-type-options',
    'x-powered-by',
  ]

  test.each<[string, (app: Express, cached: RequestHandler) => unknown]>([
    ['above the cache', (app, cached) => app.use(helmet(), cached)],
    ['below the cache', (app, cached) => app.use(cached, helmet())],
  ])('%s: a hit has its headers, each once, as the miss', async (_place, mount) => {
    const { app, cache, page } = world()
    mount(app, responseCache(cache, { life }))
    app.get('/page', page)
    const site = await listen(app)
    const miss = await site.get('/page')
    const second = await site.get('/page')
    expect(second.cacheStatus).toMatch(hit)
    for (const name of names) expect(second.values(name)).toEqual(miss.values(name))
    expect(second.header('x-powered-by')).toBeUndefined()
  })

  test.each<[string, (app: Express, cached: RequestHandler, csp: RequestHandler) => unknown]>([
    ['above the cache', (app, cached, csp) => app.use(csp, cached)],
    ['below the cache', (app, cached, csp) => app.use(cached, csp)],
  ])('with a nonce, %s: refused, since the nonce is in the page too', async (_place, mount) => {
    const { app, cache } = world()
    const nonces: RequestHandler = (_req, res, next) => {
      res.locals.nonce = randomBytes(16).toString('hex')
      next()
    }
    const csp = helmet({
      contentSecurityPolicy: {
        directives: { scriptSrc: [(_req, res) => `'nonce-${(res as express.Response).locals.nonce}'`] },
      },
    })
    app.use(nonces)
    mount(app, responseCache(cache, { life }), csp as RequestHandler)
    app.get('/page', (_req, res) => void res.send(`<script nonce="${res.locals.nonce}">`))
    const site = await listen(app)
    for (let round = 0; round < 2; round++) {
      const response = await site.get('/page')
      expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=csp-nonce')
      const [, nonce] = /nonce="(\w+)"/.exec(response.text) as unknown as [string, string]
      expect(response.header('content-security-policy')).toContain(`'nonce-${nonce}'`)
    }
  })
})

describe('morgan', () => {
  test('logs hits with their status and length, and can tell refills', async () => {
    const { app, cache, clock, page } = world()
    const lines: string[] = []
    morgan.token('who', (req) => (isRefill(req) ? 'refill' : 'client'))
    const format = ':who :method :url :status :res[cache-status] :res[content-length] :remote-addr'
    app.use(morgan(format, { stream: { write: (line) => void lines.push(line.trim()) } }))
    app.use(responseCache(cache, { life }))
    app.get('/page', page)
    const site = await listen(app)
    const { length } = (await site.get('/page')).text
    await site.get('/page')
    clock.advance(61_000)
    await site.get('/page')
    await settled(cache)

    const peer = '127.0.0.1'
    expect(lines).toEqual([
      `client GET /page 200 restale; fwd=uri-miss; stored ${length} ${peer}`,
      `client GET /page 200 restale; hit; ttl=60 ${length} ${peer}`,
      `client GET /page 200 restale; hit; ttl=-1 ${length} ${peer}`,
      `refill GET /page 200 restale; fwd=stale; stored ${length} ${peer}`,
    ])
  })

  test('can leave refills out', async () => {
    const { app, cache, clock, page } = world()
    const lines: string[] = []
    app.use(morgan(':url', { skip: isRefill, stream: { write: (line) => void lines.push(line.trim()) } }))
    app.use(responseCache(cache, { life }))
    app.get('/page', page)
    const site = await listen(app)
    await site.get('/page')
    clock.advance(61_000)
    await site.get('/page')
    await settled(cache)
    expect(lines).toEqual(['/page', '/page'])
  })
})

describe('body parsers', () => {
  test('express.json beside the cache: GETs are cached, bodies of others parsed', async () => {
    const { app, cache, page } = world()
    app.use(express.json(), responseCache(cache, { life }))
    app.get('/page', page)
    app.post('/page', (req, res) => void res.json(req.body))
    const site = await listen(app)
    await site.get('/page')
    expect((await site.get('/page')).cacheStatus).toMatch(hit)
    const headers = { 'Content-Type': 'application/json' }
    const post = await site.request({ method: 'POST', path: '/page', headers, body: '{"a":1}' })
    expect([post.text, post.cacheStatus]).toEqual(['{"a":1}', 'restale; fwd=method'])
  })

  test('express.json above the cache does not hold up a refill', async () => {
    const { app, cache, clock, page } = world()
    app.use(express.json(), express.urlencoded(), express.text(), express.raw())
    app.use(responseCache(cache, { life }))
    app.get('/page', page)
    const site = await listen(app)
    await site.get('/page', { 'Content-Type': 'application/json' })
    clock.advance(61_000)
    await site.get('/page', { 'Content-Type': 'application/json' })
    await settled(cache)
    expect((await site.get('/page')).text).toMatch(/^run 2/)
  })
})

describe('a rate limiter above the cache', () => {
  /** So many requests of a client, then 429. */
  function limiter(most: number, skip: (req: express.Request) => boolean): RequestHandler {
    let used = 0
    return (req, res, next) => {
      if (skip(req)) return next()
      used++
      res.set('RateLimit-Remaining', String(Math.max(0, most - used)))
      if (used > most) res.status(429).send('too many')
      else next()
    }
  }

  test('that skips refills counts clients only, each with its own headers', async () => {
    const { app, cache, clock, page } = world()
    app.use(limiter(3, isRefill), responseCache(cache, { life }))
    app.get('/page', page)
    const site = await listen(app)
    expect((await site.get('/page')).header('ratelimit-remaining')).toBe('2')
    clock.advance(61_000)
    expect((await site.get('/page')).header('ratelimit-remaining')).toBe('1')
    await settled(cache)
    const third = await site.get('/page')
    expect(third.cacheStatus).toMatch(hit)
    expect(third.text).toMatch(/^run 2/)
    expect(third.values('ratelimit-remaining')).toEqual(['0'])
    expect((await site.get('/page')).status).toBe(429)
  })

  test('that ends a refill with 429 keeps what there is', async () => {
    const { app, cache, clock, page, runs } = world()
    app.use(
      limiter(0, (req) => !isRefill(req)),
      responseCache(cache, { life }),
    )
    app.get('/page', page)
    const site = await listen(app)
    await site.get('/page')
    clock.advance(61_000)
    await site.get('/page')
    await settled(cache)
    const response = await site.get('/page')
    expect(response.cacheStatus).toMatch(stale)
    expect(response.text).toMatch(/^run 1/)
    expect(runs()).toBe(1)
  })
})

describe('all of them at once, in the recommended order', () => {
  test('cache hits carry what each layer writes, and refills go through all of them', async () => {
    const { app, cache, clock, page } = world()
    app.use(
      morgan('tiny', { stream: { write: () => {} } }),
      helmet(),
      cors({ origin: ['https://a.example'] }),
      compression(),
      session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }),
      express.json(),
      responseCache(cache, { life }),
    )
    app.get('/page', page)
    const site = await listen(app)
    const headers = { Origin: 'https://a.example', 'Accept-Encoding': 'gzip' }

    const miss = await site.get('/page', headers)
    expect(miss.cacheStatus).toMatch(streamed.test(miss.cacheStatus) ? streamed : stored)
    clock.advance(61_000)
    expect((await site.get('/page', headers)).cacheStatus).toMatch(stale)
    await settled(cache)
    const fresh = await site.get('/page', headers)
    expect(fresh.cacheStatus).toMatch(hit)
    expect(gunzipSync(fresh.body).toString()).toMatch(/^run 2/)
    expect(fresh.values('access-control-allow-origin')).toEqual(['https://a.example'])
    expect(fresh.values('x-content-type-options')).toEqual(['nosniff'])
    expect(fresh.values('set-cookie')).toEqual([])
    expect(fresh.header('vary')?.toLowerCase().split(', ').sort()).toEqual(['accept-encoding', 'origin'])
  })
})
