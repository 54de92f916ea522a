// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import { createCache } from '@restale/core'
import type { ResponseCachePluginOptions } from '@restale/fastify'
import { isRefill, responseCache, revalidateEndpoint, serveCached } from '@restale/fastify'
import type { FastifyRequest } from 'fastify'
import fastify from 'fastify'

const cache = createCache()
const app = fastify()

// The plugins.
await app.register(responseCache, { cache })
await app.register(responseCache, { cache, hook: 'onRequest', closeCache: true, statuses: [200, 404] })
await app.register(responseCache, {
  cache,
  tags: (request) => [request.url, `tenant:${request.headers['x-tenant']}`],
  skip: (request) => isRefill(request) || request.ip === '127.0.0.1',
})
const options: ResponseCachePluginOptions = { cache, hook: 'preHandler' }
await app.register(responseCache, options)
// @ts-expect-error a cache is needed
await app.register(responseCache, {})
// @ts-expect-error there is no such hook
await app.register(responseCache, { cache, hook: 'onSend' })
// @ts-expect-error there is no such option
await app.register(responseCache, { cache, ttl: 60 })
// @ts-expect-error tags are text
await app.register(responseCache, { cache, tags: () => [1] })

await app.register(revalidateEndpoint, { cache, secret: 'x', prefix: '/api/revalidate' })
await app.register(revalidateEndpoint, { cache, secret: undefined, path: '/hook' })
// @ts-expect-error it has to be said, be it undefined
await app.register(revalidateEndpoint, { cache })

// Options of a route, and the handle.
app.get('/posts', { config: { cache: { tags: ['posts'], life: 'hours' } } }, async (request) => {
  request.cache.tag('a', 'b')
  request.cache.life('hours')
  request.cache.life({ revalidate: 5 })
  request.cache.skip()
  request.cache.status satisfies 'hit' | 'stale' | 'miss' | 'refill' | 'bypass'
  // @ts-expect-error there is no such profile
  request.cache.life('nope')
  // @ts-expect-error it is told, not set
  request.cache.status = 'hit'
  return 'posts'
})
app.get('/off', { config: { cache: false } }, async () => 1)
// @ts-expect-error there is no such profile
app.get('/life', { config: { cache: { life: 'nope' } } }, async () => 1)
// @ts-expect-error there is no such field
app.get('/field', { config: { cache: { life: { ttl: 1 } } } }, async () => 1)
// Fastify infers the type of a config, so that it may have more: that is refused when the route is registered.
app.get('/option', { config: { cache: { lfe: 'max' } } }, async () => 1)
// @ts-expect-error tags are text
app.get('/tags', { config: { cache: { tags: () => [1] } } }, async () => 1)

// The types of a route's own stay, in its handler and in hooks.
interface Post {
  Params: { id: string }
  Querystring: { lang?: string }
}
const guard = async (request: FastifyRequest<Post>) => void request.params.id.toUpperCase()
app.get<Post>(
  '/posts/:id',
  { config: { cache: { tags: (request) => [`post:${request.params.id}`] } }, preHandler: guard },
  async (request) => request.cache.status + request.params.id.toUpperCase() + isRefill(request),
)
// And a config of one's own stands beside it.
app.get('/own', { config: { cache: { life: 'hours' }, rateLimit: false } as const }, async (request) => {
  request.routeOptions.config.rateLimit satisfies boolean | undefined
  return 'own'
})
export const logged = (request: FastifyRequest) => isRefill(request)

// The cache where a handler wants it: a request of any types, and what `next` gives.
await app.register(responseCache, { cache, hook: 'manual' })
app.get<Post & { Reply: string }>('/manual/:id', (request, reply) =>
  serveCached(request, reply, async () => request.params.id.toUpperCase()),
)
app.get('/sends', async (request, reply) => {
  const given = await serveCached(request, reply, async () => 'given')
  given satisfies string | undefined
  return serveCached(request, reply, () => reply.send('sent'))
})
