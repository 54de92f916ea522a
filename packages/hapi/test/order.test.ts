import type { Lifecycle, Request, Server } from '@hapi/hapi'
import { describe, expect, it } from 'vitest'
import { responseCache } from '../src/index.ts'
import { cachedServer, counted, isHit, life, miss, quietServer, setup, statusOf } from './support.ts'

const guard: Lifecycle.Method = (request, h) =>
  request.headers['x-key'] === 'right' ? h.continue : h.response('who are you?').code(401).takeover()
const key = { headers: { 'x-key': 'right' } }

async function expectGuarded(server: Server): Promise<void> {
  expect(statusOf(await server.inject({ url: '/page', ...key }))).toBe(miss)
  expect(await server.inject({ url: '/page', ...key })).toSatisfy(isHit)
  expect((await server.inject('/page')).statusCode).toBe(401)
}

describe('a hit never skips', () => {
  it('an extension that came after the plugin, also on a server that was not started', async () => {
    const { server } = await cachedServer({ life })
    server.ext('onPreHandler', guard)
    server.route({ method: 'GET', path: '/page', handler: () => 'page' })
    await expectGuarded(server)
  })

  it('an extension of the route', async () => {
    const { server } = await cachedServer({ life })
    server.route({
      method: 'GET',
      path: '/page',
      handler: () => 'page',
      options: { ext: { onPreHandler: { method: guard } } },
    })
    await expectGuarded(server)
  })

  it('validation', async () => {
    const { server, get } = await cachedServer({ life, key: { query: [] } })
    const query = (value: object) => {
      if ('bad' in value) throw new Error('bad')
      return value
    }
    server.route({ method: 'GET', path: '/page', handler: () => 'page', options: { validate: { query } } })
    await get('/page')
    expect(await get('/page?good')).toSatisfy(isHit)
    expect((await get('/page?bad')).statusCode).toBe(400)
  })
})

describe('hook', () => {
  it.each(['onPreAuth', 'onRequest'] as const)('%s: hits come before authentication', async (hook) => {
    const { server, get } = await cachedServer({ hook })
    server.ext('onPostAuth', guard)
    server.route({
      method: 'GET',
      path: '/page',
      handler: () => 'page',
      options: { plugins: { restale: { life } } },
    })
    expect(statusOf(await get('/page', key))).toBe(miss)
    expect(await get('/page')).toSatisfy(isHit)
    expect((await get('/page')).payload).toBe('page')
  })

  it('onRequest: a request that the router refuses is refused', async () => {
    const { server, get } = await cachedServer({ hook: 'onRequest', life })
    server.route({ method: 'GET', path: '/{path*}', handler: () => 'page' })
    expect((await get('/%')).statusCode).toBe(400)
    expect((await get('//evil.test/..')).statusCode).toBeLessThan(500)
  })

  it('of a plugin is for its routes, while others have theirs', async () => {
    const { server, cache, get } = await cachedServer({ life })
    const register = async (api: Server) => {
      await api.register({ plugin: responseCache, options: { cache, life, hook: 'onPreAuth' } })
      api.route({ method: 'GET', path: '/early', handler: () => 'page' })
    }
    server.route({ method: 'GET', path: '/late', handler: () => 'page' })
    server.ext('onPostAuth', guard)
    await get('/late', key)
    await server.register({ name: 'early', register })
    await get('/early', key)
    expect(await get('/early')).toSatisfy(isHit)
    expect((await get('/late')).statusCode).toBe(401)
  })
})

