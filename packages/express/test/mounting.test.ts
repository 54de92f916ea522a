import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { settled } from '@restale/core/testing'
import type { RequestHandler } from 'express'
import express from 'express'
import request from 'supertest'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isRefill, responseCache } from '../src/index.ts'
import { send } from './raw-client.ts'
import { barrier, hit, life, listen, quietApp, setup, stale, stored } from './support.ts'

/** Answers with the number of its run. */
function counter(): { handler: RequestHandler; runs: () => number } {
  let runs = 0
  return { handler: (_req, res) => void res.send(`run ${++runs}`), runs: () => runs }
}

describe('where responseCache stands', () => {
  test('app.use: all routes below it are cached, those above it are not', async () => {
    const { cache } = setup()
    const app = quietApp()
    const above = counter()
    const below = counter()
    app.get('/above', above.handler)
    app.use(responseCache(cache, { life }))
    app.get('/below', below.handler)
    const site = await listen(app)

    for (const path of ['/above', '/above', '/below']) await site.get(path)
    expect((await site.get('/above')).header('cache-status')).toBeUndefined()
    expect((await site.get('/below')).cacheStatus).toMatch(hit)
    expect([above.runs(), below.runs()]).toEqual([3, 1])
  })

  test('app.use with a path: only what lies below the path is cached', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler, runs } = counter()
    app.use('/cached', responseCache(cache, { life }))
    app.get(['/cached/page', '/other/page'], handler)
    const site = await listen(app)

    await site.get('/cached/page')
    await site.get('/other/page')
    expect((await site.get('/cached/page')).cacheStatus).toMatch(hit)
    expect((await site.get('/other/page')).header('cache-status')).toBeUndefined()
    expect(runs()).toBe(3)
  })

  test('one route: a hit does not run its handler, and other routes know nothing of a cache', async () => {
    const { cache } = setup()
    const app = quietApp()
    const cached = counter()
    app.get('/posts/:id', responseCache(cache, { life }), cached.handler)
    app.get('/plain', (req, res) => void res.json(typeof req.cache))
    const site = await listen(app)

    expect((await site.get('/posts/1')).cacheStatus).toMatch(stored)
    expect((await site.get('/posts/1')).cacheStatus).toMatch(hit)
    expect((await site.get('/posts/2')).text).toBe('run 2')
    expect((await site.get('/plain')).text).toBe('"undefined"')
  })

  test('one route: its tags are made of the typed params, and expire it', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler } = counter()
    app.get('/posts/:id', responseCache(cache, { life, tags: (req) => [`post:${req.params.id}`] }), handler)
    const site = await listen(app)
    await site.get('/posts/1')
    await site.get('/posts/2')

    await cache.updateTag('post:1')
    expect((await site.get('/posts/1')).text).toBe('run 3')
    expect((await site.get('/posts/2')).cacheStatus).toMatch(hit)
  })

  test('app.route and a list of handlers take it as any middleware', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler, runs } = counter()
    app.route('/page').get([responseCache(cache, { life })], handler)
    const site = await listen(app)

    await site.get('/page')
    expect((await site.get('/page')).cacheStatus).toMatch(hit)
    expect(runs()).toBe(1)
  })

  test('a mount below a route that has passed the request on is no part of that route', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    let runs = 0
    app.all('/{*any}', (_req, _res, next) => next())
    app.use(responseCache(cache, { life: { revalidate: 60, expire: 60 } }))
    app.get('/page', (_req, res) => void res.set('Cache-Control', 's-maxage=10').send(`run ${++runs}`))
    const site = await listen(app)
    await site.get('/page')

    clock.advance(11_000)
    // The options are the mount's, so the header of the response says how long.
    expect((await site.get('/page')).text).toBe('run 2')
  })

  test('what no route answers goes to the 404 of Express, and is not stored', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life }))
    const site = await listen(app)

    for (let round = 0; round < 2; round++) {
      const response = await site.get('/nowhere')
      expect(response.status).toBe(404)
      expect(response.text).toContain('Cannot GET /nowhere')
      expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=status-404')
    }
  })

  test('OPTIONS and POST pass to their handlers', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler } = counter()
    app.use(responseCache(cache, { life }))
    app.get('/page', handler)
    app.post('/page', handler)
    const site = await listen(app)
    await site.get('/page')

    const post = await site.request({ method: 'POST', path: '/page', body: 'x' })
    expect(post.text).toBe('run 2')
    expect(post.cacheStatus).toBe('restale; fwd=method')
    const options = await site.request({ method: 'OPTIONS', path: '/page' })
    expect(options.header('allow')).toBe('GET, HEAD, POST')
    expect(options.cacheStatus).toBe('restale; fwd=method')
    // RFC 9111 §4.4: what was stored of the URL is gone.
    expect((await site.get('/page')).text).toBe('run 3')
  })

  test('a request whose method something below overrides is nobody else’s, and each such field is in the key', async () => {
    const { cache } = setup()
    const app = quietApp()
    const override: RequestHandler = (req, _res, next) => {
      req.method = String(req.headers['x-method'] ?? req.headers['x-http-method-override'] ?? req.method)
      next()
    }
    app.use(responseCache(cache, { life }), override)
    app.get('/page', (_req, res) => void res.send('read'))
    app.delete('/page', (_req, res) => void res.send('deleted'))
    const site = await listen(app)

    const deleted = await site.get('/page', { 'X-Method': 'DELETE' })
    expect([deleted.text, deleted.cacheStatus]).toEqual(['deleted', 'restale; fwd=uri-miss; detail=method'])
    expect((await site.get('/page', { 'X-HTTP-Method-Override': 'DELETE' })).text).toBe('deleted')
    expect((await site.get('/page')).text).toBe('read')
    expect((await site.get('/page')).cacheStatus).toMatch(hit)
  })

  test('through supertest, which starts a server of its own for each request', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler } = counter()
    app.use(responseCache(cache, { life, key: { host: false } }))
    app.get('/page', handler)

    await request(app).get('/page').expect(200, 'run 1').expect('Cache-Status', stored)
    await request(app).get('/page').expect(200, 'run 1').expect('Cache-Status', hit).expect('Age', '0')
    await request(app).head('/page').expect(200).expect('Content-Length', '5').expect('Cache-Status', hit)
  })
})

