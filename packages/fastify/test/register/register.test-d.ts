// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import { createCache } from '@restale/core'
import type { CachedRequest, CacheHandle, EndpointOptions, EndpointPluginOptions } from '@restale/fastify'
import { responseCache, revalidateEndpoint } from '@restale/fastify'
import fastify from 'fastify'

const cache = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 } } })

declare module '@restale/core' {
  interface Register {
    cache: typeof cache
  }
}

type IsAny<T> = 0 extends 1 & T ? true : false

const app = fastify()
await app.register(responseCache, { cache })
await app.register(responseCache, { cache, life: 'feed', tags: ['all'] })
// @ts-expect-error: there is no such profile
await app.register(responseCache, { cache, life: 'fed' })

const endpoint = { secret: process.env.REVALIDATE_SECRET } satisfies EndpointOptions
await app.register(revalidateEndpoint, { cache, ...endpoint, prefix: '/api/revalidate' })
const whole: EndpointPluginOptions = { cache, secret: ['one', 'two'] }
await app.register(revalidateEndpoint, whole)

interface Post {
  Params: { id: string }
}
app.get<Post>(
  '/posts/:id',
  {
    config: {
      cache: {
        tags: (request) => {
          request satisfies CachedRequest
          false satisfies IsAny<typeof request>
          request.params.id satisfies string | undefined
          return [`post:${request.params.id}`]
        },
        life: 'feed',
      },
    },
  },
  async (request) => {
    request.params.id satisfies string
    false satisfies IsAny<typeof request.params>
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
)
// Also where the types of a route are not given.
app.get('/feed', { config: { cache: { life: 'feed' } } }, async () => 'feed')
// @ts-expect-error: there is no such profile
app.get('/fed', { config: { cache: { life: 'fed' } } }, async () => 'fed')
// @ts-expect-error: there is no such profile
app.get<Post>('/fed/:id', { config: { cache: { life: 'fed' } } }, async () => 'fed')
app.route({
  method: 'GET',
  url: '/',
  handler: async () => 'page',
  // @ts-expect-error: there is no such profile
  config: { cache: { life: 'fed' } },
})
