import type { Server } from '@hapi/hapi'
import { describe, expect, it } from 'vitest'
import { responseCache } from '../src/index.ts'
import { cachedServer, counted, isHit, life, miss, quietServer, setup, statusOf } from './support.ts'

const handler = () => 'page'
const route = (path: string, restale: unknown) => ({
  method: 'GET' as const,
  path,
  handler,
  options: { plugins: { restale: restale as false } },
})

describe('options of a route', () => {
  it.each<[string, unknown, string]>([
    ['an unknown name', { lfe: 'hours' }, 'ERR_RESTALE_INVALID_OPTION'],
    ['an unknown profile', { life: 'forever and ever' }, 'ERR_RESTALE_UNKNOWN_PROFILE'],
    ['an invalid tag', { tags: [''] }, 'ERR_RESTALE_INVALID_TAG'],
    ['no object', 'hours', 'ERR_RESTALE_INVALID_OPTION'],
    ['an option of the plugin', { hook: 'onRequest' }, 'ERR_RESTALE_INVALID_OPTION'],
  ])('are checked when it is registered: %s', async (_, options, code) => {
    const { server } = await cachedServer()
    expect(() => server.route(route('/page', options))).toThrow(expect.objectContaining({ code }))
  })

  it('are checked when the plugin is registered, of routes that are there already', async () => {
    const { cache } = setup()
    const server = quietServer()
    server.route(route('/page', { lfe: 'hours' }))
    await expect(server.register({ plugin: responseCache, options: { cache } })).rejects.toMatchObject({
      code: 'ERR_RESTALE_INVALID_OPTION',
    })
  })

  it('false keeps the cache off the route', async () => {
    const { server, get } = await cachedServer({ life })
    server.route(route('/page', false))
    expect(statusOf(await get('/page'))).toBeUndefined()
  })

  it('count for routes that are registered before the plugin', async () => {
    const { cache } = setup()
    const server = quietServer()
    server.route(route('/page', { life }))
    await server.register({ plugin: responseCache, options: { cache } })
    expect(statusOf(await server.inject('/page'))).toBe(miss)
    expect(await server.inject('/page')).toSatisfy(isHit)
  })

  it('count for routes that are registered while requests come in', async () => {
    const { server, get } = await cachedServer()
    await get('/page')
    server.route(route('/page', { life }))
    expect(statusOf(await get('/page'))).toBe(miss)
    expect(await get('/page')).toSatisfy(isHit)
  })

  it('come from the server’s defaults and from rules too', async () => {
    const { server, get } = await cachedServer({}, { routes: { plugins: { restale: { life } } } })
    server.route({ method: 'GET', path: '/default', handler })
    server.rules((rules) => ({ plugins: { restale: rules as false } }))
    server.route({ method: 'GET', path: '/ruled', handler, rules: { tags: ['ruled'] } as object })
    await get('/default')
    expect(statusOf(await get('/default'))).toBe('hit; ttl=60')
    await get('/ruled')
    expect(await get('/ruled')).toSatisfy(isHit)
  })

  it('life and tags: an invalidation of a tag reaches it', async () => {
    const { server, cache, get } = await cachedServer()
    const page = counted()
    server.route({
      method: 'GET',
      path: '/posts/{id}',
      handler: page.handler,
      options: { plugins: { restale: { tags: (request) => [`post:${request.params.id}`], life: 'hours' } } },
    })
    await get('/posts/1')
    expect(await get('/posts/1')).toSatisfy(isHit)
    cache.updateTag('post:1')
    expect((await get('/posts/1')).payload).toBe('run 2')
  })
})

describe('the plugin', () => {
  it.each<[string, object, string]>([
    ['no cache', {}, 'ERR_RESTALE_INVALID_OPTION'],
    [
      'an unknown hook',
      { ...setup(), clock: undefined, hook: 'onPostHandler' },
      'ERR_RESTALE_INVALID_OPTION',
    ],
    ['an unknown option', { ...setup(), lfe: 1 }, 'ERR_RESTALE_INVALID_OPTION'],
  ])('is refused: %s', async (_, options, code) => {
    const server = quietServer()
    await expect(server.register({ plugin: responseCache, options: options as never })).rejects.toMatchObject(
      { code },
    )
  })

  it('is refused twice in one place', async () => {
    const { server, cache } = await cachedServer()
    await expect(server.register({ plugin: responseCache, options: { cache } })).rejects.toThrow(/twice/)
  })

  it('in a plugin caches the routes of that plugin, and of those that it registers', async () => {
    const { cache } = setup()
    const server = quietServer()
    const inner = {
      name: 'inner',
      register: (api: Server) => api.route({ method: 'GET', path: '/inner', handler }),
    }
    const outer = {
      name: 'outer',
      async register(api: Server) {
        api.route({ method: 'GET', path: '/outer', handler })
        await api.register({ plugin: responseCache, options: { cache, life } })
        await api.register(inner)
      },
    }
    await server.register(outer, { routes: { prefix: '/api' } })
    server.route({ method: 'GET', path: '/beside', handler })
    for (const [path, status] of [
      ['/api/outer', miss],
      ['/api/inner', miss],
      ['/beside', undefined],
    ] as const) {
      expect(statusOf(await server.inject(path))).toBe(status)
    }
  })

  it('in a plugin is the one for its routes, whatever stands at the root', async () => {
    const { server, cache, get } = await cachedServer({ life })
    const plugin = {
      name: 'inner',
      async register(api: Server) {
        await api.register({
          plugin: responseCache,
          options: { cache, life: { revalidate: 10, expire: 20 } },
        })
        api.route({ method: 'GET', path: '/inner', handler })
      },
    }
    await server.register(plugin)
    server.route({ method: 'GET', path: '/outer', handler })
    for (const path of ['/inner', '/outer']) await get(path)
    expect(statusOf(await get('/inner'))).toBe('hit; ttl=10')
    expect(statusOf(await get('/outer'))).toBe('hit; ttl=60')
  })

  it('keeps virtual hosts apart', async () => {
    const { server, get } = await cachedServer({ life, key: { host: false } })
    for (const vhost of ['a.test', 'b.test']) {
      server.route({
        method: 'GET',
        path: '/',
        vhost,
        handler: () => vhost,
        options: { plugins: { restale: { life } } },
      })
    }
    for (const status of [miss, 'hit; ttl=60']) {
      for (const host of ['a.test', 'b.test']) {
        const response = await get('/', { headers: { host } })
        expect(response.payload).toBe(host)
        expect(statusOf(response)).toBe(status)
      }
    }
  })

  it('invalidates by the pattern of a route, with the prefix of its plugin', async () => {
    const { server, cache, get } = await cachedServer({ life })
    const page = counted()
    const register = (api: Server) => api.route({ method: 'GET', path: '/posts/{id}', handler: page.handler })
    await server.register({ name: 'posts', register }, { routes: { prefix: '/api' } })
    await get('/api/posts/1')
    cache.revalidatePath('/api/posts/{id}', 'page')
    expect((await get('/api/posts/1')).payload).toBe('run 2')
  })

  it('leaves requests that come to no route alone', async () => {
    const { get } = await cachedServer({ life })
    const response = await get('/nowhere')
    expect(response.statusCode).toBe(404)
    expect(statusOf(response)).toBeUndefined()
  })
})