describe('routers and sub-applications', () => {
  /** Stale by now, with a refill behind. */
  async function goStale(path: string, { cache, clock }: ReturnType<typeof setup>, port: number) {
    await send(port, { path })
    clock.advance(61_000)
    const response = await send(port, { path })
    await settled(cache)
    return response
  }

  test('a router under a prefix with params: each URL has an entry, refilled with its params', async () => {
    const world = setup()
    const app = quietApp()
    const users = express.Router({ mergeParams: true })
    let runs = 0
    users.use(responseCache(world.cache, { life }))
    users.get(
      '/posts/:post',
      (req, res) => void res.json({ ...req.params, baseUrl: req.baseUrl, run: ++runs }),
    )
    app.use('/users/:user', users)
    const { port } = await listen(app)

    const old = await goStale('/users/7/posts/1', world, port)
    expect(old.cacheStatus).toMatch(stale)
    expect(JSON.parse(old.text)).toEqual({ user: '7', post: '1', baseUrl: '/users/7', run: 1 })
    const fresh = await send(port, { path: '/users/7/posts/1' })
    expect(fresh.cacheStatus).toMatch(hit)
    expect(JSON.parse(fresh.text)).toEqual({ user: '7', post: '1', baseUrl: '/users/7', run: 2 })
    expect(JSON.parse((await send(port, { path: '/users/8/posts/1' })).text)).toMatchObject({
      user: '8',
      run: 3,
    })
  })

  test('a router in a router', async () => {
    const world = setup()
    const app = quietApp()
    const outer = express.Router()
    const inner = express.Router()
    const { handler } = counter()
    inner.get('/page', responseCache(world.cache, { life }), handler)
    outer.use('/b', inner)
    app.use('/a', outer)
    const { port } = await listen(app)

    expect((await goStale('/a/b/page', world, port)).text).toBe('run 1')
    expect((await send(port, { path: '/a/b/page' })).text).toBe('run 2')
  })

  test('a router that does not answer passes on to what comes after it, with the URL as it was', async () => {
    const { cache } = setup()
    const app = quietApp()
    const router = express.Router()
    router.use(responseCache(cache, { life }))
    app.use('/api', router)
    app.get('/api/page', (req, res) => void res.send(`${req.url} ${req.baseUrl}`))
    const site = await listen(app)

    expect((await site.get('/api/page?a=1')).text).toBe('/api/page?a=1 ')
    expect((await site.get('/api/page?a=1')).cacheStatus).toMatch(hit)
  })

  test('a refill of a sub-application runs through the root application', async () => {
    const world = setup()
    const app = quietApp()
    const api = quietApp()
    const seen: string[] = []
    app.use((req, _res, next) => {
      seen.push(`root ${isRefill(req) ? 'refill' : 'client'} ${req.originalUrl}`)
      next()
    })
    api.use(responseCache(world.cache, { life }))
    api.get('/page', (req, res) => void res.send(`${req.baseUrl} ${req.app === api}`))
    app.use('/api', api)
    const { port } = await listen(app)

    await goStale('/api/page?a=1', world, port)
    expect(seen).toEqual([
      'root client /api/page?a=1',
      'root client /api/page?a=1',
      'root refill /api/page?a=1',
    ])
    const fresh = await send(port, { path: '/api/page?a=1' })
    expect(fresh.cacheStatus).toMatch(hit)
    expect(fresh.text).toBe('/api true')
  })

  test('a sub-application in a sub-application', async () => {
    const world = setup()
    const app = quietApp()
    const api = quietApp()
    const v1 = quietApp()
    const { handler } = counter()
    v1.get('/posts/:id', responseCache(world.cache, { life }), handler)
    api.use('/v1', v1)
    app.use('/api', api)
    const { port } = await listen(app)

    expect((await goStale('/api/v1/posts/1', world, port)).text).toBe('run 1')
    const fresh = await send(port, { path: '/api/v1/posts/1' })
    expect(fresh.text).toBe('run 2')
    expect(fresh.cacheStatus).toMatch(hit)
  })

  test('an application that a router, not an application, mounts: what there is stays, and nothing else is stored', async () => {
    const world = setup()
    const app = quietApp()
    const api = quietApp()
    const router = express.Router()
    const { handler } = counter()
    api.use(responseCache(world.cache, { life }))
    api.get('/page', handler)
    // Nothing tells the application that it is not the root, and there this URL is another page.
    api.get('/api/page', (_req, res) => void res.send('another page'))
    router.use('/api', api)
    app.use(router)
    const { port } = await listen(app)

    expect((await goStale('/api/page', world, port)).text).toBe('run 1')
    const old = await send(port, { path: '/api/page' })
    expect(old.cacheStatus).toMatch(stale)
    expect(old.text).toBe('run 1')
    world.clock.advance(3_600_000)
    expect((await send(port, { path: '/api/page' })).text).toBe('run 2')
  })

  test('a sub-application inherits trust in the proxy', async () => {
    const { cache } = setup()
    const app = quietApp()
    const api = quietApp()
    app.set('trust proxy', true)
    api.use(responseCache(cache, { life }))
    api.get('/page', (req, res) => void res.send(`${req.protocol}://${req.host}`))
    app.use('/api', api)
    const site = await listen(app)

    for (const host of ['a.example', 'b.example']) {
      const headers = { 'X-Forwarded-Host': host, 'X-Forwarded-Proto': 'https' }
      expect((await site.get('/api/page', headers)).text).toBe(`https://${host}`)
      expect((await site.get('/api/page', headers)).cacheStatus).toMatch(hit)
    }
  })

  test('an application inside a plain node:http listener', async () => {
    const world = setup()
    const app = quietApp()
    const { handler } = counter()
    app.use(responseCache(world.cache, { life }))
    app.get('/page', handler)
    const server = createServer((req, res) => app(req, res)).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo

    expect((await goStale('/page', world, port)).text).toBe('run 1')
    expect((await send(port, { path: '/page' })).text).toBe('run 2')
  })

  test('the params that app.param loads are loaded for a refill too', async () => {
    const world = setup()
    const app = quietApp()
    let loads = 0
    app.param('id', (req, _res, next, id) => {
      Object.assign(req, { post: `post ${id}, load ${++loads}` })
      next()
    })
    const handler: RequestHandler = (req, res) => void res.send((req as unknown as { post: string }).post)
    app.get('/posts/:id', responseCache(world.cache, { life }), handler)
    const { port } = await listen(app)

    // The route's params are loaded before its cache is asked.
    expect((await goStale('/posts/1', world, port)).text).toBe('post 1, load 1')
    expect((await send(port, { path: '/posts/1' })).text).toBe('post 1, load 3')
  })
})

