// What docs/nestjs.md promises for both platforms.
import { Controller, Get, Inject, Module } from '@nestjs/common'
import type { Cache } from '@restale/core'
import { settled } from '@restale/core/testing'
import { CACHE } from '../src/cache.module'
import { AppModule as ExpressModule } from '../src/express/app.module'
import { AppModule as FastifyModule } from '../src/fastify/app.module'
import { PostsService } from '../src/posts.service'
import type { Site } from './site'
import { hit, notCached, partner, secret, stale, startExpress, startFastify, stored } from './site'

describe.each([
  { platform: 'Express', AppModule: ExpressModule, start: startExpress },
  { platform: 'Fastify', AppModule: FastifyModule, start: startFastify },
])('on $platform', ({ AppModule, start }) => {
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

  test('nobody gets past a guard', async () => {
    const refused = { status: 403, cacheStatus: notCached }
    expect(await site.get('/reports')).toMatchObject(refused)
    expect(await site.get('/reports', partner)).toMatchObject({ status: 200 })
    expect(await site.get('/reports', partner)).toMatchObject({ status: 200 })
    expect(await site.get('/reports')).toMatchObject(refused)

    const together = [partner, {}, partner, {}].map((headers) => site.get('/reports', headers))
    expect((await Promise.all(together)).map(({ status }) => status)).toEqual([200, 403, 200, 403])
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
