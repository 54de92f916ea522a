import { createHmac } from 'node:crypto'
import Router from '@koa/router'
import type { EndpointOptions } from '@restale/core/http'
import { standardWebhooks } from '@restale/core/standard-webhooks'
import type koa from 'koa'
import type { Context, Middleware } from 'koa'
import mount from 'koa-mount'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { responseCache, revalidateEndpoint } from '../src/index.ts'
import { hit, life, majors, setup, stored } from './support.ts'

const secret = 'a secret of some length'
const bearer = { Authorization: `Bearer ${secret}` }

/** As body parsers of Koa do it: what it read is in `ctx.request.body`, and nothing of the stream is left. */
const parser: Middleware = async (ctx, next) => {
  const chunks: Buffer[] = []
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  Object.assign(ctx.request, { body: text === '' ? {} : JSON.parse(text) })
  await next()
}

describe.each(majors)('the endpoint in an application of %s', (_major, make) => {
  function world(place: (app: koa, endpoint: Middleware) => unknown, options: Partial<EndpointOptions> = {}) {
    const { cache, clock } = setup()
    const app = make()
    place(app, revalidateEndpoint(cache, { secret, ...options }))
    app.use(
      mount(
        '/page',
        composed(responseCache(cache, { life, tags: ['posts'], key: { host: false } }), (ctx) => {
          ctx.body = 'page'
        }),
      ),
    )
    const callback = app.callback()
    const statusOf = async () => (await request(callback).get('/page')).headers['cache-status'] as string
    return { cache, clock, callback, statusOf }
  }

  const places: [string, string, Partial<EndpointOptions>, (app: koa, endpoint: Middleware) => unknown][] = [
    ['bare', '/api/revalidate', {}, (app, endpoint) => app.use(endpoint)],
    ['with a path', '/hook', { path: '/hook' }, (app, endpoint) => app.use(endpoint)],
    ['with a path that ends in a slash', '/hook', { path: '/hook/' }, (app, endpoint) => app.use(endpoint)],
    ['under koa-mount', '/hook', {}, (app, endpoint) => app.use(mount('/hook', endpoint))],
    ['under koa-mount twice', '/a/b', {}, (app, endpoint) => app.use(mount('/a', mount('/b', endpoint)))],
    [
      'under koa-mount with a path',
      '/admin/hook',
      { path: '/hook' },
      (app, endpoint) => app.use(mount('/admin', endpoint)),
    ],
    [
      'in router.all()',
      '/hook',
      {},
      (app, endpoint) => app.use(new Router().all('/hook', endpoint as never).routes() as never),
    ],
    [
      'in router.all() with a prefix',
      '/admin/hook',
      {},
      (app, endpoint) =>
        app.use(new Router({ prefix: '/admin' }).all('/hook', endpoint as never).routes() as never),
    ],
    ['above a parser', '/api/revalidate', {}, (app, endpoint) => app.use(endpoint).use(parser)],
    ['below a parser', '/api/revalidate', {}, (app, endpoint) => app.use(parser).use(endpoint)],
    [
      'behind a mount that has passed the request on',
      '/api/revalidate',
      {},
      (app, endpoint) => app.use(mount('/api', (_ctx, next) => next())).use(endpoint),
    ],
  ]

  test.each(places)(
    '%s: it invalidates, and leaves all other paths alone',
    async (_name, path, options, place) => {
      const { callback, statusOf } = world(place, options)
      await statusOf()
      expect(await statusOf()).toMatch(hit)
      const response = await request(callback)
        .post(path)
        .set(bearer)
        .send({ tag: 'posts', expire: 0 })
        .expect(200)
      expect(response.body.revalidated).toBe(true)
      expect(response.headers['cache-control']).toBe('no-store')
      expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(await statusOf()).toMatch(stored)
      await request(callback).head(path).set(bearer).expect(204)
      await request(callback).options(path).set(bearer).expect(204)
      await request(callback).delete(path).set(bearer).expect(405)
      await request(callback)
        .get(path)
        .expect(401, /"message"/)
      for (const other of ['/api', '/api/other', '/nowhere'])
        await request(callback).get(other).expect(404, 'Not Found')
    },
  )

  test('bare under koa-mount it leaves its neighbours alone', async () => {
    const { callback } = world((app, endpoint) =>
      app.use(
        mount(
          '/admin',
          composed(endpoint, async (ctx, next) => {
            if (ctx.path === '/users') ctx.body = 'users'
            else await next()
          }),
        ),
      ),
    )
    await request(callback).get('/admin/users').expect(200, 'users')
    await request(callback).get('/admin?tag=posts').set(bearer).expect(200)
    await request(callback)
      .post('/admin/webhook')
      .set(bearer)
      .send({ tag: 'posts' })
      .expect(200, { ok: true })
  })

  test('over 64 KiB: 413', async () => {
    const { callback } = world((app, endpoint) => app.use(endpoint))
    await request(callback)
      .post('/api/revalidate')
      .set(bearer)
      .send({ tag: 'x'.repeat(70_000) })
      .expect(413)
  })

  test('what stands outside works on its answers, too', async () => {
    const { callback } = world((app, endpoint) => {
      app.use(async (ctx, next) => {
        await next()
        ctx.set('X-Seen', `${ctx.status} ${typeof ctx.body}`)
      })
      app.use(endpoint)
    })
    const response = await request(callback).get('/api/revalidate?tag=posts').set(bearer).expect(200)
    expect(response.headers['x-seen']).toBe('200 string')
  })

  test('what throws in it goes to whoever stands outside', async () => {
    const webhook = {
      verify: () => true,
      tags: () => {
        throw new Error('boom')
      },
    }
    const { callback } = world(
      (app, endpoint) => {
        app.use(async (ctx, next) => {
          try {
            await next()
          } catch (error) {
            ctx.status = 500
            ctx.body = `sorry: ${(error as Error).message}`
          }
        })
        app.use(endpoint)
      },
      { webhook },
    )
    await request(callback).post('/api/revalidate/webhook').send({}).expect(500, 'sorry: boom')
  })

  test('below a responseCache it is never cached', async () => {
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life, key: { headers: ['authorization'], host: false } }))
    app.use(revalidateEndpoint(cache, { secret }))
    for (let round = 0; round < 2; round++) {
      const response = await request(app.callback()).get('/api/revalidate?tag=posts').set(bearer).expect(200)
      expect(response.body.revalidated).toBe(true)
      expect(response.headers['cache-status']).toBe('restale; fwd=uri-miss; detail=no-store')
    }
  })

  describe('a signed webhook', () => {
    const key = Buffer.from('a key of thirty-two bytes, which is enough').toString('base64')
    const webhook = {
      verify: standardWebhooks(`whsec_${key}`),
      tags: (payload: unknown) => [(payload as { type: string }).type.split('.')[0] as string],
    }
    const body = '{ "type": "posts.updated",  "data": "ü" }'

    function signed(now: number): Record<string, string> {
      const timestamp = String(Math.floor(now / 1000))
      const signature = createHmac('sha256', Buffer.from(key, 'base64'))
        .update(`msg_1.${timestamp}.${body}`)
        .digest('base64')
      return {
        'Content-Type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      }
    }

    test('above a parser: over the bytes as they came', async () => {
      const { callback, clock, statusOf } = world((app, endpoint) => app.use(endpoint).use(parser), {
        webhook,
      })
      await statusOf()
      const post = () => request(callback).post('/api/revalidate/webhook').set(signed(clock.now())).send(body)
      await post().expect(200, { ok: true })
      expect(await statusOf()).toMatch(stored)
      await post().expect(401)
    })

    test('below a parser: an error that says what to do', async () => {
      const { callback, clock } = world((app, endpoint) => app.use(parser).use(endpoint), { webhook })
      const response = await request(callback)
        .post('/api/revalidate/webhook')
        .set(signed(clock.now()))
        .send(body)
        .expect(500)
      expect(response.body.code).toBe('ERR_RESTALE_RAW_BODY_REQUIRED')
    })
  })
})

function composed(...all: Middleware[]): Middleware {
  return (ctx, next) =>
    all.reduceRight<() => Promise<unknown>>((inner, each) => async () => each(ctx as Context, inner), next)()
}