describe('behind a proxy', () => {
  const forwarded = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' }

  function links(trust: boolean | string) {
    const { cache } = setup()
    const app = quietApp()
    let runs = 0
    app.set('trust proxy', trust)
    app.use(responseCache(cache, { life }))
    app.get(
      '/links',
      (req, res) => void res.send(`${req.protocol}://${req.host}${req.originalUrl} run ${++runs}`),
    )
    return listen(app)
  }

  test('trust proxy off: X-Forwarded-* of a stranger changes nothing of what others get', async () => {
    const site = await links(false)
    expect((await site.get('/links', forwarded)).text).toBe('http://test.example/links run 1')
    // A handler may look at them all the same, so they are in the key.
    expect((await site.get('/links')).text).toBe('http://test.example/links run 2')
    expect((await site.get('/links', forwarded)).text).toBe('http://test.example/links run 1')
  })

  test('trust proxy on: key and handler see the host and the protocol of the client', async () => {
    const site = await links(true)
    expect((await site.get('/links', forwarded)).text).toBe('https://evil.example/links run 1')
    expect((await site.get('/links')).text).toBe('http://test.example/links run 2')
    expect((await site.get('/links', { ...forwarded, 'X-Forwarded-Proto': 'http' })).text).toBe(
      'http://evil.example/links run 3',
    )
    expect((await site.get('/links', forwarded)).text).toBe('https://evil.example/links run 1')
  })

  test('trust proxy for other addresses than the peer’s: as if it were off', async () => {
    const site = await links('203.0.113.7')
    await site.get('/links', forwarded)
    expect((await site.get('/links', forwarded)).text).toBe('http://test.example/links run 1')
    expect((await site.get('/links')).text).toBe('http://test.example/links run 2')
  })

  test('trust proxy by address: a refill comes from the same peer, and is trusted as its trigger was', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    const seen: string[] = []
    app.set('trust proxy', 'loopback')
    app.use(responseCache(cache, { life }))
    app.get('/page', (req, res) => {
      seen.push(`${req.protocol}://${req.host} ${req.ip} ${req.secure}`)
      res.send('page')
    })
    const site = await listen(app)
    const headers = { ...forwarded, 'X-Forwarded-For': '198.51.100.1' }
    await site.get('/page', headers)
    clock.advance(61_000)
    expect((await site.get('/page', headers)).cacheStatus).toMatch(stale)
    await settled(cache)

    expect(seen).toEqual(Array(2).fill('https://evil.example 198.51.100.1 true'))
  })
})

