// What docs/nestjs.md says of Fastify alone: hooks, options of a route, bodies.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MiddlewareConsumer, NestModule } from '@nestjs/common'
import { Controller, Get, Module } from '@nestjs/common'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { Cache } from '@restale/core'
import type { CachedRequest } from '@restale/fastify'
import { responseCache, revalidateEndpoint } from '@restale/fastify'
import { CACHE, CacheModule } from '../src/cache.module'
import { AppModule } from '../src/fastify/app.module'
import { setUp } from '../src/fastify/set-up'
import { PostsModule } from '../src/posts.module'
import type { Site } from './site'
import { hit, partner, secret, startFastify, stored } from './site'

@Module({ imports: [CacheModule, PostsModule] })
class NoInterceptor {}

const inPreHandler = (app: NestFastifyApplication) =>
  app.register(responseCache, { cache: app.get<Cache>(CACHE) })

describe("without hook: 'manual'", () => {
  test('and without the interceptor, a hit skips a guard', async () => {
    const site = await startFastify(NoInterceptor, { setUp: inPreHandler })
    expect(await site.get('/reports')).toMatchObject({ status: 403 })
    await site.get('/reports', partner)
    expect(await site.get('/reports')).toMatchObject({ status: 200, cacheStatus: hit })
  })

  test('the interceptor fails', async () => {
    const site = await startFastify(AppModule, { setUp: inPreHandler })
    expect(await site.get('/posts/1')).toMatchObject({ status: 500 })
    expect(site.log.join()).toContain("serveCached needs hook: 'manual'")
  })
})

test("without the interceptor, hook: 'manual' caches nothing, and no handler can opt in", async () => {
  const { get, log } = await startFastify(NoInterceptor)
  expect(await get('/posts/1')).toMatchObject({ status: 500, cacheStatus: 'none' })
  expect(log.join()).toContain('outside any request that a responseCache has seen')
})

describe('what authenticates in Fastify comes before hits:', () => {
  const expectGuarded = async ({ get }: Site) => {
    expect(await get('/reports', partner)).toMatchObject({ cacheStatus: stored })
    expect(await get('/reports', partner)).toMatchObject({ cacheStatus: hit })
    expect(await get('/reports')).toMatchObject({ status: 401 })
  }

  test('a hook', async () => {
    const addHook = async (app: NestFastifyApplication) => {
      const fastify = app.getHttpAdapter().getInstance()
      fastify.addHook('onRequest', async ({ headers }, reply) => {
        return headers['x-api-key'] === undefined ? reply.code(401).send() : undefined
      })
      await setUp(app)
    }
    await expectGuarded(await startFastify(AppModule, { setUp: addHook }))
  })

  test('a Nest middleware', async () => {
    @Module({ imports: [AppModule] })
    class WithMiddleware implements NestModule {
      configure(consumer: MiddlewareConsumer): void {
        const authenticate = ({ headers }: IncomingMessage, response: ServerResponse, next: () => void) => {
          if (headers['x-api-key'] === undefined) response.writeHead(401).end()
          else next()
        }
        consumer.apply(authenticate).forRoutes('reports')
      }
    }
    await expectGuarded(await startFastify(WithMiddleware))
  })
})

test('options of a route are its config', async () => {
  @Controller('pages')
  class PagesController {
    private made = 0

    @Get(':id')
    @RouteConfig({ cache: { life: 'hours', tags: ({ params }: CachedRequest) => [`page:${params.id}`] } })
    page(): string {
      return `${++this.made}`
    }

    @Get(':id/now')
    @RouteConfig({ cache: false })
    now(): string {
      return `${++this.made}`
    }
  }
  @Module({ imports: [AppModule], controllers: [PagesController] })
  class WithPages {}

  const { get, cache } = await startFastify(WithPages)
  expect(await get('/pages/1')).toMatchObject({ text: '1', cacheStatus: stored })
  expect(await get('/pages/1')).toMatchObject({ text: '1', cacheStatus: hit })
  await cache.updateTag('page:1')
  expect(await get('/pages/1')).toMatchObject({ text: '2' })
  expect(await get('/pages/1/now')).toMatchObject({ text: '3', cacheStatus: 'none' })
})

test('the endpoint has the bytes of a body, which a signature covers', async () => {
  const body = '{"tag":  "posts"}'
  const webhook = {
    verify: ({ rawBody }: { rawBody: Uint8Array }) => Buffer.from(rawBody).equals(Buffer.from(body)),
    tags: (payload: unknown) => [(payload as { tag: string }).tag],
  }
  const addEndpoint = async (app: NestFastifyApplication) =>
    app.register(revalidateEndpoint, {
      ...{ cache: app.get<Cache>(CACHE), secret, webhook },
      prefix: '/api/revalidate',
    })
  const { send } = await startFastify(CacheModule, { setUp: addEndpoint })
  const json = { 'Content-Type': 'application/json' }
  expect(await send('post', '/api/revalidate/webhook', body, json)).toMatchObject({ status: 200 })
})
