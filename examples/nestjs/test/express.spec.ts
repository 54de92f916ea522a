// What docs/nestjs.md says of Express alone: guards and the interceptor, middleware, body parsers.
import type { ExecutionContext, MiddlewareConsumer, NestModule, Type } from '@nestjs/common'
import { Controller, Get, Header, Inject, Module } from '@nestjs/common'
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core'
import type { Cache } from '@restale/core'
import { settled } from '@restale/core/testing'
import { isRefill, responseCache, revalidateEndpoint } from '@restale/express'
import type { Request } from 'express'
import { ApiKeyGuard } from '../src/api-key.guard'
import { CACHE, CacheModule } from '../src/cache.module'
import { AppModule } from '../src/express/app.module'
import { GuardedInterceptor } from '../src/guarded.interceptor'
import { PostsController } from '../src/posts.controller'
import { PostsModule } from '../src/posts.module'
import { hit, notCached, partner, secret, stale, startExpress, stored } from './site'

describe('the interceptor', () => {
  test('hits come after the guard', async () => {
    const site = await startExpress(AppModule)
    expect(await site.get('/reports', partner)).toMatchObject({ text: '{"report":1}', cacheStatus: stored })
    expect(await site.get('/reports', partner)).toMatchObject({ text: '{"report":1}', cacheStatus: hit })
    expect(await site.get('/reports')).toMatchObject({ status: 403, cacheStatus: 'none' })
  })

  test('many at once share one run', async () => {
    const site = await startExpress(AppModule)
    const answers = await Promise.all(Array.from({ length: 5 }, () => site.get('/reports', partner)))
    expect(answers.map(({ text }) => text)).toEqual(Array(5).fill('{"report":1}'))
  })

  test('a refill comes through the guard again', async () => {
    const guarded: string[] = []
    class SeeingGuard extends ApiKeyGuard {
      override canActivate(context: ExecutionContext): boolean {
        guarded.push(isRefill(context.switchToHttp().getRequest()) ? 'refill' : 'client')
        return super.canActivate(context)
      }
    }
    @Module({ imports: [AppModule], providers: [{ provide: APP_GUARD, useClass: SeeingGuard }] })
    class WithGuard {}

    const site = await startExpress(WithGuard)
    await site.get('/reports', partner)
    await site.cache.revalidateTag('reports', 'max')
    expect(await site.get('/reports', partner)).toMatchObject({ text: '{"report":1}', cacheStatus: stale })
    await settled(site.cache)
    expect(await site.get('/reports', partner)).toMatchObject({ text: '{"report":2}', cacheStatus: hit })
    expect(guarded).toEqual(['client', 'client', 'refill', 'client'])
    // a global guard, too
    expect(await site.get('/posts/1')).toMatchObject({ status: 403 })
  })

  test('whoever a guard puts into req.user goes past the cache', async () => {
    class UserGuard extends ApiKeyGuard {
      override canActivate(context: ExecutionContext): boolean {
        const incoming = context.switchToHttp().getRequest<Request & { user?: unknown }>()
        incoming.user = incoming.headers['x-user']
        return true
      }
    }
    @Module({ imports: [AppModule], providers: [{ provide: APP_GUARD, useClass: UserGuard }] })
    class WithUsers {}

    const site = await startExpress(WithUsers)
    await site.get('/posts/1')
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: hit })
    expect(await site.get('/posts/1', { 'X-User': 'ada' })).toMatchObject({ cacheStatus: notCached })
  })

  test('@Header can opt in', async () => {
    @Controller()
    class CsvController {
      private made = 0

      @Get('csv')
      @Header('Cache-Control', 'public, s-maxage=60')
      @Header('Content-Type', 'text/csv')
      csv(): string {
        return `${++this.made}`
      }
    }
    @Module({ imports: [AppModule], controllers: [CsvController] })
    class WithCsv {}

    const site = await startExpress(WithCsv)
    const first = await site.get('/csv')
    const second = await site.get('/csv')
    expect(first).toMatchObject({ text: '1', cacheStatus: stored })
    expect(second).toMatchObject({ text: '1', cacheStatus: hit })
    for (const name of ['content-type', 'cache-control'])
      expect(second.headers[name]).toBe(first.headers[name])
  })
})

describe('a middleware stands before guards', () => {
  @Module({ imports: [CacheModule, PostsModule] })
  class NoInterceptor {}

  test('with app.use alone, a hit skips the guard', async () => {
    const site = await startExpress(NoInterceptor, { setUp: (app) => app.use(responseCache(app.get(CACHE))) })
    expect(await site.get('/reports')).toMatchObject({ status: 403 })
    await site.get('/reports', partner)
    expect(await site.get('/reports')).toMatchObject({ status: 200, cacheStatus: hit })
  })

  test('with app.use and the interceptor of Fastify, nothing guarded is stored', async () => {
    @Module({
      imports: [CacheModule, PostsModule],
      providers: [{ provide: APP_INTERCEPTOR, useClass: GuardedInterceptor }],
    })
    class WithInterceptor {}

    const site = await startExpress(WithInterceptor, {
      setUp: (app) => app.use(responseCache(app.get(CACHE))),
    })
    await site.get('/posts/1')
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: hit })
    await site.get('/reports', partner)
    expect(await site.get('/reports')).toMatchObject({ status: 403 })
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