describe('query parameters that are not in the key', () => {
  test('they vanish from req.query and req.url, and originalUrl stays as it was sent', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life, key: { query: ['page'] } }))
    app.get('/posts', (req, res) => void res.json([req.query, req.url, req.originalUrl]))
    const site = await listen(app)

    const first = await site.get('/posts?utm=x&page=2&utm=y')
    expect(JSON.parse(first.text)).toEqual([{ page: '2' }, '/posts?page=2', '/posts?utm=x&page=2&utm=y'])
    expect((await site.get('/posts?page=2&utm=z')).cacheStatus).toMatch(hit)
    expect((await site.get('/posts?page=3')).cacheStatus).toMatch(stored)
  })

  test('also where the query was parsed before, by the extended parser, and below a router', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.set('query parser', 'extended')
    app.use((req, _res, next) => {
      expect(req.query).toHaveProperty('utm')
      next()
    })
    const router = express.Router()
    router.use(responseCache(cache, { life, key: { query: { ignore: ['utm'] } } }))
    router.get('/posts', (req, res) => void res.json([req.query, req.url, req.baseUrl]))
    app.use('/api', router)
    const site = await listen(app)

    const first = await site.get('/api/posts?utm[a]=x&filter[tag]=b&utm=y')
    expect(JSON.parse(first.text)).toEqual([{ filter: { tag: 'b' } }, '/posts?filter[tag]=b', '/api'])
    expect((await site.get('/api/posts?filter[tag]=b&utm=z')).cacheStatus).toMatch(hit)
  })

  test('a refill sees them no more than its trigger’s handler did', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    const seen: unknown[] = []
    app.get('/posts', responseCache(cache, { life, key: { query: [] } }), (req, res) => {
      seen.push(req.query)
      res.send('posts')
    })
    const site = await listen(app)
    await site.get('/posts?a=1')
    clock.advance(61_000)
    await site.get('/posts?b=2')
    await settled(cache)

    expect(seen).toEqual([{}, {}])
  })

  test('a mount further in that keys on more sees more', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life, key: { query: ['page'] } }))
    app.get('/inner', responseCache(cache, { life }), (req, res) => void res.json(req.query))
    const site = await listen(app)

    // The first request goes through the outer capture, the second past it.
    for (const sort of ['asc', 'desc']) {
      expect(JSON.parse((await site.get(`/inner?page=1&sort=${sort}`)).text)).toEqual({ page: '1', sort })
    }
  })

  test('a mount further in that lets the request pass gives its handler all of them', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life, key: { query: [] } }))
    app.get(
      '/inner',
      responseCache(cache, { life, skip: () => true }),
      (req, res) => void res.json(req.query),
    )
    const site = await listen(app)

    expect((await site.get('/inner?a=1')).text).toBe('{"a":"1"}')
  })
})

