// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import { createCache } from '@restale/core'
import type { EndpointOptions } from '@restale/express'
import { isRefill, responseCache, revalidateEndpoint } from '@restale/express'
import type { Request, RequestHandler, Response } from 'express'
import express from 'express'

const cache = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 } } })

declare module '@restale/core' {
  interface Register {
    cache: typeof cache
  }
}

type IsAny<T> = 0 extends 1 & T ? true : false

const app = express()

// As middleware, in every place where Express takes one.
app.use(responseCache(cache))
app.use('/path', responseCache(cache, {}))
app.use([responseCache(cache), responseCache(cache)])
express.Router().use(responseCache(cache))
app.route('/posts').get(responseCache(cache), (_req, res) => void res.send('posts'))

// The params of the path are still typed in the handlers beside it, one or several.
app.get(
  '/posts/:id',
  responseCache(cache, { life: 'feed', tags: (req) => [`post:${req.params.id}`] }),
  (req) => {
    req.params.id satisfies string
    false satisfies IsAny<typeof req.params>
    // @ts-expect-error: the path has no such parameter
    req.params.nope
  },
)
app.get('/users/:user/posts/:post', responseCache(cache), responseCache(cache), (req, res) => {
  const { user, post } = req.params
  user satisfies string
  post satisfies string
  res satisfies Response
})
express.Router().get('/posts/:id', responseCache(cache), (req) => {
  req.params.id satisfies string
})
// Middleware of one path, of a variable, and where Express’s own type is asked for.
const cached = responseCache(cache)
app.get('/posts/:id', cached, (req) => {
  false satisfies IsAny<typeof req.params>
  req.params.id satisfies string
})
cached satisfies RequestHandler
const handlers: RequestHandler[] = [cached, revalidateEndpoint(cache, { secret: 'x' })]
app.use(handlers)
// So is what the handler itself says of its request.
app.post('/posts', responseCache(cache), (req: Request<object, object, { title: string }>) => {
  req.body.title satisfies string
})

// Functions get the request of Express.
responseCache(cache, {
  tags: (req) => [req.path, req.get('x-tenant') ?? ''],
  skip: (req) => req.ip === '127.0.0.1' || isRefill(req),
})

// The handle.
app.get('/handle', (req) => {
  req.cache.tag('a', 'b')
  req.cache.life('feed')
  req.cache.life('hours')
  req.cache.life({ revalidate: 5 })
  req.cache.skip()
  req.cache.status satisfies 'hit' | 'stale' | 'miss' | 'refill' | 'bypass'
  // @ts-expect-error: no such profile
  req.cache.life('nope')
  // @ts-expect-error: tags are text
  req.cache.tag(1)
  // @ts-expect-error: it is told, not set
  req.cache.status = 'hit'
})

// The profiles of the registered cache.
responseCache(cache, { life: 'feed' })
responseCache(cache, { life: 'max' })
responseCache(cache, { life: { stale: 1, revalidate: 2, expire: 3 } })
// @ts-expect-error: no such profile
responseCache(cache, { life: 'nope' })
// @ts-expect-error: no such field
responseCache(cache, { life: { ttl: 1 } })
// @ts-expect-error: nothing said
responseCache(cache, { life: {} })

// Options.
responseCache(cache, {
  tags: ['a'],
  statuses: [200, 404],
  cookies: 'ignore',
  shared: true,
  outerCookies: ['lb'],
  name: 'posts',
  key: { query: { ignore: ['utm_source'] }, headers: ['Accept-Language'], cookies: ['theme'], host: false },
})
// @ts-expect-error: no such option
responseCache(cache, { ttl: 60 })
// @ts-expect-error: no such option of the key
responseCache(cache, { key: { cookie: [] } })
// @ts-expect-error: one of two words
responseCache(cache, { cookies: 'allow' })
// @ts-expect-error: tags are text
responseCache(cache, { tags: () => [1] })
// @ts-expect-error: a cache comes first
responseCache({ life: 'feed' })

// The endpoint.
app.use('/revalidate', revalidateEndpoint(cache, { secret: process.env.REVALIDATE_SECRET }))
revalidateEndpoint(cache, { secret: ['one', 'two'], path: '/hook' })
revalidateEndpoint(cache, { secret: undefined, unauthenticated: true })
const webhook = { verify: () => true, tags: () => ['a'] } satisfies EndpointOptions['webhook']
revalidateEndpoint(cache, { secret: 'x', webhook })
// @ts-expect-error: it has to be said, be it undefined
revalidateEndpoint(cache, {})
// @ts-expect-error: no such option
revalidateEndpoint(cache, { secret: 'x', token: 'x' })

// Requests of plain Node are told apart too.
isRefill({} as import('node:http').IncomingMessage) satisfies boolean
