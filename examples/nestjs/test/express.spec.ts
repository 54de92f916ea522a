// What docs/nestjs.md says of Express alone: middleware, body parsers.
import type { MiddlewareConsumer, NestModule, Type } from '@nestjs/common'
import { Inject, Module } from '@nestjs/common'
import type { Cache } from '@restale/core'
import { responseCache, revalidateEndpoint } from '@restale/express'
import { CACHE, CacheModule } from '../src/cache.module'
import { PostsController } from '../src/posts.controller'
import { PostsModule } from '../src/posts.module'
import { hit, partner, secret, startExpress } from './site'

describe('a middleware stands before guards', () => {
  @Module({ imports: [CacheModule, PostsModule] })
  class NoInterceptor {}

  test('with app.use alone, a hit skips the guard', async () => {
    const site = await startExpress(NoInterceptor, { setUp: (app) => app.use(responseCache(app.get(CACHE))) })
    expect(await site.get('/reports')).toMatchObject({ status: 403 })
    await site.get('/reports', partner)
    expect(await site.get('/reports')).toMatchObject({ status: 200, cacheStatus: hit })
  })

  test('for some controllers, a handler of the others cannot opt in', async () => {
    @Module({ imports: [CacheModule, PostsModule] })
    class ForPosts implements NestModule {
      constructor(@Inject(CACHE) private readonly cache: Cache) {}
      configure(consumer: MiddlewareConsumer): void {
        consumer.apply(responseCache(this.cache)).forRoutes(PostsController)
      }
    }

    const site = await startExpress(ForPosts)
    await site.get('/posts/1')
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: hit })
    expect(await site.get('/reports')).toMatchObject({ status: 403 })
    // ERR_RESTALE_NO_SCOPE
    expect(await site.get('/reports', partner)).toMatchObject({ status: 500, cacheStatus: 'none' })
  })
})

describe('the endpoint', () => {
  const body = '{"tag":  "posts"}'
  const login = { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' }
  const webhook = {
    verify: ({ rawBody }: { rawBody: Uint8Array }) => Buffer.from(rawBody).equals(Buffer.from(body)),
    tags: (payload: unknown) => [(payload as { tag: string }).tag],
  }

  @Module({ imports: [CacheModule] })
  class InConfigure implements NestModule {
    constructor(@Inject(CACHE) private readonly cache: Cache) {}
    configure(consumer: MiddlewareConsumer): void {
      consumer.apply(revalidateEndpoint(this.cache, { secret, webhook })).forRoutes('api/revalidate')
    }
  }

  const statuses = async (module: Type, given: Parameters<typeof startExpress>[1]) => {
    const site = await startExpress(module, given)
    const plain = await site.send('post', '/api/revalidate', body, login)
    const signed = await site.send('post', '/api/revalidate/webhook', body, login)
    return [plain.status, signed.status]
  }

  test('by app.use, it stands above the body parser: a signature covers the bytes', async () => {
    const setUp = (app: { use: (...args: unknown[]) => unknown; get: (token: symbol) => Cache }) =>
      app.use('/api/revalidate', revalidateEndpoint(app.get(CACHE), { secret, webhook }))
    expect(await statuses(CacheModule, { setUp })).toEqual([200, 200])
  })

  test('in configure(), below it: parsed JSON will do, a signature has nothing to cover', async () => {
    expect(await statuses(InConfigure, { setUp: () => {} })).toEqual([200, 500])
  })

  test.each([{ rawBody: true }, { bodyParser: false }])('in configure(), with %j', async (options) => {
    expect(await statuses(InConfigure, { setUp: () => {}, options })).toEqual([200, 200])
  })
})
