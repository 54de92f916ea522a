import type { Cache } from '@restale/core'
import { settled } from '@restale/core/testing'
import type { Request, RequestHandler } from 'express'
import { describe, expect, test } from 'vitest'
import type { ResponseCacheOptions } from '../src/index.ts'
import { isRefill, responseCache } from '../src/index.ts'
import { hit, life, listen, quietApp, setup, stored } from './support.ts'

type Prepare = (cache: Cache) => RequestHandler

/** A mount that opts nothing in, and a route whose handler does. */
async function site(handler: Prepare, options: ResponseCacheOptions<Request> = {}) {
  const { cache, clock } = setup()
  const app = quietApp()
  app.use(responseCache(cache, options))
  app.get('/it', handler(cache))
  return { cache, clock, app, ...(await listen(app)) }
}

describe('req.cache of a miss', () => {
  test('life() opts in, and says how long', async () => {
    const { get, clock } = await site(() => (req, res) => {
      req.cache.life({ revalidate: 5, expire: 5 })
      res.send(req.cache.status)
    })
    expect((await get('/it')).cacheStatus).toMatch(stored)
    expect((await get('/it')).header('cache-status')).toBe('restale; hit; ttl=5')
    clock.advance(5_000)
    expect((await get('/it')).header('cache-status')).toBe('restale; fwd=stale; fwd-status=304; stored')
  })

  test('life() takes a profile’s name; of one that is not known it throws', async () => {
    const { get } = await site(() => (req, res) => {
      req.cache.life('minutes')
      expect(() => req.cache.life('nope' as never)).toThrow(/no profile "nope"/)
      res.send('x')
    })
    await get('/it')
    expect((await get('/it')).header('cache-status')).toBe('restale; hit; ttl=60')
  })

  test('tag() labels, and alone does not opt in', async () => {
    const { get, cache } = await site(() => (req, res) => {
      req.cache.tag('a', 'b')
      if (req.query.opt !== undefined) req.cache.life('hours')
      res.send('x')
    })
    await get('/it')
    expect((await get('/it')).cacheStatus).toBe('restale; fwd=uri-miss; detail=not-opted-in')
    await get('/it?opt')
    expect((await get('/it?opt')).cacheStatus).toMatch(hit)
    await cache.updateTag('b')
    expect((await get('/it?opt')).cacheStatus).toMatch(stored)
  })

  test('skip() keeps this response out, whatever the options say', async () => {
    const handler: Prepare = () => (req, res) => {
      req.cache.skip()
      res.send('x')
    }
    const { get } = await site(handler, { life })
    await get('/it')
    expect((await get('/it')).cacheStatus).toBe('restale; fwd=uri-miss; detail=skipped')
  })

  test('its functions can be called by middleware between the cache and the handler', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache))
    app.use((req, _res, next) => {
      req.cache.life('hours')
      req.cache.tag('all')
      next()
    })
    app.get('/it', (_req, res) => void res.send('x'))
    const { get } = await listen(app)
    await get('/it')
    expect((await get('/it')).cacheStatus).toMatch(hit)
  })

  test('cacheLife and cacheTag do the same through any number of awaits, also behind a stream', async () => {
    const { get, cache } = await site(({ cacheLife, cacheTag }) => async (_req, res) => {
      await new Promise(setImmediate)
      cacheLife('hours')
      cacheTag('late')
      await new Promise(setImmediate)
      res.write('x')
      res.end()
    })
    await get('/it')
    expect((await get('/it')).cacheStatus).toMatch(hit)
    await cache.updateTag('late')
    expect((await get('/it')).cacheStatus).not.toMatch(hit)
  })
})