describe('a mount and a route of one cache', () => {
  function guarded() {
    const world = setup()
    const app = quietApp()
    const { handler, runs } = counter()
    const requireAuth: RequestHandler = (req, res, next) => {
      if (req.get('x-token') === 'good') next()
      else res.sendStatus(401)
    }
    app.use(responseCache(world.cache, { life }))
    app.get('/secret', requireAuth, responseCache(world.cache, { life }), handler)
    return { ...world, app, runs }
  }

  test('requireAuth before the route’s cache: a hit never skips it', async () => {
    const { app, runs } = guarded()
    const site = await listen(app)
    const good = { 'X-Token': 'good' }

    expect((await site.get('/secret', good)).text).toBe('run 1')
    expect((await site.get('/secret', good)).cacheStatus).toMatch(hit)
    for (const headers of [{}, { 'X-Token': 'bad' }]) {
      const refused = await site.get('/secret', headers)
      expect(refused.status).toBe(401)
      expect(refused.text).toBe('Unauthorized')
    }
    expect((await site.get('/secret', good)).cacheStatus).toMatch(hit)
    expect(runs()).toBe(1)
  })

  test('a refill that the guard does not let through leaves what there is', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    const { handler, runs } = counter()
    const guard: RequestHandler = (req, res, next) => (isRefill(req) ? res.sendStatus(401) : next())
    app.get('/page', guard, responseCache(cache, { life }), handler)
    const site = await listen(app)
    await site.get('/page')
    clock.advance(61_000)
    await site.get('/page')
    await settled(cache)

    const old = await site.get('/page')
    expect(old.cacheStatus).toMatch(stale)
    expect(old.text).toBe('run 1')
    expect(runs()).toBe(1)
  })

  test('the inner one owns the entry, with one Cache-Status', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler } = counter()
    app.use(responseCache(cache, { life: { revalidate: 5, expire: 5 } }))
    app.get('/page', responseCache(cache, { life }), handler)
    const site = await listen(app)

    expect((await site.get('/page')).cacheStatus).toMatch(stored)
    const second = await site.get('/page')
    expect(second.values('cache-status')).toEqual(['restale; hit; ttl=60'])
  })

  test('what an outer mount has said of a request that it let pass gives way to the inner one’s word', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler } = counter()
    app.use((_req, res, next) => {
      res.set('Cache-Status', 'other; fwd=miss')
      next()
    })
    app.use(responseCache(cache, { life, skip: () => true }))
    app.get('/page', responseCache(cache, { life }), handler)
    const site = await listen(app)

    expect((await site.get('/page')).cacheStatus).toBe('other; fwd=miss, restale; fwd=uri-miss; stored')
    expect((await site.get('/page')).cacheStatus).toBe('other; fwd=miss, restale; hit; ttl=60')
  })

  test('many cold requests at once run the handler once', async () => {
    const { cache } = setup()
    const app = quietApp()
    const gate = barrier()
    let runs = 0
    app.use(responseCache(cache, { life }))
    app.get('/page', responseCache(cache, { life }), async (_req, res) => {
      runs++
      await gate.wait()
      res.send('page')
    })
    const site = await listen(app)

    const first = site.get('/page')
    await gate.reached
    const rest = Array.from({ length: 20 }, () => site.get('/page'))
    gate.open()
    const responses = await Promise.all([first, ...rest])
    expect(responses.map(({ text }) => text)).toEqual(Array(21).fill('page'))
    expect(runs).toBe(1)
  })

  test('a route that does not name a life is cached by its mount’s', async () => {
    const { cache } = setup()
    const app = quietApp()
    const { handler } = counter()
    app.use(responseCache(cache, { life }))
    app.get('/page', handler)
    const site = await listen(app)
    await site.get('/page')
    expect((await site.get('/page')).header('cache-status')).toBe('restale; hit; ttl=60')
  })
})