describe('what others do to responses', () => {
  const stamp = (name: string) => {
    let count = 0
    return (server: Server) =>
      server.ext('onPreResponse', ({ response }, h) => {
        if (!('isBoom' in response)) response.header(name, `${++count}`, { append: true })
        return h.continue
      })
  }

  it('is done to hits too, and not stored, whenever the plugins come', async () => {
    const { cache } = setup()
    const server = quietServer()
    await server.register({ name: 'before', register: stamp('x-before') })
    await server.register({ plugin: responseCache, options: { cache, life } })
    await server.register({ name: 'after', register: stamp('x-after') })
    server.route({ method: 'GET', path: '/page', handler: () => 'page' })
    for (const count of ['1', '2', '3']) {
      const { headers } = await server.inject('/page')
      expect([headers['x-before'], headers['x-after']]).toEqual([count, count])
    }
  })

  it('security, CORS and cookies with a value of their own are hapi’s, on each response', async () => {
    const cors = { origin: ['https://*.test'] }
    const { server, get } = await cachedServer({ life }, { routes: { cors, security: true } })
    let visits = 0
    server.state('visit', { autoValue: () => `${++visits}`, isSecure: false, path: '/' })
    const page = counted()
    server.route({ method: 'GET', path: '/page', handler: page.handler })
    for (const [index, origin] of ['https://a.test', 'https://b.test', 'https://evil.example'].entries()) {
      const { headers } = await get('/page', { headers: { origin } })
      expect(headers['access-control-allow-origin']).toBe(index < 2 ? origin : undefined)
      expect(headers['x-frame-options']).toBe('DENY')
      expect(headers.vary).toBe('origin')
      expect(headers['set-cookie']?.[0]).toMatch(`visit=${index + 1};`)
    }
    expect(page.runs).toBe(1)
  })

  it('responses of theirs in the place of the handler’s are not stored', async () => {
    const { server, get } = await cachedServer({ life })
    server.ext('onPreResponse', (request: Request, h) =>
      request.headers['x-fail'] ? h.response('failed').code(503) : h.continue,
    )
    const page = counted()
    server.route({ method: 'GET', path: '/page', handler: page.handler })
    expect((await get('/page', { headers: { 'x-fail': '1' } })).statusCode).toBe(503)
    expect(statusOf(await get('/page'))).toMatch(miss)
    expect(page.runs).toBe(2)
  })
})

describe('prerequisites', () => {
  it('run once for all who get what is stored, and their tags are its tags', async () => {
    const { server, cache, get } = await cachedServer()
    let reads = 0
    const read = cache.cached(() => ++reads, { key: 'read', tags: ['data'], life: 'hours' })
    server.route({
      method: 'GET',
      path: '/page',
      handler: ({ pre }) => `read ${pre.data}`,
      options: {
        pre: [{ method: () => read(), assign: 'data' }],
        plugins: { restale: { life } },
      },
    })
    await get('/page')
    expect(await get('/page')).toSatisfy(isHit)
    cache.updateTag('data')
    expect((await get('/page')).payload).toBe('read 2')
  })

  it('that answer by themselves are what is stored', async () => {
    const { server, get } = await cachedServer({ life })
    const page = counted('pre')
    server.route({
      method: 'GET',
      path: '/page',
      handler: () => 'never',
      options: { pre: [(_, h) => h.response(page.handler()).takeover()] },
    })
    for (let time = 1; time <= 2; time++) expect((await get('/page')).payload).toBe('pre 1')
  })

  it('and handlers can state a life, in every extension after them too', async () => {
    const { server, cache, get } = await cachedServer()
    server.ext('onPostHandler', (_, h) => {
      cache.cacheTag('late')
      return h.continue
    })
    server.route({
      method: 'GET',
      path: '/page',
      handler: () => 'page',
      options: {
        pre: [
          () => {
            cache.cacheLife(life)
            return null
          },
        ],
      },
    })
    await get('/page')
    expect(await get('/page')).toSatisfy(isHit)
    cache.updateTag('late')
    expect(statusOf(await get('/page'))).toBe('fwd=stale; stored')
  })
})

describe('requests within requests', () => {
  it('a handler that injects another request stays in its own scope', async () => {
    const { server, cache, get } = await cachedServer()
    server.route({
      method: 'GET',
      path: '/inner',
      handler: () => {
        cache.cacheLife({ revalidate: 5, expire: 10 })
        return 'inner'
      },
    })
    server.route({
      method: 'GET',
      path: '/outer',
      handler: async () => {
        const { payload } = await server.inject('/inner')
        cache.cacheLife(life)
        cache.cacheTag('outer')
        return `outer ${payload}`
      },
    })
    await get('/outer')
    expect(statusOf(await get('/outer'))).toBe('hit; ttl=60')
    expect(statusOf(await get('/inner'))).toBe('hit; ttl=5')
    cache.updateTag('outer')
    expect(await get('/inner')).toSatisfy(isHit)
    expect((await get('/outer')).payload).toBe('outer inner')
  })
})
