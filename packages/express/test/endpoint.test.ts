import { createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { EndpointOptions } from '@restale/core/http'
import { standardWebhooks } from '@restale/core/standard-webhooks'
import { settled } from '@restale/core/testing'
import type { Express, RequestHandler } from 'express'
import express from 'express'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { responseCache, revalidateEndpoint } from '../src/index.ts'
import { hit, life, listen, quietApp, setup, stale, stored } from './support.ts'

const secret = 'a secret of some length'
const bearer = { Authorization: `Bearer ${secret}` }

/** The endpoint at /revalidate, and a page with the tag `posts`. */
function world(
  options: Partial<EndpointOptions> = {},
  mount: (app: Express, endpoint: RequestHandler) => unknown = (app, endpoint) =>
    app.use('/revalidate', endpoint),
) {
  const { cache, clock } = setup()
  const app = quietApp()
  mount(app, revalidateEndpoint(cache, { secret, ...options }))
  app.get('/page', responseCache(cache, { life, tags: ['posts'], key: { host: false } }), (_req, res) => {
    res.send('page')
  })
  const statusOf = async () => (await request(app).get('/page')).headers['cache-status'] as string
  return { cache, clock, app, statusOf }
}

const json = (body: object | string, headers: object = {}) => ({
  headers: { 'Content-Type': 'application/json', ...bearer, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

const post = (app: Express, path: string, { headers, body }: ReturnType<typeof json>) =>
  request(app).post(path).set(headers).send(body)

describe('the endpoint in an Express application', () => {
  test('GET ?tag= makes stale, and answers once that holds', async () => {
    const { app, cache, clock, statusOf } = world()
    await statusOf()
    const response = await request(app).get('/revalidate?tag=posts').set(bearer).expect(200)
    expect(response.body).toEqual({ revalidated: true, now: clock.now() })
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(await statusOf()).toMatch(stale)
    await settled(cache)
    expect(await statusOf()).toMatch(hit)
  })

  test('POST of JSON expires at once, by tag and by path', async () => {
    const { app, statusOf } = world()
    for (const body of [
      { tag: 'posts', expire: 0 },
      { tags: ['other', 'posts'], expire: 0 },
      { path: '/page' },
    ]) {
      await statusOf()
      expect(await statusOf()).toMatch(hit)
      await post(app, '/revalidate', json(body)).expect(200)
      expect(await statusOf()).toMatch(stored)
    }
  })

  test('a GET that names nothing does nothing: 200 that says so', async () => {
    const { app, clock } = world()
    const response = await request(app).get('/revalidate').set(bearer).expect(200)
    expect(response.body).toEqual({
      revalidated: false,
      now: clock.now(),
      message: 'Missing tag to revalidate',
    })
  })

  test.each<[string, ReturnType<typeof json>, RegExp]>([
    ['bad JSON', json('{"tag":'), /^body: is not valid JSON/],
    ['an unknown profile', json({ tag: 'posts', profile: 'nope' }), /^profile: .*nope/],
    ['a tag too long', json({ tag: 'x'.repeat(257) }), /^tag: /],
    ['neither tag nor path', json({}), /^tag: /],
    ['a field that does not exist', json({ tag: 'posts', tga: 1 }), /tga/],
  ])('400 for %s names the field', async (_name, body, message) => {
    const { app, statusOf } = world()
    await statusOf()
    const response = await post(app, '/revalidate', body).expect(400)
    expect(response.body).toMatchObject({ revalidated: false, message: expect.stringMatching(message) })
    expect(await statusOf()).toMatch(hit)
  })

  test('401 without the secret and with a wrong one, with the same body', async () => {
    const { app, statusOf } = world()
    await statusOf()
    const without = await request(app).get('/revalidate?tag=posts').expect(401)
    const wrong = await request(app)
      .get('/revalidate?tag=posts')
      .set({ Authorization: 'Bearer wrong' })
      .expect(401)
    expect(wrong.body).toEqual(without.body)
    expect(without.headers['www-authenticate']).toBe('Bearer')
    expect(await statusOf()).toMatch(hit)
  })

  test('405 tells the methods, HEAD and OPTIONS do nothing', async () => {
    const { app, statusOf } = world()
    await statusOf()
    const refused = await request(app).delete('/revalidate').set(bearer).expect(405)
    expect(refused.headers.allow).toBe('GET, HEAD, OPTIONS, POST')
    await request(app).head('/revalidate?tag=posts').set(bearer).expect(204)
    const options = await request(app).options('/revalidate?tag=posts').set(bearer).expect(204)
    expect(options.headers.allow).toBe('GET, HEAD, OPTIONS, POST')
    expect(await statusOf()).toMatch(hit)
  })

  test('413 over 64 KiB, with and without a length', async () => {
    const { app } = world()
    const large = JSON.stringify({ tag: 'x'.repeat(70_000) })
    await post(app, '/revalidate', json(large)).expect(413)
    const site = await listen(app)
    const chunked = await fetch(`http://127.0.0.1:${site.port}/revalidate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...bearer },
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(413)
  })

  test('415 for other types', async () => {
    const { app } = world()
    await post(
      app,
      '/revalidate',
      json('tag=posts', { 'Content-Type': 'application/x-www-form-urlencoded' }),
    ).expect(415)
    await post(app, '/revalidate', json('{}', { 'Content-Type': 'text/plain' })).expect(415)
  })

  test('404 for a path below its own that it does not know', async () => {
    const { app } = world({ path: '/revalidate' }, (app, endpoint) => app.use(endpoint))
    const response = await request(app).get('/revalidate/other').set(bearer).expect(404)
    expect(response.body).toEqual({ message: 'Not found' })
  })

  test('without a secret it is not made at all', () => {
    const { cache } = setup()
    expect(() => revalidateEndpoint(cache, { secret: undefined })).toThrow(/needs a secret/)
    expect(() => revalidateEndpoint(cache, { secret: 'short' })).toThrow(/at least 16/)
    expect(() => revalidateEndpoint(cache, { secret: undefined, unauthenticated: true })).not.toThrow()
  })

  test('what throws in it goes to the error middleware', async () => {
    const webhook = {
      verify: () => true,
      tags: () => {
        throw new Error('boom')
      },
    }
    const { app } = world({ webhook })
    const response = await post(app, '/revalidate/webhook', json({})).expect(500)
    expect(response.text).toContain('boom')
  })
})

describe('where it is mounted', () => {
  test('without any path it listens at /api/revalidate, and the rest of the app is reached', async () => {
    const { app, statusOf } = world({}, (app, endpoint) => app.use(endpoint))
    expect(await statusOf()).toMatch(stored)
    const { body } = await request(app).get('/api/revalidate?tag=posts').set(bearer)
    expect(body).toMatchObject({ revalidated: true })
    expect(await statusOf()).toMatch(stale)
    expect((await request(app).get('/')).text).not.toContain('Missing tag')
  })

  test('bare in a router it leaves the routes beside it alone', async () => {
    const { app } = world({}, (app, endpoint) =>
      app.use(
        '/admin',
        express
          .Router()
          .use(endpoint)
          .get('/users', (_req, res) => void res.send('users')),
      ),
    )
    expect((await request(app).get('/admin/users')).text).toBe('users')
    expect((await request(app).get('/admin?tag=posts').set(bearer)).body).toMatchObject({ revalidated: true })
  })

  test('given to a route, it listens at its path', async () => {
    const { app } = world({}, (app, endpoint) => app.all('/hook', endpoint))
    const { status, body } = await request(app).get('/hook?tag=posts').set(bearer)
    expect([status, body.revalidated]).toEqual([200, true])
  })

  const places: [
    string,
    string,
    Partial<EndpointOptions>,
    (app: Express, endpoint: RequestHandler) => unknown,
  ][] = [
    ['above express.json()', '/hook', {}, (app, endpoint) => app.use('/hook', endpoint).use(express.json())],
    ['below express.json()', '/hook', {}, (app, endpoint) => app.use(express.json()).use('/hook', endpoint)],
    [
      'below express.raw()',
      '/hook',
      {},
      (app, endpoint) => app.use(express.raw({ type: '*/*' })).use('/hook', endpoint),
    ],
    ['with its own path', '/api/hook', { path: '/api/hook' }, (app, endpoint) => app.use(endpoint)],
    ['on one route', '/hook', { path: '/hook' }, (app, endpoint) => app.all('/hook', endpoint)],
    [
      'in a router with its own path',
      '/admin/hook',
      { path: '/hook' },
      (app, endpoint) => app.use('/admin', express.Router().use(endpoint)),
    ],
    [
      'in a sub-application',
      '/sub/hook',
      {},
      (app, endpoint) => app.use('/sub', quietApp().use('/hook', endpoint)),
    ],
  ]

  test.each(places)('%s: it invalidates', async (_name, path, options, mount) => {
    const { app, statusOf } = world(options, mount)
    await statusOf()
    expect(await statusOf()).toMatch(hit)
    await post(app, path, json({ tag: 'posts', expire: 0 })).expect(200)
    expect(await statusOf()).toMatch(stored)
  })

  test('with its own path, /webhook lies below that', async () => {
    const { app, statusOf } = world({ path: '/hook' }, (app, endpoint) => app.use(endpoint))
    await statusOf()
    await post(app, '/hook/webhook', json({ tag: 'posts' })).expect(200, { ok: true })
    expect(await statusOf()).toMatch(stored)
  })

  test('with its own path it leaves every other path alone', async () => {
    const { app } = world({ path: '/hook' }, (app, endpoint) => app.use(endpoint))
    app.get('/hooked', (_req, res) => void res.send('mine'))
    await request(app).get('/hooked').expect(200, 'mine')
    await request(app)
      .get('/nowhere')
      .expect(404, /Cannot GET \/nowhere/)
  })

  test('below a responseCache it is never cached', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life, key: { headers: ['authorization'], host: false } }))
    app.use('/revalidate', revalidateEndpoint(cache, { secret }))
    for (let round = 0; round < 2; round++) {
      const response = await request(app).get('/revalidate?tag=posts').set(bearer).expect(200)
      expect(response.body.revalidated).toBe(true)
      expect(response.headers['cache-status']).toBe('restale; fwd=uri-miss; detail=no-store')
    }
  })
})

describe('webhooks', () => {
  const key = Buffer.from('a key of thirty-two bytes, which is enough').toString('base64')

  /** By the specification, independently of the package that verifies. */
  function signed(body: string, now: number, id = 'msg_1', by = key): ReturnType<typeof json> {
    const timestamp = String(Math.floor(now / 1000))
    const signature = createHmac('sha256', Buffer.from(by, 'base64'))
      .update(`${id}.${timestamp}.${body}`)
      .digest('base64')
    return {
      body,
      headers: {
        'Content-Type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
    } as unknown as ReturnType<typeof json>
  }

  const webhook = () => ({
    verify: standardWebhooks(`whsec_${key}`),
    tags: (payload: unknown) => [(payload as { type: string }).type.split('.')[0] as string],
  })
  const body = '{ "type": "posts.updated",  "data": "ü" }'

  test('with a Standard Webhooks signature: expired at once, over the bytes as they came', async () => {
    const { app, clock, statusOf } = world({ webhook: webhook() })
    await statusOf()
    const response = await post(app, '/revalidate/webhook', signed(body, clock.now())).expect(200)
    expect(response.body).toEqual({ ok: true })
    expect(await statusOf()).toMatch(stored)
  })

  test('a replay, another key, an old timestamp and a changed body are refused', async () => {
    const { app, clock, statusOf } = world({ webhook: webhook() })
    const once = signed(body, clock.now())
    await post(app, '/revalidate/webhook', once).expect(200)
    await statusOf()
    const other = Buffer.from('another key that is as long as it').toString('base64')
    const refused = [
      once,
      signed(body, clock.now(), 'msg_2', other),
      signed(body, clock.now() - 301_000, 'msg_3'),
      { ...signed(body, clock.now(), 'msg_4'), body: body.replace('ü', 'u') },
      json(body),
    ]
    for (const message of refused) {
      const response = await post(app, '/revalidate/webhook', message).expect(401)
      expect(response.body).toMatchObject({ ok: false })
    }
    expect(await statusOf()).toMatch(hit)
  })

  test('below express.json() a signed one fails with a sentence that says what to do', async () => {
    const { app, clock } = world({ webhook: webhook() }, (app, endpoint) =>
      app.use(express.json()).use('/revalidate', endpoint),
    )
    const response = await post(app, '/revalidate/webhook', signed(body, clock.now())).expect(500)
    expect(response.body.code).toBe('ERR_RESTALE_RAW_BODY_REQUIRED')
    expect(response.body.message).toContain('mount the revalidate endpoint above the body parser')
    // Bearer calls need no bytes.
    await post(app, '/revalidate', json({ tag: 'posts' })).expect(200)
  })

  test('below express.raw() the bytes are there', async () => {
    const { app, clock } = world({ webhook: webhook() }, (app, endpoint) =>
      app.use(express.raw({ type: 'application/json' })).use('/revalidate', endpoint),
    )
    await post(app, '/revalidate/webhook', signed(body, clock.now())).expect(200)
  })

  test('below a parser that keeps the bytes as req.rawBody they are there, too', async () => {
    const keepBytes = (req: IncomingMessage, _res: unknown, bytes: Buffer) =>
      Object.assign(req, { rawBody: bytes })
    const { app, clock } = world({ webhook: webhook() }, (app, endpoint) =>
      app.use(express.json({ verify: keepBytes })).use('/revalidate', endpoint),
    )
    await post(app, '/revalidate/webhook', signed(body, clock.now())).expect(200)
    await post(app, '/revalidate', json({ tag: 'posts' })).expect(200)
  })

  test('below a parser for other types it reads the body itself', async () => {
    const { app, clock } = world({ webhook: webhook() }, (app, endpoint) =>
      app.use(express.urlencoded()).use('/revalidate', endpoint),
    )
    await post(app, '/revalidate/webhook', signed(body, clock.now())).expect(200)
    await post(app, '/revalidate', json({ tag: 'posts' })).expect(200)
  })
})
