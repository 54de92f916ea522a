import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import etag from '@fastify/etag'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import session from '@fastify/session'
import { settled } from '@restale/core/testing'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { describe, expect, test } from 'vitest'
import { isRefill, responseCache } from '../src/index.ts'
import {
  cachedApp,
  counter,
  expectCached,
  get,
  hit,
  life,
  plainApp,
  setup,
  stale,
  stored,
  streamed,
} from './support.ts'

type Register = (app: FastifyInstance) => Promise<unknown>

/** Other plugins and the cache, in both orders. */
const orders: [name: string, build: (others: Register) => Promise<Awaited<ReturnType<typeof build>>>][] = [
  ['registered before the cache', (others) => build(others, async () => {})],
  ['registered after the cache', (others) => build(async () => {}, others)],
]

async function build(before: Register, after: Register) {
  const { cache, clock } = setup()
  const app = plainApp()
  await before(app)
  await app.register(responseCache, { cache, life })
  await after(app)
  return { app, cache, clock }
}

describe.each(orders)('plugins %s', (_order, build) => {
  test('compress: stored as it was made, and coded for each client', async () => {
    const { app } = await build(async (app) => app.register(compress, { threshold: 0 }))
    let runs = 0
    app.get('/whole', async () => ({ text: `run ${++runs}` }))
    app.get('/stream', async () => Readable.from([`run ${++runs}`], { objectMode: false }))
    for (const [path, miss] of [
      ['/whole', stored],
      ['/stream', streamed],
    ] as const) {
      const first = await get(app, path, { 'accept-encoding': 'gzip' })
      expect(first.cacheStatus).toMatch(miss)
      expect(first.header('content-encoding')).toBe('gzip')
      const plain = await get(app, path)
      expect(plain.cacheStatus).toMatch(hit)
      expect(plain.header('content-encoding')).toBeUndefined()
      const second = await get(app, path, { 'accept-encoding': 'gzip' })
      expect(second.cacheStatus).toMatch(hit)
      expect(second.header('content-encoding')).toBe('gzip')
      expect(second.header('vary')).toBe('accept-encoding')
      expect(gunzipSync(second.bytes).toString()).toBe(plain.text)
    }
    expect(runs).toBe(2)
  })

  test('compress: what a handler has coded itself is stored as a variant', async () => {
    const { app } = await build(async (app) => app.register(compress, { threshold: 0, global: false }))
    let runs = 0
    app.get(
      '/',
      (_request, reply) => void reply.type('text/plain').compress(Readable.from([`run ${++runs}`])),
    )
    const gzip = { 'accept-encoding': 'gzip' }
    expect((await get(app, '/', gzip)).header('content-encoding')).toBe('gzip')
    const again = await get(app, '/', gzip)
    expect(again.cacheStatus).toMatch(hit)
    expect(again.header('content-encoding')).toBe('gzip')
    expect(gunzipSync(again.bytes).toString()).toBe('run 1')
    expect((await get(app, '/')).text).toBe('run 2')
    expect((await get(app, '/')).cacheStatus).toMatch(hit)
  })

  test('etag: one ETag on misses and hits, and a 304 for it; its own where nothing is cached', async () => {
    const { app } = await build(async (app) => app.register(etag))
    app.get('/cached', counter().handler)
    app.get('/plain', { config: { cache: false } }, async () => 'plain')
    const first = await get(app, '/cached')
    const second = await expectHit(app, '/cached')
    const tag = first.header('etag') as string
    expect(tag).toMatch(/^W\//)
    expect(second.header('etag')).toBe(tag)
    const notModified = await get(app, '/cached', { 'if-none-match': tag })
    expect(notModified).toMatchObject({ status: 304, text: '' })
    expect(notModified.cacheStatus).toMatch(hit)
    const plain = await get(app, '/plain')
    expect(plain.header('etag')).toMatch(/^"/)
    expect((await get(app, '/plain', { 'if-none-match': plain.header('etag') })).status).toBe(304)
  })

  test('cookie: a cookie of the handler keeps the response out, an outer one does not', async () => {
    const { app } = await build(async (app) => app.register(cookie))
    app.get('/own', async (_request, reply) => {
      reply.setCookie('user', '1')
      return 'x'
    })
    app.get('/outer', { config: { cache: { life, outerCookies: ['user'] } } }, async (_request, reply) => {
      reply.setCookie('user', '1')
      return 'x'
    })
    for (let time = 0; time < 2; time++) {
      const own = await get(app, '/own')
      expect(own.cacheStatus).toContain('detail=set-cookie')
      expect(own.header('set-cookie')).toContain('user=1')
    }
    const outer = await expectCached(app, '/outer')
    expect(outer.header('set-cookie')).toBeUndefined()
  })

  test('session: one that is saved keeps the response out, one that is not does not', async () => {
    const secret = 'a secret with a minimum length of 32 characters'
    const { app } = await build(async (app) => {
      await app.register(cookie)
      await app.register(session, { secret, saveUninitialized: false, cookie: { secure: false } })
    })
    app.get('/plain', async () => 'x')
    app.get('/login', async (request) => {
      Object.assign(request.session, { user: 'one' })
      return 'x'
    })
    await expectCached(app, '/plain')
    const login = await get(app, '/login')
    expect(login.cacheStatus).toContain('detail=authenticated')
    const id = login.header('set-cookie')?.split(';', 1)[0]
    expect((await get(app, '/plain', { cookie: id })).cacheStatus).toContain('detail=cookie')
  })

  test('helmet: its headers come anew, and a nonce keeps the response out', async () => {
    const { app } = await build(async (app) => app.register(helmet, { enableCSPNonces: true }))
    app.get('/nonce', async (_request, reply) => reply.cspNonce.script)
    const plain = { helmet: { contentSecurityPolicy: false } } as const
    app.get('/plain', plain, async () => 'x')
    const first = await get(app, '/nonce')
    expect(first.header('content-security-policy')).toContain('nonce-')
    expect(first.cacheStatus).toContain('detail=csp-nonce')
    expect((await expectCached(app, '/plain')).header('x-frame-options')).toBe('SAMEORIGIN')
  })

  test('cors: each origin gets its own', async () => {
    const { app } = await build(async (app) => app.register(cors, { origin: [/\.test$/] }))
    app.get('/', counter().handler)
    for (const origin of ['http://a.test', 'http://b.test']) {
      expect((await get(app, '/', { origin })).cacheStatus).toMatch(stored)
      const again = await get(app, '/', { origin })
      expect(again.cacheStatus).toMatch(hit)
      expect(again.header('access-control-allow-origin')).toBe(origin)
    }
  })

  test('rate-limit: counts hits, is not stored, and what it refuses of refills leaves the old entry', async () => {
    const { app, cache, clock } = await build(async (app) =>
      app.register(rateLimit, {
        max: 3,
        allowList: (request) => isRefill(request) && request.url === '/free',
      }),
    )
    app.get('/', counter().handler)
    app.get('/free', counter().handler)
    const left = async () => (await get(app, '/')).header('x-ratelimit-remaining')
    expect([await left(), await left()]).toEqual(['2', '1'])
    clock.advance(61_000)
    expect((await get(app, '/')).cacheStatus).toMatch(stale)
    await settled(cache)
    expect((await get(app, '/')).status).toBe(429)
    await app.inject({ url: '/free', remoteAddress: '127.0.0.2' })
    clock.advance(61_000)
    await app.inject({ url: '/free', remoteAddress: '127.0.0.2' })
    await settled(cache)
    expect((await app.inject({ url: '/free', remoteAddress: '127.0.0.2' })).body).toBe('run 2')
  })

  test('a hook that changes what is sent works once on misses and on hits', async () => {
    const { app } = await build(async (app) => {
      app.addHook('onSend', async (_request, reply, payload) => {
        reply.header('x-wrapped', 'yes').header('etag', 'W/"wrapped"')
        return `<${payload}>`
      })
    })
    app.get('/text', async () => 'text')
    app.get('/json', async () => ({ is: 'json' }))
    app.get('/bytes', async () => Buffer.from('bytes'))
    await expectCached(app, '/text', '<text>')
    expect((await expectCached(app, '/json', '<{"is":"json"}>')).header('x-wrapped')).toBe('yes')
    await expectCached(app, '/bytes', '<bytes>')
  })

  test('a hook may keep a response out by its headers', async () => {
    const { app } = await build(async (app) => {
      app.addHook('onSend', async (request, reply) => {
        if (request.url === '/no-store') reply.header('cache-control', 'no-store')
        if (request.url === '/nonce') reply.header('content-security-policy', "script-src 'nonce-abc'")
        if (request.url === '/max-age') reply.header('cache-control', 'max-age=5')
        if (request.url === '/cookie') reply.raw.setHeader('set-cookie', 'a=b')
      })
    })
    for (const path of ['/no-store', '/nonce', '/max-age', '/cookie']) app.get(path, async () => 'x')
    expect((await get(app, '/no-store')).cacheStatus).toContain('detail=no-store')
    expect((await get(app, '/nonce')).cacheStatus).toContain('detail=csp-nonce')
    expect((await get(app, '/cookie')).cacheStatus).toContain('detail=set-cookie')
    expect((await expectCached(app, '/max-age')).header('cache-control')).toBe('max-age=5')
  })

  test('a hook that sets a status: an error keeps the response out, another is set on each', async () => {
    const { app } = await build(async (app) => {
      app.addHook('onSend', async (request, reply) => {
        if (request.url === '/busy') reply.code(503)
        if (request.url === '/moved') reply.code(302).header('location', '/there')
      })
    })
    app.get('/busy', async () => 'x')
    app.get('/moved', async () => 'x')
    for (let time = 0; time < 2; time++) {
      expect((await get(app, '/busy')).cacheStatus).toContain('detail=status-503')
    }
    expect(await expectCached(app, '/moved')).toMatchObject({ status: 302 })
  })

  test('a hook that fails: the error goes out, and is not stored', async () => {
    let fails = true
    const { app } = await build(async (app) => {
      app.addHook('onSend', async (_request, reply) => {
        if (fails && reply.statusCode === 200) throw new Error('no')
      })
    })
    app.get('/', async () => 'x')
    const first = await get(app, '/')
    expect(first.status).toBe(500)
    expect(first.cacheStatus).toContain('detail=status-500')
    fails = false
    await expectCached(app, '/', 'x')
  })

  test('a guard that a plugin puts on each route runs on hits, too', async () => {
    const { app } = await build(async (app) => {
      const guard = fastifyPlugin(async (app: FastifyInstance) => {
        app.addHook('onRoute', (route) => {
          route.preHandler = [route.preHandler ?? []].flat().concat(async (request, reply) => {
            if (request.headers['x-key'] !== 'right') return reply.code(401).send('no')
          })
        })
      })
      await app.register(guard)
    })
    app.get('/', counter().handler)
    const right = { 'x-key': 'right' }
    expect((await get(app, '/', right)).cacheStatus).toMatch(stored)
    expect((await get(app, '/', right)).cacheStatus).toMatch(hit)
    expect(await get(app, '/')).toMatchObject({ status: 401, text: 'no' })
  })
})

async function expectHit(app: FastifyInstance, url: string) {
  const answer = await get(app, url)
  expect(answer.cacheStatus).toMatch(hit)
  return answer
}

test('a body that a hook changes has its own length, on hits too', async () => {
  const { app } = await cachedApp({ life })
  let visits = 0
  app.addHook('onSend', async (_request, _reply, payload) =>
    Readable.from([`${payload} ${'x'.repeat(++visits)}`]),
  )
  app.get('/', async () => 'page')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  for (const text of ['page x', 'page xx', 'page xxx']) {
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe(text)
  }
})
