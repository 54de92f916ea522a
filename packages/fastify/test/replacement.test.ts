import { once } from 'node:events'
import { get as httpGet } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import compress from '@fastify/compress'
import { rfc9111 } from '@restale/core'
import type { FastifyInstance, RouteHandlerMethod } from 'fastify'
import createFastify from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { barrier, cachedApp, get, setup, stored } from './support.ts'

const standIn = /fwd=stale;.*detail=stale-if-error/
const cut = /fwd=uri-miss; fwd-status=200; stored/
const validated = /fwd=stale; fwd-status=304; stored/

/** A route that answers well once, and as `then` says from the second time on, when what is stored has expired. */
async function turning(then: RouteHandlerMethod, prepare: (app: FastifyInstance) => unknown = () => {}) {
  const site = await cachedApp(rfc9111())
  const { app, clock } = site
  await prepare(app)
  let runs = 0
  app.get('/', function (request, reply) {
    runs++
    if (runs > 1) return then.call(this, request, reply)
    reply.header('cache-control', 'max-age=60').header('etag', '"1"').header('x-made', 'first')
    return reply.type('text/plain').send('good')
  })
  const first = await get(app, '/')
  expect(first.cacheStatus).toMatch(stored)
  clock.advance(61_000)
  return { ...site, runs: () => runs }
}

describe('what is stored, in the place of an error', () => {
  const failures: [string, RouteHandlerMethod][] = [
    [
      'thrown',
      async () => {
        throw new Error('meant to fail')
      },
    ],
    ['sent', (_request, reply) => void reply.code(503).header('x-made', 'second').send('bad')],
    [
      'a Response',
      async () => new Response('bad', { status: 502, headers: { 'x-made': 'second', 'set-cookie': 'a=b' } }),
    ],
    ['streamed', (_request, reply) => void reply.code(500).send(Readable.from(['bad']))],
    [
      'hijacked',
      (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(500, { 'x-made': 'second' }).end('bad')
      },
    ],
    [
      'hijacked, in parts',
      (_request, reply) => {
        reply.hijack()
        reply.raw.statusCode = 500
        reply.raw.write('ba', () => reply.raw.end('d'))
      },
    ],
    [
      'with trailers',
      (_request, reply) =>
        void reply
          .code(500)
          .trailer('x-sum', async () => 'abc')
          .send('bad'),
    ],
  ]
  test.each(failures)('%s', async (_name, then) => {
    const { app } = await turning(then)
    const answer = await get(app, '/')
    expect(answer).toMatchObject({ status: 200, text: 'good', cacheStatus: expect.stringMatching(standIn) })
    expect(answer.header('x-made')).toBe('first')
    expect(answer.header('set-cookie')).toBeUndefined()
    expect(answer.header('trailer')).toBeUndefined()
    expect(answer.header('content-length')).toBe('4')
  })

  test('the callback of an end past Fastify is called', async () => {
    const ended = barrier()
    const { app } = await turning((_request, reply) => {
      reply.hijack()
      reply.raw.statusCode = 500
      reply.raw.end('bad', () => void ended.wait())
    })
    expect(await get(app, '/')).toMatchObject({ text: 'good' })
    await ended.reached
  })

  test('where an error handler fails, too', async () => {
    const { app } = await turning(
      async () => {
        throw new Error('meant to fail')
      },
      (app) =>
        app.setErrorHandler(() => {
          throw new Error('meant to fail, too')
        }),
    )
    expect(await get(app, '/')).toMatchObject({ status: 200, text: 'good' })
  })

  test('the body that nobody reads is closed', async () => {
    const body = Readable.from(['bad'])
    const { app } = await turning((_request, reply) => void reply.code(500).send(body))
    await get(app, '/')
    expect(body.destroyed).toBe(true)
  })

  test('hooks of plugins outside work on it', async () => {
    const { app } = await turning(
      (_request, reply) => void reply.code(500).send('bad'),
      async (app) => {
        await app.register(compress, { threshold: 0 })
        app.addHook('onSend', async (_request, reply) => void reply.header('x-outside', reply.statusCode))
      },
    )
    const answer = await get(app, '/', { 'accept-encoding': 'gzip' })
    expect(answer.status).toBe(200)
    expect(answer.header('content-encoding')).toBe('gzip')
    expect(answer.header('x-outside')).toBe('200')
  })

  test('not of what a plugin outside has made of a good answer', async () => {
    const { app } = await turning(
      (_request, reply) => void reply.header('cache-control', 'no-store').send('good again'),
      (app) =>
        app.addHook('onSend', async (_request, reply, payload) => {
          if (payload === 'good again') reply.code(503)
        }),
    )
    expect(await get(app, '/')).toMatchObject({ status: 503, text: 'good again' })
  })
})

