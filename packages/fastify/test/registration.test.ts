import { createCache } from '@restale/core'
import type { FastifyInstance } from 'fastify'
import { describe, expect, test, vi } from 'vitest'
import { responseCache } from '../src/index.ts'
import { cachedApp, counter, expectCached, get, hit, life, plainApp, setup, stored } from './support.ts'

describe('options of a route', () => {
  test('opt in, and stand in the place of those of the plugin', async () => {
    const { app, cache } = await cachedApp()
    app.get('/plain', counter().handler)
    app.get<{ Params: { id: string } }>(
      '/posts/:id',
      { config: { cache: { tags: (request) => [`post:${request.params.id}`], life } } },
      counter().handler,
    )
    expect((await get(app, '/plain')).cacheStatus).toContain('detail=not-opted-in')
    await expectCached(app, '/posts/1', 'run 1')
    await cache.updateTag('post:1')
    expect((await get(app, '/posts/1')).text).toBe('run 2')
    await cache.revalidatePath('/posts/:id', 'page')
    expect((await get(app, '/posts/1')).text).toBe('run 3')
  })

  test('false: the cache stays away, and the handle is there all the same', async () => {
    const { app } = await cachedApp({ life })
    app.get('/', { config: { cache: false } }, async (request) => {
      request.cache.tag('a')
      request.cache.life('hours')
      return request.cache.status
    })
    const answer = await get(app, '/')
    expect(answer.text).toBe('bypass')
    expect(answer.header('cache-status')).toBeUndefined()
  })

  test.each([
    [{ life: 'nope' }, 'ERR_RESTALE_UNKNOWN_PROFILE'],
    [{ lfe: 'max' }, 'ERR_RESTALE_INVALID_OPTION'],
    [{ tags: [''] }, 'ERR_RESTALE_INVALID_TAG'],
    [true, 'ERR_RESTALE_INVALID_OPTION'],
  ])('%j is refused when the route is registered', async (options, code) => {
    const { app } = await cachedApp()
    const register = () => app.get('/', { config: { cache: options as never } }, async () => 'x')
    expect(register).toThrow(expect.objectContaining({ code }))
  })

  test('handler and hooks of a route may be given in any form', async () => {
    const { app } = await cachedApp({ life })
    const calls: string[] = []
    const hook = (name: string) => async () => void calls.push(name)
    app.route({ method: ['GET', 'HEAD'], url: '/one', preHandler: hook('one'), handler: counter().handler })
    app.get('/many', { preHandler: [hook('a'), hook('b')] }, (_request, reply) => void reply.send('many'))
    await expectCached(app, '/one')
    await expectCached(app, '/many')
    expect(calls).toEqual(['one', 'one', 'a', 'b', 'a', 'b'])
  })
})

describe('the plugin', () => {
  test.each([
    [{ hook: 'onSend' }, 'ERR_RESTALE_INVALID_OPTION'],
    [{ life: 'nope' }, 'ERR_RESTALE_UNKNOWN_PROFILE'],
    [{ colour: 'red' }, 'ERR_RESTALE_INVALID_OPTION'],
  ])('refuses %j', async (options, code) => {
    const { cache } = setup()
    const app = plainApp()
    const registered = async () => app.register(responseCache, { cache, ...options } as never)
    await expect(registered()).rejects.toMatchObject({ code })
  })

  test('is for one instance once', async () => {
    const { app, cache } = await cachedApp()
    await expect((async () => app.register(responseCache, { cache }))()).rejects.toMatchObject({
      code: 'ERR_RESTALE_INVALID_OPTION',
    })
  })

  test('takes what Fastify takes of any plugin', async () => {
    const { cache } = setup()
    const app = plainApp()
    await app.register(responseCache, { cache, life, prefix: '/none', logLevel: 'warn' })
    app.get('/', counter().handler)
    await expectCached(app, '/')
  })

  test('warns once of routes that came before it, and not of the endpoint', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { revalidateEndpoint } = await import('../src/index.ts')
    const cache = createCache()
    const endpointFirst = plainApp()
    await endpointFirst.register(revalidateEndpoint, { cache, secret: 'a secret that is long' })
    await endpointFirst.register(responseCache, { cache })
    const below = plainApp()
    below.get('/', async () => 'x')
    await below.register(async (inner) => void (await inner.register(responseCache, { cache })))
    expect(emitWarning).not.toHaveBeenCalled()
    for (const _ of [1, 2]) {
      const app = plainApp()
      app.get('/early', counter().handler)
      await app.register(responseCache, { cache, life })
      app.get('/late', counter().handler)
      expect((await get(app, '/early')).header('cache-status')).toBeUndefined()
      expect((await get(app, '/late')).cacheStatus).toMatch(stored)
    }
    const [[message, options] = []] = emitWarning.mock.calls
    expect(message).toContain('await app.register(responseCache')
    expect(options).toEqual({ type: 'RestaleWarning', code: 'RESTALE_EARLIER_ROUTES' })
    expect(emitWarning).toHaveBeenCalledTimes(1)
    emitWarning.mockRestore()
  })

  test('encapsulated, it is for what is registered below, and the innermost owns', async () => {
    const { cache } = setup()
    const other = setup().cache
    const app = plainApp()
    await app.register(responseCache, { cache, life, name: 'outer' })
    await app.register(
      async (inner) => {
        await inner.register(responseCache, { cache: other, life, name: 'inner' })
        inner.get('/page', counter().handler)
      },
      { prefix: '/inner' },
    )
    await app.register(async (inner) => void inner.get('/child/page', counter().handler))
    const keys = { outer: [] as string[], inner: [] as string[] }
    cache.subscribe((event) => event.kind === 'stored' && keys.outer.push(event.key))
    other.subscribe((event) => event.kind === 'stored' && keys.inner.push(event.key))
    await expectCached(app, '/inner/page')
    await expectCached(app, '/child/page')
    expect(keys.inner.join()).toContain('/inner/page')
    expect(keys.outer.join()).toContain('/child/page')
    expect(keys.outer).toHaveLength(1)
  })

  test('beside it, siblings know nothing of it', async () => {
    const { cache } = setup()
    const app = plainApp()
    await app.register(async (inner) => {
      await inner.register(responseCache, { cache, life })
      inner.get('/cached', counter().handler)
    })
    await app.register(async (inner) => {
      inner.get('/plain', async (request) => String(request.cache))
    })
    await expectCached(app, '/cached')
    expect(await get(app, '/plain')).toMatchObject({ text: 'undefined', cacheStatus: 'undefined' })
  })
})

