// A page whose handler asks the application for a part of itself, inside the process.
import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import type { Context } from 'hono'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { responseCache as middleware } from '../src/hono.ts'
import { responseCache } from '../src/index.ts'

const long = { revalidate: 3600, expire: 7200 }
const short = { revalidate: 60, expire: 300 }

type Ask = (path: string) => Promise<Response>
/** Gives the part; `ask` is for pages. */
type Part = (run: number) => Response | Promise<Response>

let clock: FakeClock
let cache: Cache
let runs: Record<'page' | 'part', number>

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
  runs = { page: 0, part: 0 }
})

const plain: Part = (run) => new Response(`part ${run}`)

async function pageOf(part: Response | Promise<Response>): Promise<Response> {
  return new Response(`page ${++runs.page} of ${await (await part).text()}`)
}

function inHono(part: Part, partsCache = cache): Ask {
  const app = new Hono()
  app.get('/page', middleware(cache), () => {
    cache.cacheLife({ expire: 86_400 })
    return pageOf(app.request('/part'))
  })
  app.get('/part', middleware(partsCache, { tags: ['part'], life: short }), () => part(++runs.part))
  return async (path) => app.request(path)
}

function bare(part: Part, partsCache = cache): Ask {
  const fetch = responseCache(cache, async (request: Request): Promise<Response> => {
    if (request.url.endsWith('/part')) return inner(request)
    cache.cacheLife({ expire: 86_400 })
    return pageOf(inner(new Request('http://test/part')))
  })
  const inner = responseCache(partsCache, () => part(++runs.part), {
    tags: ['part'],
    life: short,
    name: 'parts',
  })
  return async (path) => fetch(new Request(`http://test${path}`))
}

async function bodyOf(response: Promise<Response>): Promise<string> {
  return (await response).text()
}

async function statusOf(response: Promise<Response>): Promise<string | null> {
  return (await response).headers.get('cache-status')
}

describe.each([
  ['in Hono', inHono],
  ['around functions', bare],
])('a part of a page, %s', (_, make) => {
  test('that was made for it hands its tags on', async () => {
    const ask = make(plain)
    expect(await bodyOf(ask('/page'))).toBe('page 1 of part 1')
    expect(await bodyOf(ask('/page'))).toBe('page 1 of part 1')
    await cache.updateTag('part')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 2')
  })

  test('that was there already hands on its tags and what remains of its life', async () => {
    const ask = make(plain)
    await ask('/part')
    clock.advance(20_000)
    await ask('/page')
    expect(await statusOf(ask('/page'))).toBe('restale; hit; ttl=40')
    await cache.updateTag('part')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 2')
  })

  test('that others have asked for hands on the same to all who wait', async () => {
    let open = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const ask = make(async (run) => {
      await gate
      return plain(run)
    })
    const alone = ask('/part')
    const page = ask('/page')
    open()
    expect(await bodyOf(page)).toBe('page 1 of part 1')
    await alone
    await cache.updateTag('part')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 2')
  })

  test('that is stale is made anew for a page that is certain to be cached', async () => {
    const ask = make(plain)
    await ask('/part')
    clock.advance(61_000)
    expect(await bodyOf(ask('/page'))).toBe('page 1 of part 2')
    expect(await statusOf(ask('/page'))).toBe('restale; hit; ttl=60')
  })

  test('that comes as a stream hands on what it has when it ends', async () => {
    const ask = make((run) => {
      async function* chunks() {
        yield new TextEncoder().encode('part ')
        await new Promise(setImmediate)
        cache.cacheTag('late')
        yield new TextEncoder().encode(String(run))
      }
      return new Response(ReadableStream.from(chunks()) as ReadableStream<Uint8Array>)
    })
    expect(await bodyOf(ask('/page'))).toBe('page 1 of part 1')
    expect(await statusOf(ask('/page'))).toMatch(/hit/)
    await cache.updateTag('late')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 2')
  })

  test('of another cache keeps the page out of this one', async () => {
    const ask = make(plain, createCache({ clock }))
    await ask('/page')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 1')
  })

  test('that must not be stored keeps the page out, too', async () => {
    const ask = make((run) => {
      cache.cacheTag('')
      return plain(run)
    })
    await ask('/page')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 2')
  })

  test('that failed is what the page depends on all the same', async () => {
    let isBroken = true
    const ask = make((run) => {
      if (isBroken) return new Response('none today', { status: 503 })
      return plain(run)
    })
    expect(await bodyOf(ask('/page'))).toBe('page 1 of none today')
    isBroken = false
    expect(await statusOf(ask('/page'))).toMatch(/hit/)
    await cache.updateTag('part')
    expect(await bodyOf(ask('/page'))).toBe('page 2 of part 2')
  })
})

test('a stale part is good enough for a page of which it is not known, which is not stored then', async () => {
  const app = new Hono()
  app.get('/page', middleware(cache), async (c: Context) => {
    const page = await pageOf(app.request('/part'))
    c.var.cache.life(long)
    return page
  })
  app.get('/part', middleware(cache, { life: short }), () => plain(++runs.part) as Response)
  await app.request('/part')
  clock.advance(61_000)
  const response = await app.request('/page')
  expect(await response.text()).toBe('page 1 of part 1')
  expect(response.headers.get('cache-status')).toBe('restale; fwd=uri-miss; detail="it uses a stale value"')
  await settled(cache)
  expect(await bodyOf(Promise.resolve(app.request('/page')))).toBe('page 2 of part 2')
  expect(await statusOf(Promise.resolve(app.request('/page')))).toBe('restale; hit; ttl=3600')
})

test('a cached function that asks for a response is made of it', async () => {
  const app = new Hono()
  app.get('/part', middleware(cache, { tags: ['part'], life: short }), () => plain(++runs.part) as Response)
  const text = cache.cached(async () => bodyOf(Promise.resolve(app.request('/part'))), { key: 'text' })
  expect(await text()).toBe('part 1')
  expect(text.peek()).toMatchObject({ tags: ['part'], life: { revalidate: 60 } })
  await cache.updateTag('part')
  expect(await text()).toBe('part 2')
})

test('a page mounted at another URL hands on to the cache around it', async () => {
  const inner = new Hono()
  inner.get(
    '/part',
    middleware(cache, { tags: ['part'], life: short, name: 'parts' }),
    () => plain(++runs.part) as Response,
  )
  const app = new Hono()
  app.use('/shop/*', middleware(cache, { life: long }))
  app.mount('/shop', inner.fetch)
  for (const expected of ['part 1', 'part 1'])
    expect(await (await app.request('/shop/part')).text()).toBe(expected)
  await cache.updateTag('part')
  expect(await (await app.request('/shop/part')).text()).toBe('part 2')
})
