import type { NestExpressApplication } from '@nestjs/platform-express'
import type { Cache } from '@restale/core'
import { revalidateEndpoint } from '@restale/express'
import { CACHE } from '../cache.module'

/** Before `listen` or `init`, which add Nest's body parser: what is used here stands above it. */
export function setUp(app: NestExpressApplication): NestExpressApplication {
  const secret = process.env.REVALIDATE_SECRET
  app.use('/api/revalidate', revalidateEndpoint(app.get<Cache>(CACHE), { secret }))
  return app.enableShutdownHooks()
}