describe('where the cache looks', () => {
  const guarded = (app: FastifyInstance) =>
    app.addHook('preHandler', async (request, reply) => {
      if (request.headers['x-key'] === undefined) return reply.code(401).send('no')
    })

  test('in preHandler, behind guards of instances that come later', async () => {
    const { app } = await cachedApp({ life })
    await app.register(async (inner) => {
      inner.get('/', counter().handler)
      guarded(inner)
    })
    const key = { 'x-key': '1' }
    expect((await get(app, '/', key)).cacheStatus).toMatch(stored)
    expect((await get(app, '/', key)).cacheStatus).toMatch(hit)
    expect((await get(app, '/')).status).toBe(401)
  })

  test('in onRequest, where asked, in front of them', async () => {
    const { app } = await cachedApp({ hook: 'onRequest' })
    guarded(app)
    app.get<{ Params: { id: string } }>(
      '/:id',
      { config: { cache: { tags: (request) => [`post:${request.params.id}`], life } } },
      counter().handler,
    )
    expect((await get(app, '/a', { 'x-key': '1' })).cacheStatus).toMatch(stored)
    expect((await get(app, '/a')).cacheStatus).toMatch(hit)
  })

  test('HEAD is answered from what GET has left, and never makes anything', async () => {
    const { app } = await cachedApp()
    const handler = vi.fn(async () => 'four')
    app.get('/', { config: { cache: { life } } }, handler)
    app.get('/empty', { config: { cache: { life } } }, (_request, reply) => void reply.send())
    const head = async (url: string) => (await app.inject({ method: 'HEAD', url })).headers
    expect((await head('/'))['cache-status']).toBe('restale; fwd=uri-miss')
    await expectCached(app, '/', 'four')
    await expectCached(app, '/empty', '')
    expect(await head('/')).toMatchObject({
      'cache-status': expect.stringMatching(hit),
      'content-length': '4',
    })
    expect(await head('/empty')).toMatchObject({ 'content-length': '0' })
    const { etag } = await head('/')
    const answer = await app.inject({ method: 'HEAD', url: '/', headers: { 'if-none-match': etag } })
    expect(answer.statusCode).toBe(304)
    expect(handler).toHaveBeenCalledTimes(2)
  })

  test('routes that only constraints tell apart share nothing', async () => {
    const { app } = await cachedApp({ life, name: 'versions' })
    const options = { config: { cache: { life, name: 'routes' } } }
    for (const version of ['1.0.0', '2.0.0']) {
      app.get('/mount', { constraints: { version } }, async () => version)
      app.get('/route', { constraints: { version }, ...options }, async () => version)
    }
    for (const path of ['/mount', '/route']) {
      for (const version of ['1.0.0', '2.0.0']) {
        expect(await get(app, path, { 'accept-version': version })).toMatchObject({ text: version })
        const again = await get(app, path, { 'accept-version': version })
        expect(again).toMatchObject({ text: version, cacheStatus: expect.stringMatching(hit) })
      }
    }
  })

  test('what a hook has read before an invalidation is not taken for something newer', async () => {
    const { app, cache } = await cachedApp()
    let data = 'old'
    const load = async (request: { data?: string }) => {
      request.data = data
      if (data === 'new') return
      data = 'new'
      await cache.updateTag('data')
    }
    app.get(
      '/',
      { config: { cache: { tags: ['data'], life } }, preHandler: load as never },
      async (request) => {
        return (request as { data?: string }).data
      },
    )
    expect((await get(app, '/')).text).toBe('old')
    expect((await get(app, '/')).text).toBe('new')
    expect(await get(app, '/')).toMatchObject({ text: 'new', cacheStatus: expect.stringMatching(hit) })
  })
})
