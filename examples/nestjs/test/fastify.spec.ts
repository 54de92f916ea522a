// What docs/nestjs.md says of Fastify alone: guards, hooks, options of a route, bodies.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MiddlewareConsumer, NestModule } from '@nestjs/common'
import { Controller, Get, Module, UseGuards } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { RouteConfig } from '@nestjs/platform-fastify'
import type { Cache } from '@restale/core'
import type { CachedRequest } from '@restale/fastify'
import { revalidateEndpoint } from '@restale/fastify'
import { ApiKeyGuard } from '../src/api-key.guard'
import { CACHE, CacheModule } from '../src/cache.module'
import { AppModule } from '../src/fastify/app.module'
import { setUp } from '../src/fastify/set-up'
import { PostsModule } from '../src/posts.module'
import type { Site } from './site'
import { hit, notCached, partner, secret, startFastify, stored } from './site'

@Module({ imports: [CacheModule, PostsModule] })
class NoInterceptor {}

test('without the interceptor, a hit skips a Nest guard', async () => {
  const site = await startFastify(NoInterceptor)
  expect(await site.get('/reports')).toMatchObject({ status: 403 })
  await site.get('/reports', partner)
  expect(await site.get('/reports')).toMatchObject({ status: 200, cacheStatus: hit })
})

test('with it, nothing that is guarded is stored, whatever else is said', async () => {
  @Controller()
  class MixedController {
    private made = 0

    @Get('open')
    @RouteConfig({ cache: { life: 'hours' } })
    open(): string {
      return `${++this.made}`
    }

    @Get('guarded')
    @UseGuards(ApiKeyGuard)
    @RouteConfig({ cache: { life: 'hours' } })
    guarded(): string {
      return this.open()
    }
  }
  @Module({ imports: [AppModule], controllers: [MixedController] })
  class WithMixed {}

  const { get } = await startFastify(WithMixed)
  expect(await get('/open')).toMatchObject({ cacheStatus: stored })
  expect(await get('/open')).toMatchObject({ cacheStatus: hit })
  expect(await get('/guarded', partner)).toMatchObject({ text: '2', cacheStatus: notCached })
  expect(await get('/guarded', partner)).toMatchObject({ text: '3', cacheStatus: notCached })
  expect(await get('/guarded')).toMatchObject({ status: 403 })
})

test('a global guard leaves no mark that it could see', async () => {
  @Module({ imports: [AppModule], providers: [{ provide: APP_GUARD, useClass: ApiKeyGuard }] })
  class WithGlobalGuard {}

  const { get } = await startFastify(WithGlobalGuard)
  expect(await get('/posts/1')).toMatchObject({ status: 403 })
  await get('/posts/1', partner)
  expect(await get('/posts/1')).toMatchObject({ status: 200, cacheStatus: hit })
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
    await expectGuarded(await startFastify(NoInterceptor, { setUp: addHook }))
  })

  test('a Nest middleware', async () => {
    @Module({ imports: [NoInterceptor] })
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
