import type { Request } from '@hapi/hapi'
import { server as createServer } from '@hapi/hapi'
import { createCache } from '@restale/core'
import { isRefill, responseCache, revalidateEndpoint } from '@restale/hapi'

const server = createServer()
const cache = createCache({ profiles: { shop: { revalidate: 5 } } })

await server.register({ plugin: responseCache, options: { cache } })
await server.register({
  plugin: responseCache,
  options: {
    cache,
    life: 'hours',
    tags: (request) => [request.path],
    hook: 'onPreAuth',
    closeCache: true,
    key: { query: ['page'] },
  },
})
// @ts-expect-error the cache is not optional
await server.register({ plugin: responseCache, options: {} })
// @ts-expect-error there is no such hook
await server.register({ plugin: responseCache, options: { cache, hook: 'onPostAuth' } })
// @ts-expect-error there is no such profile
await server.register({ plugin: responseCache, options: { cache, life: 'nope' } })

await server.register(
  { plugin: revalidateEndpoint, options: { cache, secret: process.env.REVALIDATE_SECRET } },
  { routes: { prefix: '/api/revalidate' } },
)
// @ts-expect-error the secret is not optional
await server.register({ plugin: revalidateEndpoint, options: { cache } })

server.route({
  method: 'GET',
  path: '/posts/{id}',
  handler: (request) => {
    request.cache.tag('a', 'b')
    request.cache.life('hours')
    request.cache.life({ revalidate: 5 })
    request.cache.skip()
    // @ts-expect-error there is no such profile
    request.cache.life('nope')
    const status: 'hit' | 'stale' | 'miss' | 'refill' | 'bypass' = request.cache.status
    const again: boolean = isRefill(request)
    return `${status} ${again}`
  },
  options: { plugins: { restale: { tags: (request) => [`post:${request.params.id}`], life: 'hours' } } },
})
server.route({ method: 'GET', path: '/', handler: () => 1, options: { plugins: { restale: false } } })
server.route({
  method: 'GET',
  path: '/',
  handler: () => 1,
  // @ts-expect-error there is no such profile
  options: { plugins: { restale: { life: 'nope' } } },
})
server.route({
  method: 'GET',
  path: '/',
  handler: () => 1,
  // @ts-expect-error there is no such option
  options: { plugins: { restale: { lfe: 'max' } } },
})
// @ts-expect-error it is an object or false
server.route({ method: 'GET', path: '/', handler: () => 1, options: { plugins: { restale: true } } })

// The types of a route's own references stay.
interface Refs {
  Params: { id: string }
  Query: { lang?: string }
}
server.route<Refs>({
  method: 'GET',
  path: '/posts/{id}',
  handler: (request) => {
    const id: string = request.params.id
    return request.cache.status + id.toUpperCase()
  },
  options: { plugins: { restale: { life: 'hours' } } },
})
export const logged = (request: Request) => isRefill(request)
