import { gunzipSync } from 'node:zlib'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import etag from '@fastify/etag'
import helmet from '@fastify/helmet'
import session from '@fastify/session'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import type { Hook } from '../src/index.ts'
import { responseCache } from '../src/index.ts'
import { counter, get, hit, life, plainApp, setup, stored } from './support.ts'

const secret = 'a secret with a minimum length of 32 characters'

/** The plugins that most applications have, in an order that works without a cache: a session needs cookies. */
const others: ((app: FastifyInstance) => PromiseLike<unknown>)[] = [
  (app) => app.register(cookie),
  (app) => app.register(session, { secret, saveUninitialized: false, cookie: { secure: false } }),
  (app) => app.register(helmet),
  (app) => app.register(cors, { origin: [/\.test$/] }),
  (app) => app.register(etag),
  (app) => app.register(compress, { threshold: 0 }),
]
const isBehindCookies = (order: typeof others) =>
  order.indexOf(others[0] as never) < order.indexOf(others[1] as never)

const rotated = others.map((_, by) => [...others.slice(by), ...others.slice(0, by)])
const orders = [...rotated, ...rotated.map((order) => order.toReversed())].filter(isBehindCookies)
const cases = orders.flatMap((order) =>
  (['preHandler', 'onRequest'] as const).flatMap((hook) =>
    [0, 3, 6].map((place) => ({
      name: `${order.map((each) => others.indexOf(each)).join('')}, the cache at ${place} in ${hook}`,
      ...{ order, hook, place },
    })),
  ),
)

async function build(order: typeof others, place: number, hook: Hook) {
  const { cache } = setup()
  const app = plainApp()
  for (const other of order.slice(0, place)) await other(app)
  await app.register(responseCache, { cache, life, hook })
  for (const other of order.slice(place)) await other(app)
  const { handler, runs } = counter()
  app.get('/', handler)
  app.get('/login', async (request, reply) => {
    Object.assign(request.session, { basket: 'one' })
    reply.setCookie('seen', '1')
    return 'x'
  })
  return { app, runs }
}

describe.each(cases)('all plugins together, $name', ({ order, place, hook }) => {
  test('one run, and to each client its own headers and coding', async () => {
    const { app, runs } = await build(order, place, hook)
    const one = { origin: 'http://a.test', 'accept-encoding': 'gzip' }
    expect((await get(app, '/', one)).cacheStatus).toMatch(stored)
    const second = await get(app, '/', one)
    expect(second.cacheStatus).toMatch(hit)
    expect(gunzipSync(second.bytes).toString()).toBe('run 1')
    expect(second.header('access-control-allow-origin')).toBe('http://a.test')
    expect(second.header('x-frame-options')).toBe('SAMEORIGIN')
    expect(second.header('set-cookie')).toBeUndefined()
    const tag = second.header('etag')
    expect(tag).toMatch(/^W\//)
    expect((await get(app, '/', { ...one, 'if-none-match': tag })).status).toBe(304)
    const plain = await get(app, '/', { origin: 'http://a.test' })
    expect(plain).toMatchObject({ text: 'run 1', cacheStatus: expect.stringMatching(hit) })
    expect(runs()).toBe(1)
  })

  test('what sets cookies is stored for nobody', async () => {
    const { app } = await build(order, place, hook)
    const ids = new Set<string | undefined>()
    for (let time = 0; time < 2; time++) {
      const answer = await get(app, '/login')
      expect(answer.cacheStatus).toContain('detail=set-cookie')
      ids.add(/sessionId=([^;]+)/.exec(answer.header('set-cookie') ?? '')?.[1])
    }
    expect(ids.size).toBe(2)
    expect(ids).not.toContain(undefined)
  })
})

test.each(['before', 'after'])(
  'a session for everybody, registered %s the cache: nothing is stored',
  async (when) => {
    const { cache } = setup()
    const app = plainApp()
    const register = async () => {
      await app.register(cookie)
      await app.register(session, { secret, cookie: { secure: false } })
    }
    if (when === 'before') await register()
    await app.register(responseCache, { cache, life })
    if (when === 'after') await register()
    app.get('/', counter().handler)
    app.get('/outer', { config: { cache: { life, outerCookies: ['sessionId'] } } }, counter().handler)
    for (const text of ['run 1', 'run 2']) {
      expect(await get(app, '/')).toMatchObject({ text, cacheStatus: expect.stringContaining('set-cookie') })
    }
    const first = await get(app, '/outer')
    const second = await get(app, '/outer')
    expect(second.cacheStatus).toMatch(hit)
    expect(second.header('set-cookie')).toContain('sessionId=')
    expect(second.header('set-cookie')).not.toBe(first.header('set-cookie'))
  },
)
