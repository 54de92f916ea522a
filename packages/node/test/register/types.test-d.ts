// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createCache } from '@restale/core'
import type { CachedRequest, Listener } from '@restale/node'
import { isRefill, responseCache, revalidateEndpoint } from '@restale/node'
import express from 'express'
import Koa from 'koa'

const cache = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 } } })

declare module '@restale/core' {
  interface Register {
    cache: typeof cache
  }
}

type IsAny<T> = 0 extends 1 & T ? true : false

// Around any listener, and for any server.
createServer(responseCache(cache, (_request, response) => response.end('x')))
createTlsServer(
  {},
  responseCache(cache, async (_request, response) => void response.end('x')),
)
responseCache(cache, express())
responseCache(cache, new Koa().callback())
const plain: RequestListener = (_request, response) => void response.end()
responseCache(cache, plain)
const named: Listener = (request, response) => void response.end(request.cache.status)
responseCache(cache, named)

// The handle, on the request that the listener gets.
responseCache(cache, (request, response) => {
  false satisfies IsAny<typeof request>
  request satisfies IncomingMessage
  request satisfies CachedRequest
  response satisfies ServerResponse
  request.cache.life('feed')
  request.cache.life('hours')
  request.cache.tag('a', 'b')
  request.cache.skip()
  request.cache.status satisfies 'hit' | 'stale' | 'miss' | 'refill' | 'bypass'
  // @ts-expect-error: no such profile
  request.cache.life('nope')
  // @ts-expect-error: tags are text
  request.cache.tag(1)
})

// Options.
responseCache(cache, plain, {
  life: 'feed',
  tags: ({ url = '' }) => [url],
  skip: (request) => isRefill(request),
})
// @ts-expect-error: no such profile
responseCache(cache, plain, { life: 'nope' })
// @ts-expect-error: no such option
responseCache(cache, plain, { ttl: 60 })
// @ts-expect-error: a listener is what it caches
responseCache(cache)

// The endpoint: a listener, and one that hands on.
createServer(revalidateEndpoint(cache, { secret: process.env.REVALIDATE_SECRET }))
const endpoint = revalidateEndpoint(cache, { path: '/hook', secret: 'x' })
createServer((request, response) => endpoint(request, response, () => plain(request, response)))
// @ts-expect-error: it has to be said, be it undefined
revalidateEndpoint(cache, {})