describe('who is logged in', () => {
  const login: RequestHandler = (req, _res, next) => {
    const name = req.get('x-name')
    if (name !== undefined) Object.assign(req, { user: { name } })
    next()
  }
  const greet: RequestHandler = (req, res) => {
    const { user } = req as unknown as { user?: { name: string } }
    res.send(`Hello ${user?.name ?? 'stranger'}`)
  }

  test('req.user set above the cache: the request passes, and gets nothing stored', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(login, responseCache(cache, { life }))
    app.get('/', greet)
    const site = await listen(app)
    await site.get('/')

    const ann = await site.get('/', { 'X-Name': 'Ann' })
    expect(ann.text).toBe('Hello Ann')
    expect(ann.cacheStatus).toBe('restale; fwd=bypass; detail=authenticated')
    expect((await site.get('/')).text).toBe('Hello stranger')
  })

  test('req.user set below the cache: the response is refused, and nobody else gets it', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life }), login)
    app.get('/', greet)
    const site = await listen(app)

    const ann = await site.get('/', { 'X-Name': 'Ann' })
    expect(ann.text).toBe('Hello Ann')
    expect(ann.cacheStatus).toBe('restale; fwd=uri-miss; detail=authenticated')
    expect((await site.get('/', { 'X-Name': 'Ben' })).text).toBe('Hello Ben')
    expect((await site.get('/')).text).toBe('Hello stranger')
  })

  test('shared: true says that the response is the same for everybody', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(login)
    app.get('/', responseCache(cache, { life, shared: true }), (_req, res) => void res.send('everybody’s'))
    const site = await listen(app)
    await site.get('/', { 'X-Name': 'Ann' })

    expect((await site.get('/', { 'X-Name': 'Ben' })).cacheStatus).toMatch(hit)
  })
})

test('the pattern of a route reaches its response also when an error handler further out sends it', async () => {
  const { cache } = setup()
  const app = quietApp()
  const router = express.Router()
  app.use(responseCache(cache, { statuses: [200, 404], key: { host: false } }))
  router.get('/things/:id', () => {
    cache.cacheLife('hours')
    throw Object.assign(new Error('no such thing'), { status: 404 })
  })
  app.use('/api', router)
  const statusOf = async () => (await request(app).get('/api/things/1')).headers['cache-status'] as string
  expect(await statusOf()).toMatch(stored)
  await cache.revalidatePath('/things/:id')
  expect(await statusOf()).toMatch(/^restale; hit/)
  await cache.revalidatePath('/api/things/:id')
  expect(await statusOf()).toBe('restale; fwd=stale; stored')
})