describe('req.cache.status', () => {
  test('tells the handler whether a client waits', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    const seen: string[] = []
    app.get('/it', responseCache(cache, { life }), (req, res) => {
      seen.push(`${req.cache.status} ${isRefill(req)}`)
      res.send('x')
    })
    const { get } = await listen(app)
    await get('/it')
    await get('/it', { Cookie: 'a=1' })
    clock.advance(61_000)
    await get('/it')
    await settled(cache)
    expect(seen).toEqual(['miss false', 'bypass false', 'refill true'])
  })

  test('tells a logger above the cache what became of the request', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    const seen: string[] = []
    app.use((req, res, next) => {
      res.once('finish', () => seen.push(`${req.cache?.status} ${res.statusCode}`))
      next()
    })
    app.use(responseCache(cache, { life }))
    app.get('/it', (_req, res) => void res.send('x'))
    app.post('/other', (_req, res) => void res.send('x'))
    const { get, request } = await listen(app)
    await get('/it')
    await get('/it')
    await request({ method: 'POST', path: '/other', body: '' })
    clock.advance(61_000)
    await get('/it')
    await settled(cache)
    expect(seen).toEqual(['miss 200', 'hit 200', 'bypass 200', 'stale 200', 'refill 200'])
  })
})

describe('req.cache of a request that passes', () => {
  test('labels go nowhere and throw nothing, by handle and by function', async () => {
    const handler: Prepare =
      ({ cacheLife, cacheTag }) =>
      (req, res) => {
        req.cache.life('hours')
        req.cache.tag('a')
        req.cache.skip()
        cacheLife('hours')
        cacheTag('a')
        res.send(req.cache.status)
      }
    const { get } = await site(handler, { life })
    const response = await get('/it', { Cookie: 'a=1' })
    expect([response.status, response.text]).toEqual([200, 'bypass'])
  })

  test('a disabled cache has a handle too, and leaves no trace', async () => {
    const { cache } = setup({ enabled: false })
    const app = quietApp()
    app.use(responseCache(cache, { life }))
    app.get('/it', (req, res) => {
      req.cache.tag('a')
      res.send(req.cache.status)
    })
    const { get } = await listen(app)
    const response = await get('/it')
    expect([response.text, response.header('cache-status')]).toEqual(['bypass', undefined])
  })
})

describe('options', () => {
  test('wrong ones throw when the middleware is made', () => {
    const { cache } = setup()
    const wrong: [object, RegExp][] = [
      [{ ttl: 1 }, /options cannot have "ttl": there are/],
      [{ life: 'nope' }, /no profile "nope"/],
      [{ tags: 'posts' }, /option tags must be a list/],
      [{ statuses: [206] }, /option statuses/],
      [{ key: { cookie: [] } }, /key cannot have "cookie/],
    ]
    for (const [options, message] of wrong) {
      expect(() => responseCache(cache, options as never)).toThrow(message)
    }
  })

  test('skip gets the request of Express', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get(
      '/posts/:id',
      responseCache(cache, {
        life,
        skip: (req) => req.params.id === 'draft' || req.get('x-preview') === '1',
      }),
      (_req, res) => void res.send('x'),
    )
    const { get } = await listen(app)
    expect((await get('/posts/draft')).cacheStatus).toBe('restale; fwd=bypass; detail=skip')
    expect((await get('/posts/1', { 'X-Preview': '1' })).cacheStatus).toBe('restale; fwd=bypass; detail=skip')
    expect((await get('/posts/1')).cacheStatus).toMatch(stored)
  })
})

describe('revalidatePath', () => {
  test('expires a path under a mounted router, and with layout everything below', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life }))
    app.get(['/blog', '/blog/:id', '/about'], (_req, res) => void res.send('x'))
    const { get } = await listen(app)
    const paths = ['/blog', '/blog/1?a=1', '/about']
    const hits = async () => {
      const responses = await Promise.all(paths.map((path) => get(path)))
      return responses.map(({ cacheStatus }) => hit.test(cacheStatus))
    }
    await hits()
    expect(await hits()).toEqual([true, true, true])
    await cache.revalidatePath('/blog')
    expect(await hits()).toEqual([false, true, true])
    await cache.revalidatePath('/Blog/', 'layout')
    expect(await hits()).toEqual([false, false, true])
  })

  test('expires all URLs of a route by its pattern', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life }))
    app.get('/blog/:id', (_req, res) => void res.send('x'))
    const { get } = await listen(app)
    await get('/blog/1')
    await get('/blog/2')
    await cache.revalidatePath('/blog/:id')
    expect((await get('/blog/1')).cacheStatus).toMatch(stored)
    expect((await get('/blog/2')).cacheStatus).toMatch(stored)
  })
})
