// Versions by header have one URL. Fastify tells such routes apart by itself; on Express the header has to be in the key.
import type { INestApplication, Provider, Type } from '@nestjs/common'
import { Controller, Get, Inject, Module, Version, VersioningType } from '@nestjs/common'
import { APP_INTERCEPTOR } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Cache } from '@restale/core'
import { CACHE, CacheModule } from '../src/cache.module'
import { ResponseCacheInterceptor } from '../src/express/response-cache.interceptor'
import { ResponseCacheInterceptor as FastifyInterceptor } from '../src/fastify/response-cache.interceptor'
import { setUp as setUpFastify } from '../src/fastify/set-up'
import type { Site } from './site'
import { hit, startExpress, startFastify } from './site'

@Controller('page')
class PageController {
  constructor(@Inject(CACHE) private readonly cache: Cache) {}

  @Get()
  @Version('1')
  first(): string {
    this.cache.cacheLife('minutes')
    return 'first'
  }

  @Get()
  @Version('2')
  second(): string {
    this.cache.cacheLife('minutes')
    return 'second'
  }
}

function moduleWith(...providers: Provider[]): Type {
  @Module({ imports: [CacheModule], controllers: [PageController], providers })
  class PageModule {}
  return PageModule
}

const enable = (app: INestApplication) =>
  app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' })

async function versions({ get }: Site): Promise<string[]> {
  const first = await get('/page', { 'X-Version': '1' })
  const second = await get('/page', { 'X-Version': '2' })
  return [first.text, second.text]
}

test('on Fastify', async () => {
  const setUp = (app: NestFastifyApplication) => {
    enable(app)
    return setUpFastify(app)
  }
  const module = moduleWith({ provide: APP_INTERCEPTOR, useClass: FastifyInterceptor })
  const site = await startFastify(module, { setUp })
  for (let time = 0; time < 2; time++) expect(await versions(site)).toEqual(['first', 'second'])
  expect(await site.get('/page', { 'X-Version': '2' })).toMatchObject({ text: 'second', cacheStatus: hit })
})

test('on Express, with the header in the key', async () => {
  const withHeader = {
    provide: APP_INTERCEPTOR,
    useFactory: (cache: Cache) => new ResponseCacheInterceptor(cache, { key: { headers: ['x-version'] } }),
    inject: [CACHE],
  }
  expect(await versions(await startExpress(moduleWith(withHeader), { setUp: enable }))).toEqual([
    'first',
    'second',
  ])
})

test('and without', async () => {
  const without = { provide: APP_INTERCEPTOR, useClass: ResponseCacheInterceptor }
  expect(await versions(await startExpress(moduleWith(without), { setUp: enable }))).toEqual([
    'first',
    'first',
  ])
})
