import type { Cache, CacheOptions } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import type { FastifyInstance, FastifyServerOptions, InjectOptions } from 'fastify'
import createFastify from 'fastify'
import { expect, onTestFinished } from 'vitest'
import type { ResponseCachePluginOptions } from '../src/index.ts'
import { responseCache } from '../src/index.ts'

export { barrier, hit, life, quiet, stale, stored, streamed } from '../../express/test/support.ts'

import { hit, stored } from '../../express/test/support.ts'

/** A cache on a clock that stands still. */
export function setup(options: CacheOptions = {}): { cache: Cache; clock: FakeClock } {
  const clock = fakeClock()
  const cache = createCache({ clock, ...options })
  onTestFinished(() => cache.close())
  return { cache, clock }
}

/** An application that is closed with the test. */
export function plainApp(options: FastifyServerOptions = {}): FastifyInstance {
  const app = createFastify({ forceCloseConnections: true, ...options }) as FastifyInstance
  onTestFinished(() => app.close())
  return app
}

/** An application with the plugin at its root. */
export async function cachedApp(options: Partial<ResponseCachePluginOptions> = {}) {
  const { cache, clock } = setup()
  const app = plainApp()
  await app.register(responseCache, { cache, ...options })
  return { app, cache, clock, settled: () => settled(cache) }
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly cacheStatus: string
  header(name: string): string | undefined
  readonly bytes: Buffer
}

export async function get(
  app: FastifyInstance,
  url: string,
  headers: InjectOptions['headers'] = {},
): Promise<Answer> {
  return ask(app, { url, headers })
}

export async function ask(app: FastifyInstance, options: InjectOptions): Promise<Answer> {
  const { statusCode, body, rawPayload, headers } = await app.inject(options)
  return {
    status: statusCode,
    text: body,
    cacheStatus: String(headers['cache-status']),
    header: (name) => headers[name]?.toString(),
    bytes: rawPayload,
  }
}

/** Answers with the number of its run. */
export function counter() {
  let runs = 0
  return { runs: () => runs, handler: async () => `run ${++runs}` }
}

/** A miss, then a hit, with the same body. */
export async function expectCached(app: FastifyInstance, url: string, text?: string): Promise<Answer> {
  const first = await get(app, url)
  expect(first.cacheStatus).toMatch(stored)
  const second = await get(app, url)
  expect(second.cacheStatus).toMatch(hit)
  expect(second.text).toBe(first.text)
  if (text !== undefined) expect(first.text).toBe(text)
  return second
}
