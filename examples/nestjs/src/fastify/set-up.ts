import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Cache } from '@restale/core'
import { responseCache, revalidateEndpoint } from '@restale/fastify'
import { CACHE } from '../cache.module'

/** Before `listen` or `init`, which register the routes: the cache is for those that come after it. */
export async function setUp(app: NestFastifyApplication): Promise<NestFastifyApplication> {
  const cache = app.get<Cache>(CACHE)
  const secret = process.env.REVALIDATE_SECRET
  await app.register(responseCache, { cache, hook: 'manual' })
  await app.register(revalidateEndpoint, { cache, secret, prefix: '/api/revalidate' })
  return app.enableShutdownHooks()
}
