// An application may have loaded the other form of Hono: symbols of the one say nothing to objects of the other.
import { createRequire } from 'node:module'
import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import * as ofModules from 'hono'
import * as httpOfModules from 'hono/http-exception'
import * as routesOfModules from 'hono/route'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { responseCache } from '../src/hono.ts'

type Loaded = Pick<typeof ofModules, 'Hono'> &
  Pick<typeof routesOfModules, 'matchedRoutes' | 'routePath'> &
  Pick<typeof httpOfModules, 'HTTPException'>

const require = createRequire(import.meta.url)
const loaded = (load: (name: string) => unknown): Loaded =>
  Object.assign({}, load('hono'), load('hono/route'), load('hono/http-exception')) as Loaded
const modules = {
  hono: ofModules,
  'hono/route': routesOfModules,
  'hono/http-exception': httpOfModules,
}

const life = { revalidate: 60, expire: 300 }

let clock: FakeClock
let cache: Cache
let runs = 0

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
  runs = 0
})

describe.each([
  ['a module', loaded((name) => modules[name as keyof typeof modules])],
  ['CommonJS', loaded(require)],
])('a refill in an application with Hono from %s', (_, { Hono, matchedRoutes, routePath, HTTPException }) => {
  async function refilled<E extends ofModules.Env>(
    app: ofModules.Hono<E>,
    path: string,
    env?: E['Bindings'],
  ): Promise<Response> {
    await app.request(path, {}, env)
    clock.advance(61_000)
    await app.request(path, {}, env)
    await settled(cache)
    return app.request(path, {}, env)
  }

  test('knows the routes that have matched', async () => {
    const app = new Hono()
    app.get('/posts/:id', responseCache(cache, { life }), (c) =>
      c.json([++runs, routePath(c), routePath(c, -1), matchedRoutes(c).length, c.req.param('id')]),
    )
    const hit = await refilled(app, '/posts/a%2Fb')
    expect(hit.headers.get('cache-status')).toBe('restale; hit; ttl=60')
    expect(await hit.json()).toEqual([2, '/posts/:id', '/posts/:id', 2, 'a/b'])
  })

  test('comes to what is mounted', async () => {
    const app = new Hono<{ Bindings: { name: string } }>()
    app.use(responseCache(cache, { life }))
    app.mount('/:tenant/shop', ({ url }: Request, { name }: { name: string }) =>
      Response.json([++runs, new URL(url).pathname, name]),
    )
    const hit = await refilled(app, '/a%21b/shop/cart', { name: 'env' })
    expect(hit.headers.get('cache-status')).toBe('restale; hit; ttl=60')
    expect(await hit.json()).toEqual([2, '/cart', 'env'])
  })

  test('has contexts and requests of that Hono', async () => {
    const kinds = new Set<unknown>()
    const app = new Hono()
    app.get('/', responseCache(cache, { life }), (c) => {
      kinds.add(c.constructor).add(c.req.constructor)
      return c.text(`run ${++runs}`)
    })
    expect(await (await refilled(app, '/')).text()).toBe('run 2')
    expect(kinds.size).toBe(2)
  })

  test('makes pages of errors where they are thrown, as Hono does', async () => {
    const seen: unknown[] = []
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      seen.push(c.error?.message, c.res.status, c.res.headers.get('x-inner'))
    })
    app.get('/', responseCache(cache, { life }), async (c, next) => {
      c.header('X-Inner', 'set')
      await next()
    })
    app.get('/', (c) => {
      if (++runs > 1) throw new HTTPException(404, { message: 'gone' })
      return c.text('page')
    })
    await refilled(app, '/')
    expect(seen.slice(6, 9)).toEqual(['gone', 404, 'set'])
    expect(runs).toBe(3)
  })

  test('fails where next() is called twice', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono()
    app.get(
      '/',
      responseCache(cache, { life }),
      async (_, next) => {
        await next()
        if (runs > 1) await next()
      },
      (c) => c.text(`run ${++runs}`),
    )
    expect(await (await refilled(app, '/')).text()).toBe('run 1')
    expect(printed).toHaveBeenCalledWith(expect.objectContaining({ message: 'next() called multiple times' }))
    printed.mockRestore()
  })

  test('fails where nobody answers', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const app = new Hono()
    app.get('/', responseCache(cache, { life }), (async (c: ofModules.Context) =>
      ++runs > 1 ? undefined : c.text('page')) as never)
    expect(await (await refilled(app, '/')).text()).toBe('page')
    printed.mockRestore()
  })

  test('that comes to nothing removes: no route answers', async () => {
    const app = new Hono()
    app.notFound((c) => c.text('own page', 404))
    app.get('/', responseCache(cache, { life }), async (c, next) => (++runs > 1 ? next() : c.text('page')))
    const again = await refilled(app, '/')
    expect(again.status).toBe(404)
    expect(await again.text()).toBe('own page')
  })
})
