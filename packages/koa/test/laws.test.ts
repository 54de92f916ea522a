import type { Middleware } from 'koa'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { barrier, hit, life, listen, majors, setup, stored } from './support.ts'

const shared = { key: { host: false } } as const

describe.each(majors)('%s', (_major, make) => {
  test('a mount above a guard never answers what the same mount below it has seen', async () => {
    const { cache } = setup()
    const app = make()
    const mount = responseCache(cache, { life, ...shared })
    const guard: Middleware = async (ctx, next) => {
      if (ctx.get('X-Api-Key') === 'k') await next()
      else ctx.throw(401)
    }
    app.use(mount).use(guard).use(mount)
    app.use((ctx) => {
      ctx.body = 'secret'
    })
    const callback = app.callback()
    for (let round = 0; round < 3; round++) {
      await request(callback).get('/private').set('X-Api-Key', 'k').expect(200, 'secret')
      await request(callback).get('/private').expect(401)
    }
  })

  test('a hit below a guard does not skip it', async () => {
    const { cache } = setup()
    const app = make()
    app.use(async (ctx, next) => {
      if (ctx.get('X-Api-Key') === 'k') await next()
      else ctx.throw(401)
    })
    app.use(responseCache(cache, { life, ...shared }))
    app.use((ctx) => {
      ctx.body = 'secret'
    })
    const callback = app.callback()
    await request(callback).get('/private').set('X-Api-Key', 'k')
    const again = await request(callback).get('/private').set('X-Api-Key', 'k')
    expect(again.headers['cache-status']).toMatch(hit)
    await request(callback).get('/private').expect(401)
  })

  test('data read above a mount further in is not taken for newer than it is', async () => {
    const { cache } = setup()
    const app = make()
    let version = 1
    let gate: ReturnType<typeof barrier> | undefined
    app.use(responseCache(cache, shared))
    app.use(async (ctx, next) => {
      ctx.state.item = version
      await gate?.wait()
      await next()
    })
    app.use(responseCache(cache, { life, tags: ['item'], ...shared }))
    app.use((ctx) => {
      ctx.body = String(ctx.state.item)
    })
    const { get } = await listen(app)
    await get('/item')
    await cache.updateTag('item')
    gate = barrier()
    const early = get('/item')
    await gate.reached
    version = 2
    await cache.updateTag('item')
    gate.open()
    gate = undefined
    expect((await early).text).toBe('1')
    expect((await get('/item')).text).toBe('2')
  })

  test('a cache that is closed leaves the application running without it', async () => {
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life }))
    app.use((ctx) => {
      ctx.body = ctx.cache.status
    })
    const { get } = await listen(app)
    expect((await get('/it')).cacheStatus).toMatch(stored)
    await cache.close()
    const response = await get('/it')
    expect([response.text, response.header('cache-status')]).toEqual(['bypass', undefined])
  })

  test('wrong options throw when the middleware is made', () => {
    const { cache } = setup()
    expect(() => responseCache(cache, { ttl: 1 } as never)).toThrow(/options cannot have "ttl"/)
    expect(() => responseCache(cache, { life: 'nope' as never })).toThrow(/no profile "nope"/)
    expect(() => responseCache(cache, { tags: 'posts' as never })).toThrow(/option tags/)
  })
})
