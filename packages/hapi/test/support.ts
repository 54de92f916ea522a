import type { ServerInjectOptions, ServerInjectResponse, ServerOptions } from '@hapi/hapi'
import { server as createServer } from '@hapi/hapi'
import type { Cache, CacheOptions } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import { onTestFinished } from 'vitest'
import type { ResponseCachePluginOptions } from '../src/index.ts'
import { responseCache } from '../src/index.ts'

export const life = { revalidate: 60, expire: 300 }

/** A cache on a clock that stands still. */
export function setup(options: CacheOptions = {}): { cache: Cache; clock: FakeClock } {
  const clock = fakeClock()
  return { cache: createCache({ clock, ...options }), clock }
}

/** A server that prints nothing, and that stops with the test. */
export function quietServer(options: ServerOptions = {}) {
  const server = createServer({ host: '127.0.0.1', port: 0, debug: false, ...options })
  onTestFinished(() => server.stop({ timeout: 1 }))
  return server
}

/** A server with the plugin at its root. */
export async function cachedServer(
  options: Partial<ResponseCachePluginOptions> = {},
  serverOptions: ServerOptions = {},
) {
  const { cache, clock } = setup()
  const server = quietServer(serverOptions)
  await server.register({ plugin: responseCache, options: { cache, ...options } })
  const get = (url: string, rest: Partial<ServerInjectOptions> = {}) => server.inject({ url, ...rest })
  return { server, cache, clock, get, settled: () => settled(cache) }
}

/** What the cache has done, without its name. */
export function statusOf({ headers }: Pick<ServerInjectResponse, 'headers'>): string | undefined {
  return headers['cache-status']?.toString().replace('restale; ', '')
}

export const miss = 'fwd=uri-miss; stored'
export const isHit = expectation(/^hit; ttl=\d+$/)
export const isStale = expectation(/^hit; ttl=-\d+$/)

function expectation(pattern: RegExp) {
  return (response: Pick<ServerInjectResponse, 'headers'>) => pattern.test(statusOf(response) ?? '')
}

export function counted(prefix = 'run') {
  let runs = 0
  return {
    get runs() {
      return runs
    },
    handler: () => `${prefix} ${++runs}`,
  }
}
