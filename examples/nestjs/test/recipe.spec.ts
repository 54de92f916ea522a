// What docs/nestjs.md promises for both platforms.
import type { ExecutionContext } from '@nestjs/common'
import { Controller, Get, Header, Inject, Module, UseGuards } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import type { Cache } from '@restale/core'
import { settled } from '@restale/core/testing'
import { isRefill as isExpressRefill } from '@restale/express'
import { isRefill as isFastifyRefill } from '@restale/fastify'
import { ApiKeyGuard } from '../src/api-key.guard'
import { CACHE } from '../src/cache.module'
import { AppModule as ExpressModule } from '../src/express/app.module'
import { AppModule as FastifyModule } from '../src/fastify/app.module'
import { PostsService } from '../src/posts.service'
import type { Site } from './site'
import { hit, notCached, partner, secret, stale, startExpress, startFastify, stored } from './site'

describe.each([
  { platform: 'Express', AppModule: ExpressModule, start: startExpress, isRefill: isExpressRefill },
  { platform: 'Fastify', AppModule: FastifyModule, start: startFastify, isRefill: isFastifyRefill },
])('on $platform', ({ AppModule, start, isRefill }) => {
  let made = 0

  @Controller()
  class OddController {
    constructor(@Inject(CACHE) private readonly cache: Cache) {}

    @Get('slow')
    async slow(): Promise<string> {
      this.cache.cacheLife('minutes')
      this.cache.cacheTag('slow')
      await new Promise((resolve) => setTimeout(resolve, 50))
      return `${++made}`
    }

    @Get('guarded')
    @UseGuards(ApiKeyGuard)
    guarded(): string {
      this.cache.cacheLife('minutes')
      return `${++made}`
    }

    @Get('csv')
    @Header('Cache-Control', 'public, s-maxage=60')
    @Header('Content-Type', 'text/csv')
    csv(): string {
      return `${++made}`
    }

    @Get('fails')
    fails(): never {
      this.cache.cacheLife('minutes')
      throw new Error('On purpose')
    }
  }

  @Module({ imports: [AppModule], controllers: [OddController] })
  class WithOdd {}

  let site: Site
  beforeEach(async () => {
    made = 0
    site = await start(WithOdd)
  })

  test('a handler opts in, and has the tags of what it calls', async () => {
    expect(await site.get('/posts/1')).toMatchObject({ status: 200, cacheStatus: stored })
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: hit, text: '{"id":"1","title":"Hello"}' })

    expect(await site.send('put', '/posts/1', { title: 'Changed' })).toMatchObject({ status: 204 })
    expect(await site.get('/posts/1')).toMatchObject({ text: '{"id":"1","title":"Changed"}' })
  })

  test('a cached method of a provider is run once', async () => {
    await site.get('/posts/1')
    await site.get('/posts/1/title.txt')
    expect(site.app.get(PostsService).reads).toBe(1)
  })

  test('what a service makes stale is served once more, and refilled behind', async () => {
    await site.get('/posts/1')
    await site.send('post', '/posts/refresh', {})
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: stale })
    await settled(site.cache)
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: hit })
  })

  describe('hits come after a guard', () => {
    const expectGuarded = async ({ get }: Site, path: string) => {
      const refused = { status: 403, cacheStatus: 'none' }
      expect(await get(path)).toMatchObject(refused)
      const first = await get(path, partner)
      expect(first).toMatchObject({ status: 200, cacheStatus: stored })
      expect(await get(path, partner)).toMatchObject({ text: first.text, cacheStatus: hit })
      expect(await get(path)).toMatchObject(refused)
      const together = [partner, {}, partner, {}].map((headers) => get(path, headers))
      expect((await Promise.all(together)).map(({ status }) => status)).toEqual([200, 403, 200, 403])
    }

    test('of a class', () => expectGuarded(site, '/reports'))

    test('of a handler', () => expectGuarded(site, '/guarded'))

    test('that is global, by APP_GUARD', async () => {
      @Module({ imports: [AppModule], providers: [{ provide: APP_GUARD, useClass: ApiKeyGuard }] })
      class WithGlobalGuard {}

      await site.app.close()
      await expectGuarded(await start(WithGlobalGuard), '/posts/1')
    })

    test('that is global, by useGlobalGuards', async () => {
      await site.app.close()
      await expectGuarded(await start(AppModule, { globalGuards: [new ApiKeyGuard()] }), '/posts/1')
    })
  })

  test('a refill comes through the guards again', async () => {
    const guarded: string[] = []
    class SeeingGuard extends ApiKeyGuard {
      override canActivate(context: ExecutionContext): boolean {
        guarded.push(isRefill(context.switchToHttp().getRequest()) ? 'refill' : 'client')
        return super.canActivate(context)
      }
    }
    @Module({ imports: [AppModule], providers: [{ provide: APP_GUARD, useClass: SeeingGuard }] })
    class WithGuard {}

    await site.app.close()
    const { get, cache } = await start(WithGuard)
    await get('/reports', partner)
    await cache.revalidateTag('reports', 'max')
    expect(await get('/reports', partner)).toMatchObject({ text: '{"report":1}', cacheStatus: stale })
    await settled(cache)
    expect(await get('/reports', partner)).toMatchObject({ text: '{"report":2}', cacheStatus: hit })
    expect(guarded).toEqual(['client', 'client', 'refill', 'client'])
  })

  test('whoever a guard puts into user goes past the cache', async () => {
    class UserGuard {
      canActivate(context: ExecutionContext): boolean {
        const incoming = context
          .switchToHttp()
          .getRequest<{ headers: Record<string, string>; user?: unknown }>()
        incoming.user = incoming.headers['x-user']
        return true
      }
    }
    @Module({ imports: [AppModule], providers: [{ provide: APP_GUARD, useClass: UserGuard }] })
    class WithUsers {}

    await site.app.close()
    const { get } = await start(WithUsers)
    await get('/posts/1')
    expect(await get('/posts/1')).toMatchObject({ cacheStatus: hit })
    expect(await get('/posts/1', { 'X-User': 'ada' })).toMatchObject({ cacheStatus: notCached })
  })

  test('many at once share one run', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => site.get('/slow')))
    expect(answers.map(({ text }) => text)).toEqual(Array(5).fill('1'))
  })

  test('Nest sends nothing beside a hit, and nobody logs anything', async () => {
    for (const path of ['/posts/1', '/posts/1/title.txt', '/csv', '/reports']) {
      await site.get(path, partner)
      expect(await site.get(path, partner)).toMatchObject({ status: 200, cacheStatus: hit })
    }
    const { headers } = await site.get('/posts/1')
    expect(await site.get('/posts/1', { 'If-None-Match': `${headers.etag}` })).toMatchObject({ status: 304 })
    await site.cache.revalidateTag('posts', 'max')
    await site.get('/posts/1')
    await settled(site.cache)
    await new Promise((resolve) => setImmediate(resolve))
    expect(site.log).toEqual([])
  })

  test('@Header can opt in', async () => {
    const first = await site.get('/csv')
    const second = await site.get('/csv')
    expect(first).toMatchObject({ text: '1', cacheStatus: stored })
    expect(second).toMatchObject({ text: '1', cacheStatus: hit })
    for (const name of ['content-type', 'cache-control'])
      expect(second.headers[name]).toBe(first.headers[name])
  })

  test.each([
    { path: '/posts/none', status: 404 },
    { path: '/fails', status: 500 },
  ])('what an exception filter answers is not stored: $status', async ({ path, status }) => {
    expect(await site.get(path)).toMatchObject({ status, cacheStatus: notCached })
    expect(await site.get(path)).toMatchObject({ status, cacheStatus: notCached })
  })

  test('a StreamableFile goes out as it comes, and is stored at its end', async () => {
    const first = await site.get('/posts/1/title.txt')
    expect(first).toMatchObject({ text: 'Hello', cacheStatus: 'restale; fwd=uri-miss' })
    expect(await site.get('/posts/1/title.txt')).toMatchObject({
      text: 'Hello',
      cacheStatus: hit,
      headers: { 'content-type': first.headers['content-type'], 'content-length': '5' },
    })
  })

  test.each([{ Cookie: 'session=1' }, { Authorization: 'Bearer one' }])('%j passes', async (headers) => {
    await site.get('/posts/1')
    expect(await site.get('/posts/1', headers)).toMatchObject({ status: 200, cacheStatus: notCached })
  })

  test('the endpoint takes JSON, and the path of a Nest route', async () => {
    await site.get('/posts/1')
    const body = { path: '/posts/:id' }
    expect(await site.send('post', '/api/revalidate', body)).toMatchObject({ status: 401 })
    const login = { Authorization: `Bearer ${secret}` }
    expect(await site.send('post', '/api/revalidate', body, login)).toMatchObject({ status: 200 })
    expect(await site.get('/posts/1')).toMatchObject({ cacheStatus: 'restale; fwd=stale; stored' })
  })

  test('closing waits for refills', async () => {
    await site.get('/slow')
    await site.cache.revalidateTag('slow', 'max')
    expect(await site.get('/slow')).toMatchObject({ text: '1', cacheStatus: stale })
    expect(made).toBe(1)
    await site.app.close()
    expect(made).toBe(2)
  })
})