describe('a handler that says 304', () => {
  const answers: [string, RouteHandlerMethod][] = [
    ['sent', (_request, reply) => void reply.code(304).send()],
    ['a Response', async () => new Response(null, { status: 304 })],
    [
      'hijacked',
      (_request, reply) => {
        reply.hijack()
        reply.raw.writeHead(304).end()
      },
    ],
    [
      'hijacked, without a head of its own',
      (_request, reply) => {
        reply.hijack()
        reply.raw.statusCode = 304
        reply.raw.end()
      },
    ],
  ]
  test.each(answers)('%s: has validated what is stored', async (_name, then) => {
    let seen: unknown
    const { app, runs } = await turning(function (request, reply) {
      seen = request.headers['if-none-match']
      return then.call(this, request, reply)
    })
    const answer = await get(app, '/')
    expect(answer).toMatchObject({ status: 200, text: 'good', cacheStatus: expect.stringMatching(validated) })
    expect(seen).toBe('"1"')
    expect((await get(app, '/')).cacheStatus).toMatch(/hit/)
    expect(runs()).toBe(2)
  })

  test('over HTTP/2', async () => {
    const { cache, clock } = setup()
    const app = createFastify({ http2: true, forceCloseConnections: true })
    onTestFinished(() => app.close())
    await app.register(responseCache, { cache, ...rfc9111() })
    let runs = 0
    app.get('/', (request, reply) => {
      if (runs++ > 0) {
        reply.hijack()
        reply.raw.statusCode = request.headers['if-none-match'] === '"1"' ? 304 : 500
        reply.raw.end()
      } else reply.header('cache-control', 'max-age=60').header('etag', '"1"').send('good')
    })
    await app.listen({ port: 0 })
    const session = connect(`http://localhost:${(app.server.address() as AddressInfo).port}`)
    onTestFinished(() => session.close())
    const ask = async () => {
      const stream = session.request({ ':path': '/' })
      const [headers] = await once(stream, 'response')
      return { status: headers[':status'], body: Buffer.concat(await stream.toArray()).toString(), headers }
    }
    expect(await ask()).toMatchObject({ status: 200, body: 'good' })
    clock.advance(61_000)
    const second = await ask()
    expect(second).toMatchObject({ status: 200, body: 'good' })
    expect(second.headers['cache-status']).toMatch(validated)
  })
})

describe('a part', () => {
  test.each([
    ['bytes=1-2', 206, 'bc', 'bytes 1-2/6'],
    ['bytes=9-', 416, '', 'bytes */6'],
  ])('%s of a whole that is stored', async (range, status, text, contentRange) => {
    const { app } = await cachedApp(rfc9111())
    app.get('/', { config: { cache: { life: { revalidate: 60 } } } }, async () => 'abcdef')
    const answer = await get(app, '/', { range })
    expect(answer).toMatchObject({ status, text, cacheStatus: expect.stringMatching(cut) })
    expect(answer.header('content-range')).toBe(contentRange)
    expect(await get(app, '/')).toMatchObject({ status: 200, text: 'abcdef' })
  })

  test('is compressed by nobody', async () => {
    const { app } = await cachedApp({ life: { revalidate: 60 } })
    await app.register(compress, { threshold: 0 })
    app.get('/', { config: { cache: { life: { revalidate: 60 } } } }, async (_request, reply) =>
      reply.type('text/plain').send('abcdef'),
    )
    const headers = { range: 'bytes=1-2', 'accept-encoding': 'gzip' }
    for (const expected of [/stored/, /hit/]) {
      const answer = await get(app, '/', headers)
      expect(answer).toMatchObject({ status: 206, text: 'bc', cacheStatus: expect.stringMatching(expected) })
      expect(answer.header('content-encoding')).toBeUndefined()
    }
  })

  test('beside trailers has one length', async () => {
    const { app } = await cachedApp({ life: { revalidate: 60 } })
    app.get(
      '/',
      { config: { cache: { life: { revalidate: 60 } } } },
      (_request, reply) => void reply.trailer('x-sum', async () => 'abc').send('abcdef'),
    )
    await app.listen({ port: 0 })
    const { port } = app.server.address() as AddressInfo
    const request = httpGet({ port, headers: { range: 'bytes=1-2' } })
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(206)
    expect(response.headers).toMatchObject({ 'content-length': '2' })
    expect(response.headers).not.toHaveProperty('transfer-encoding')
    expect(Buffer.concat(await response.toArray()).toString()).toBe('bc')
  })

  test('that a plugin fails on later is not told of the error', async () => {
    const { app } = await cachedApp()
    let isFailing = true
    app.addHook('onSend', async () => {
      if (!isFailing) return
      isFailing = false
      throw new Error('meant to fail')
    })
    app.get('/', { config: { cache: { life: { revalidate: 60 } } } }, async () => 'abcdef')
    const answer = await get(app, '/', { range: 'bytes=1-2' })
    expect(answer.status).toBe(500)
    expect(answer.header('content-range')).toBeUndefined()
  })
})

describe('a request that goes past the cache', () => {
  const ways: [string, RouteHandlerMethod][] = [
    ['sent', async () => 'done'],
    ['204', (_request, reply) => void reply.code(204).send()],
    ['a redirect', (_request, reply) => void reply.redirect('/elsewhere', 303)],
    ['streamed', (_request, reply) => void reply.send(Readable.from(['done']))],
    ['a Response', async () => new Response('done')],
    [
      'hijacked',
      (_request, reply) => {
        reply.hijack()
        reply.raw.end('done')
      },
    ],
  ]
  test.each(ways)('%s: makes what is stored of its URL expire', async (_name, handler) => {
    const { app } = await cachedApp({ life: { revalidate: 60 } })
    let runs = 0
    app.get('/', { config: { cache: { life: { revalidate: 60 } } } }, async () => `run ${++runs}`)
    app.delete('/', handler)
    await get(app, '/')
    expect(await get(app, '/')).toMatchObject({ text: 'run 1' })
    await app.inject({ method: 'DELETE', url: '/' })
    expect(await get(app, '/')).toMatchObject({ text: 'run 2' })
  })

  test('does not when it fails', async () => {
    const { app } = await cachedApp()
    let runs = 0
    app.get('/', { config: { cache: { life: { revalidate: 60 } } } }, async () => `run ${++runs}`)
    app.delete('/', async () => {
      throw new Error('meant to fail')
    })
    await get(app, '/')
    await app.inject({ method: 'DELETE', url: '/' })
    expect(await get(app, '/')).toMatchObject({ text: 'run 1' })
  })
})
