// Compiled, never run: a line that does not compile is a failure, and so is one below `@ts-expect-error` that does.
import { createCache } from '@restale/core'
import type { EndpointOptions } from '@restale/fetch'
import { cacheOf, isRefill, responseCache, revalidateEndpoint } from '@restale/fetch'
import * as forHono from '@restale/fetch/hono'
import { H3 } from 'h3'
import type { Context } from 'hono'
import { Hono } from 'hono'

const cache = createCache({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3600 } } })

type IsAny<T> = 0 extends 1 & T ? true : false

// A handler keeps its type, with all its arguments.
const app = new Hono<{ Bindings: { name: string } }>()
const cachedApp = responseCache(cache, app.fetch, { life: 'feed' })
cachedApp satisfies typeof app.fetch
cachedApp(new Request('http://test'), { name: 'a' }) satisfies Response | Promise<Response>
responseCache(cache, new H3().fetch) satisfies (request: Request) => Response | Promise<Response>

class NextRequest extends Request {
  readonly nextUrl = new URL('http://test')
}
const GET = responseCache(
  cache,
  async (request: NextRequest, { params }: { params: Promise<{ id: string }> }) => {
    request.nextUrl satisfies URL
    return new Response((await params).id)
  },
  { tags: (request) => [request.nextUrl.pathname], skip: (request) => isRefill(request) },
)
GET satisfies (
  request: NextRequest,
  context: { params: Promise<{ id: string }> },
) => Response | Promise<Response>
// @ts-expect-error: the handler needs its second argument
GET(new NextRequest('http://test'))
// @ts-expect-error: no response
responseCache(cache, (_: Request) => 'text')

// The handle, which is not there where no cache stands.
const handle = cacheOf(new Request('http://test'))
handle?.tag('a', 'b')
handle?.life('hours')
handle?.status satisfies 'hit' | 'stale' | 'miss' | 'refill' | 'bypass' | undefined
// @ts-expect-error: there may be none
handle.tag('a')
// @ts-expect-error: no such profile
handle?.life('nope')

// Options.
responseCache(cache, GET, { life: 'max' })
// @ts-expect-error: no such profile
responseCache(cache, app.fetch, { life: 'nope' })
// @ts-expect-error: of another cache
responseCache(createCache(), app.fetch, { life: 'feed' })
// @ts-expect-error: no such option
responseCache(cache, app.fetch, { ttl: 60 })
// @ts-expect-error: a handler comes second
responseCache(cache, { life: 'feed' })

// The endpoint, in front of a handler and by itself.
const webhook = { verify: () => true, tags: () => ['a'] } satisfies EndpointOptions['webhook']
revalidateEndpoint(cache, { secret: ['one', 'two'], webhook }, cachedApp) satisfies typeof app.fetch
const POST = revalidateEndpoint(cache, { secret: process.env.REVALIDATE_SECRET })
POST(new Request('http://test')) satisfies Response | Promise<Response>
// What a router gives beside the request may be there.
POST satisfies (request: NextRequest, context: { params: Promise<object> }) => Response | Promise<Response>
// @ts-expect-error: it has to be said, be it undefined
revalidateEndpoint(cache, {})

// Hono: in every place where it takes middleware, and the types of the route stay.
const hono = new Hono<{ Variables: { user: string } }>()
hono.use(forHono.responseCache(cache))
hono.use('/path/*', forHono.responseCache(cache, {}), forHono.responseCache(cache))
hono.all('/revalidate/*', forHono.revalidateEndpoint(cache, { secret: 'x' }))
hono.get(
  '/posts/:id',
  forHono.responseCache(cache, { life: 'feed', tags: (c) => [`post:${c.req.param('id')}`] }),
  (c) => {
    false satisfies IsAny<typeof c>
    c.req.param('id') satisfies string
    c.req.param() satisfies { id: string }
    // @ts-expect-error: the path has no such parameter
    c.req.param('nope') satisfies string
    c.var.user satisfies string
    c.var.cache.tag('a')
    c.get('cache').life('hours')
    // @ts-expect-error: no such profile
    c.var.cache.life('nope')
    return c.json({ id: c.req.param('id') })
  },
)
forHono.responseCache(cache, { tags: (c) => [c.req.path], skip: (c) => c.req.header('x-preview') === '1' })
forHono.isRefill({} as Context) satisfies boolean
// @ts-expect-error: no such profile
forHono.responseCache(cache, { life: 'nope' })
// @ts-expect-error: no such option
forHono.revalidateEndpoint(cache, { secret: 'x', token: 'x' })
