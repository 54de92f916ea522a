import type { OnApplicationShutdown } from '@nestjs/common'
import { Global, Inject, Module } from '@nestjs/common'
import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'

export const CACHE = Symbol('CACHE')

@Global()
@Module({
  providers: [{ provide: CACHE, useFactory: () => createCache() }],
  exports: [CACHE],
})
export class CacheModule implements OnApplicationShutdown {
  constructor(@Inject(CACHE) private readonly cache: Cache) {}

  /** Once the server is closed: waits for refills, five seconds at most. */
  async onApplicationShutdown(): Promise<void> {
    await this.cache.close()
  }
}
