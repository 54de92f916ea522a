import { createCache } from '@restale/core'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { barrier, hit, life, quietApp, setup, stored } from './support.ts'

const shared = { key: { host: false } } as const

describe('a mount above a guard', () => {
  test.each(['/private', `/private?${'x'.repeat(600)}`])(
    'never answers what the same mount below it has seen: %s',
    async (url) => {
      const { cache } = setup()
      const app = quietApp()
      const mount = responseCache(cache, { life, ...shared })
      app.use(mount)
      app.get(
        '/private',
        (req, res, next) => {
          if (req.headers['x-api-key'] === 'k') next()
          else res.status(401).send('no')
        },
        mount,
        (_req, res) => void res.send('secret'),
      )
      for (let round = 0; round < 3; round++) {
        expect((await request(app).get(url).set('X-Api-Key', 'k')).text).toBe('secret')
        expect((await request(app).get(url)).status).toBe(401)
      }
    },
  )

  test('does not make data newer that was read between it and the mount below', async () => {
    const { cache } = setup()
    const app = quietApp()
    let version = 1
    let gate: ReturnType<typeof barrier> | undefined
    app.use(responseCache(cache, shared))
    app.get(
      '/item',
      async (_req, res, next) => {
        res.locals.item = version
        await gate?.wait()
        next()
      },
      responseCache(cache, { life, tags: ['item'], ...shared }),
      (_req, res) => void res.json(res.locals.item),
    )
    // The first request makes the outer mount stay out of the way of all later ones.
    await request(app).get('/item')
    await cache.updateTag('item')
    gate = barrier()
    const early = request(app)
      .get('/item')
      .then((response) => response.body)
    await gate.reached
    version = 2
    await cache.updateTag('item')
    gate.open()
    expect(await early).toBe(1)
    gate = undefined
    expect((await request(app).get('/item')).body).toBe(2)
  })

  test('keeps its labels when a mount of a disabled cache stands below', async () => {
    const { cache } = setup()
    const app = quietApp()
    let runs = 0
    app.use(responseCache(cache, { life, ...shared }))
    app.use(responseCache(createCache({ enabled: false }), { life }))
    app.get('/page', (_req, res) => {
      cache.cacheTag('page')
      res.send(`run ${++runs}`)
    })
    await request(app).get('/page')
    await cache.updateTag('page')
    expect((await request(app).get('/page')).text).toBe('run 2')
  })
})

test('skip() counts also while the body is on its way', async () => {
  const { cache } = setup()
  const app = quietApp()
  let runs = 0
  app.get('/stream', responseCache(cache, { life, ...shared }), (req, res) => {
    res.write(`run ${++runs}`)
    req.cache.skip()
    res.end()
  })
  expect((await request(app).get('/stream')).text).toBe('run 1')
  expect((await request(app).get('/stream')).text).toBe('run 2')
})

test.each<[string, () => unknown]>([
  ['a truthy answer', () => 'yes'],
  ['a promise', async () => false],
  ['a promise that fails', () => Promise.reject(new Error('no'))],
])('skip: %s goes past the cache', async (_what, skip) => {
  const { cache } = setup()
  const app = quietApp()
  app.get(
    '/page',
    responseCache(cache, { life, skip: skip as () => boolean, ...shared }),
    (_req, res) => void res.send('page'),
  )
  await request(app).get('/page')
  const { headers } = await request(app).get('/page')
  expect(headers['cache-status']).toBe('restale; fwd=bypass; detail=skip')
})

test('a Cache-Control set above is the request’s own, on hits as on misses', async () => {
  const { cache } = setup()
  const app = quietApp()
  app.use((req, res, next) => {
    if (req.headers['x-control']) res.setHeader('Cache-Control', req.headers['x-control'])
    next()
  })
  app.get('/page', responseCache(cache, { life, ...shared }), (_req, res) => void res.send('page'))
  const control = async (value?: string) => {
    const response = await request(app)
      .get('/page')
      .set(value === undefined ? {} : { 'X-Control': value })
    return response.headers['cache-control']
  }
  expect(await control('max-age=5')).toBe('max-age=5')
  expect(await control()).toBe('max-age=0, must-revalidate')
  expect(await control('private, no-store')).toBe('private, no-store')
})

test('whoever is logged in by either name is not everybody', async () => {
  const { cache } = setup()
  const app = express()
  app.use((req, _res, next) => {
    Object.assign(req, { user: false, auth: { name: 'Ann' } })
    next()
  })
  app.get('/page', responseCache(cache, { life, ...shared }), (_req, res) => void res.send('page'))
  const { headers } = await request(app).get('/page')
  expect(headers['cache-status']).toBe('restale; fwd=bypass; detail=authenticated')
})

test('a query that was parsed once and for all loses the parameters out of the key too', async () => {
  const { cache } = setup()
  const app = quietApp()
  app.use((req, _res, next) => {
    Object.defineProperty(req, 'query', { value: { ...req.query }, writable: true, configurable: true })
    next()
  })
  const options = { life, key: { query: ['id'], host: false } } as const
  app.get('/page', responseCache(cache, options), (req, res) => void res.json(req.query))
  const first = await request(app).get('/page?id=1&evil=x')
  expect(first.body).toEqual({ id: '1' })
  expect(first.headers['cache-status']).toMatch(stored)
  expect((await request(app).get('/page?id=1')).headers['cache-status']).toMatch(hit)
})
