// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import type { Request } from '@hapi/hapi'
import { server as createServer } from '@hapi/hapi'
import { createCache } from '@restale/core'
import type { CacheHandle, EndpointOptions } from '@restale/hapi'
import { responseCache, revalidateEndpoint } from '@restale/hapi'

const cache = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 } } })

declare module '@restale/core' {
  interface Register {
    cache: typeof cache
  }
}

type IsAny<T> = 0 extends 1 & T ? true : false

const server = createServer()
await server.register({ plugin: responseCache, options: { cache } })
await server.register({ plugin: responseCache, options: { cache, life: 'feed', tags: ['all'] } })
// @ts-expect-error: there is no such profile
await server.register({ plugin: responseCache, options: { cache, life: 'fed' } })

const endpoint = { secret: process.env.REVALIDATE_SECRET } satisfies EndpointOptions
await server.register({ plugin: revalidateEndpoint, options: { cache, ...endpoint } })

server.route({
  method: 'GET',
  path: '/posts/{id}',
  handler: (request) => {
    false satisfies IsAny<typeof request.cache>
    request.cache satisfies CacheHandle<'feed'>
    request.cache.life('feed')
    request.cache.life('hours')
    // @ts-expect-error: there is no such profile
    request.cache.life('fed')
    // @ts-expect-error: a tag is a string
    request.cache.tag(1)
    return 'post'
  },
  options: {
    plugins: {
      restale: {
        tags: (request) => {
          request satisfies Request
          false satisfies IsAny<typeof request>
          return [`post:${request.params.id}`]
        },
        life: 'feed',
      },
    },
  },
})
server.route({
  method: 'GET',
  path: '/',
  handler: () => 'page',
  // @ts-expect-error: there is no such profile
  options: { plugins: { restale: { life: 'fed' } } },
})
