import type { Cache } from '@restale/core'
import { Hono } from 'hono'
import * as hono from '../src/hono.ts'
import type { ResponseCacheOptions } from '../src/index.ts'
import * as bare from '../src/index.ts'

export type Handler = (request: Request) => Response | Promise<Response>
type Site = (cache: Cache, options: ResponseCacheOptions<unknown>, handler: Handler) => Handler

/** A handler behind the cache, by both entries. */
export const entries: readonly (readonly [name: string, site: Site])[] = [
  ['a bare handler', (cache, options, handler) => bare.responseCache(cache, handler, options)],
  [
    'Hono',
    (cache, options, handler) => {
      const app = new Hono()
      app.use(hono.responseCache(cache, options))
      app.all('*', (c) => handler(c.req.raw))
      return (request) => app.fetch(request)
    },
  ],
]
