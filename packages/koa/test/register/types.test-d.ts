// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import Router from '@koa/router'
import { createCache } from '@restale/core'
import type { EndpointOptions } from '@restale/koa'
import { isRefill, responseCache, revalidateEndpoint } from '@restale/koa'
import type { Middleware } from 'koa'
import Koa from 'koa'
import mount from 'koa-mount'

const cache = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 } } })

declare module '@restale/core' {
  interface Register {
    cache: typeof cache
  }
}

type IsAny<T> = 0 extends 1 & T ? true : false

// As middleware, in every place where Koa and what stands beside it take one.
const app = new Koa()
app.use(responseCache(cache))
app.use(mount('/path', responseCache(cache, {})))
const middlewares: Middleware[] = [responseCache(cache), revalidateEndpoint(cache, { secret: 'x' })]
for (const middleware of middlewares) app.use(middleware)

// State and context of an application of one's own stay what they are, whatever stands before.
interface State {
  user?: { name: string }
}
interface Custom {
  log(line: string): void
}
const typed = new Koa<State, Custom>()
typed.use(responseCache(cache)).use((ctx) => {
  ctx.state.user?.name satisfies string | undefined
  false satisfies IsAny<typeof ctx.state>
  ctx.log('x')
  ctx.cache.tag('a')
  // @ts-expect-error: the state has no such field
  ctx.state.nope
})
typed.use(mount('/path', responseCache(cache)))

// So are the params of a route, in the handlers beside it, one or several.
const router = new Router<State, Custom>({ prefix: '/blog' })
router.use(responseCache(cache))
router.get(
  '/posts/:id',
  responseCache(cache, { life: 'feed', tags: (ctx) => [`post:${ctx.params.id}`] }),
  (ctx) => {
    ctx.params.id satisfies string | undefined
    false satisfies IsAny<typeof ctx.params>
    ctx.state.user?.name satisfies string | undefined
    false satisfies IsAny<typeof ctx.state>
    ctx.cache.life('feed')
    ctx.log('x')
    ctx.body = 'post'
  },
)
router.get('/two/:id', responseCache(cache), responseCache(cache), (ctx) => {
  ctx.params.id satisfies string | undefined
})
router.all('/hook', revalidateEndpoint(cache, { secret: 'x' }))
new Router().get('/plain/:id', responseCache(cache), (ctx) => {
  ctx.params.id satisfies string | undefined
  ctx.cache.tag('a')
})
app.use(router.routes())

// Functions get the context of Koa.
responseCache(cache, {
  tags: (ctx) => [ctx.path, ctx.get('x-tenant')],
  skip: (ctx) => ctx.ip === '127.0.0.1' || isRefill(ctx.req),
})

// The handle.
app.use((ctx) => {
  ctx.cache.tag('a', 'b')
  ctx.cache.life('feed')
  ctx.cache.life('hours')
  ctx.cache.life({ revalidate: 5 })
  ctx.cache.skip()
  ctx.cache.status satisfies 'hit' | 'stale' | 'miss' | 'refill' | 'bypass'
  false satisfies IsAny<typeof ctx.cache>
  // @ts-expect-error: no such profile
  ctx.cache.life('nope')
  // @ts-expect-error: tags are text
  ctx.cache.tag(1)
  // @ts-expect-error: it is told, not set
  ctx.cache.status = 'hit'
})

// The profiles of the registered cache.
responseCache(cache, { life: 'feed' })
responseCache(cache, { life: 'max' })
// @ts-expect-error: no such profile
responseCache(cache, { life: 'nope' })
// @ts-expect-error: no such field
responseCache(cache, { life: { ttl: 1 } })

// Options.
responseCache(cache, { tags: ['a'], statuses: [200, 404], cookies: 'ignore', shared: true, name: 'posts' })
// @ts-expect-error: no such option
responseCache(cache, { ttl: 60 })
// @ts-expect-error: tags are text
responseCache(cache, { tags: () => [1] })
// @ts-expect-error: a cache comes first
responseCache({ life: 'feed' })

// The endpoint.
app.use(revalidateEndpoint(cache, { secret: process.env.REVALIDATE_SECRET, path: '/hook' }))
const webhook = { verify: () => true, tags: () => ['a'] } satisfies EndpointOptions['webhook']
revalidateEndpoint(cache, { secret: ['one', 'two'], webhook })
// @ts-expect-error: it has to be said, be it undefined
revalidateEndpoint(cache, {})
