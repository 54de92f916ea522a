import { Readable } from 'node:stream'
import type { Lifecycle, RouteOptions } from '@hapi/hapi'
import { rfc9111 } from '@restale/core'
import { describe, expect, it } from 'vitest'
import { cachedServer, life, statusOf } from './support.ts'

const standIn = /fwd=stale;.*detail=stale-if-error/
const validated = /fwd=stale; fwd-status=304; stored/
const cut = /fwd=uri-miss; fwd-status=200; stored/

/** A route that answers well once, and as `then` says from the second time on, when what is stored has expired. */
async function turning(then: Lifecycle.Method, options: RouteOptions = {}) {
  const site = await cachedServer(rfc9111())
  let runs = 0
  site.server.route({
    method: 'GET',
    path: '/page',
    options,
    handler(request, h, error) {
      runs++
      if (runs > 1) return then.call(null, request, h, error)
      const response = h.response('good').header('cache-control', 'max-age=60').header('x-made', 'first')
      return response.etag('1')
    },
  })
  const first = await site.get('/page')
  expect(statusOf(first)).toBe('fwd=uri-miss; stored')
  return {
    ...site,
    runs: () => runs,
    expire: () => site.clock.advance(61_000),
  }
}

function circular(): object {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}

describe('what is stored, in the place of an error', () => {
  const failures: [string, Lifecycle.Method][] = [
    [
      'thrown',
      () => {
        throw new Error('meant to fail')
      },
    ],
    ['sent', (_, h) => h.response('bad').code(503).header('x-made', 'second').state('a', 'b')],
    ['streamed', (_, h) => h.response(Readable.from(['bad'], { objectMode: false })).code(500)],
    ['an object that is no JSON', () => circular()],
    [
      'set past hapi',
      ({ raw }, h) => {
        raw.res.setHeader('set-cookie', 'a=b')
        raw.res.setHeader('x-made', 'second')
        return h.response('bad').code(500)
      },
    ],
  ]
  it.each(failures)('%s', async (_name, then) => {
    const { get, expire } = await turning(then)
    expire()
    const answer = await get('/page')
    expect(answer).toMatchObject({ statusCode: 200, payload: 'good' })
    expect(statusOf(answer)).toMatch(standIn)
    expect(answer.headers).toMatchObject({ 'x-made': 'first' })
    expect(answer.headers).not.toHaveProperty('set-cookie')
  })

  it('the body that nobody reads is closed', async () => {
    const body = Readable.from(['bad'], { objectMode: false })
    const { get, expire } = await turning((_, h) => h.response(body).code(500))
    expire()
    await get('/page')
    expect(body.destroyed).toBe(true)
  })

  it('extensions outside work on it', async () => {
    const { get, expire, server } = await turning((_, h) => h.response('bad').code(500))
    server.ext('onPreResponse', ({ response }, h) => {
      if (!('isBoom' in response)) response.header('x-outside', String(response.statusCode))
      return h.continue
    })
    expire()
    expect((await get('/page')).headers).toMatchObject({ 'x-outside': '200' })
  })

  it('cookies that were set before the cache go out as they were', async () => {
    const { get, expire, server } = await turning((_, h) => h.response('bad').code(500).state('a', 'inner'))
    server.state('a', { isSecure: false })
    server.ext('onRequest', (_, h) => {
      h.state('a', 'outer')
      return h.continue
    })
    expire()
    const answer = await get('/page')
    expect(answer.payload).toBe('good')
    expect(String(answer.headers['set-cookie'])).toMatch('a=outer')
  })

  it('the handler’s error is told to the log', async () => {
    const { get, expire, server } = await turning(() => {
      throw new Error('meant to fail')
    })
    const told: unknown[] = []
    server.events.on({ name: 'request', channels: ['internal', 'error'] }, (_request, event) => {
      if (event.error !== undefined) told.push((event.error as Error).message)
    })
    expire()
    expect((await get('/page')).statusCode).toBe(200)
    expect(told).toContain('meant to fail')
  })
})

describe('a handler that says 304', () => {
  it.each<[string, Lifecycle.Method]>([
    ['itself', (_, h) => h.response().code(304)],
    ['by h.entity()', (_, h) => h.entity({ etag: '1' }) ?? h.response('other')],
  ])('%s: has validated what is stored', async (_name, then) => {
    let seen: unknown
    const { get, expire, runs } = await turning((request, h) => {
      seen = request.headers['if-none-match']
      return then.call(null, request, h)
    })
    expire()
    const answer = await get('/page')
    expect(answer).toMatchObject({ statusCode: 200, payload: 'good' })
    expect(statusOf(answer)).toMatch(validated)
    expect(seen).toBe('"1"')
    expect(statusOf(await get('/page'))).toMatch(/hit/)
    expect(runs()).toBe(2)
  })

  it('and the client has it: 304', async () => {
    const { get, expire } = await turning((_, h) => h.response().code(304))
    expire()
    const answer = await get('/page', { headers: { 'if-none-match': '"1"' } })
    expect(answer).toMatchObject({ statusCode: 304, payload: '' })
  })
})

describe('a part', () => {
  const ways: [string, Lifecycle.Method][] = [
    ['text', () => 'abcdef'],
    ['text that lives by its header', (_, h) => h.response('abcdef').header('cache-control', 's-maxage=60')],
    ['bytes', (_, h) => h.response(Buffer.from('abcdef')).type('text/plain')],
  ]
  it.each(ways)('of %s is cut from the whole, which is stored', async (_name, handler) => {
    const { server, get } = await cachedServer({ life })
    server.route({ method: 'GET', path: '/page', handler })
    const answer = await get('/page', { headers: { range: 'bytes=1-2' } })
    expect(answer).toMatchObject({ statusCode: 206, payload: 'bc' })
    expect(answer.headers).toMatchObject({ 'content-range': 'bytes 1-2/6', 'content-length': '2' })
    expect(statusOf(answer)).toMatch(cut)
    expect(await get('/page')).toMatchObject({ statusCode: 200, payload: 'abcdef' })
    const none = await get('/page', { headers: { range: 'bytes=9-' } })
    expect(none).toMatchObject({ statusCode: 416, payload: '' })
    expect(none.headers).toMatchObject({ 'content-range': 'bytes */6' })
  })

  it('that is not there, on a cold key: 416', async () => {
    const { server, get } = await cachedServer({ life })
    server.route({ method: 'GET', path: '/page', handler: () => 'abcdef' })
    const answer = await get('/page', { headers: { range: 'bytes=9-' } })
    expect(answer).toMatchObject({ statusCode: 416, payload: '' })
    expect(answer.headers).toMatchObject({ 'content-range': 'bytes */6' })
    expect(await get('/page')).toMatchObject({ statusCode: 200, payload: 'abcdef' })
  })

  const streamed: Lifecycle.Method = (_, h) =>
    h
      .response(Readable.from([Buffer.from('abc'), Buffer.from('def')], { objectMode: false }))
      .bytes(6)
      .header('cache-control', 's-maxage=60')

  it.each([
    ['route', {}],
    ['headers', rfc9111()],
  ])('of a stream is never stored as the whole: %s', async (_name, options) => {
    const { server, get } = await cachedServer(options)
    server.route({ method: 'GET', path: '/page', handler: streamed })
    await get('/page', { headers: { range: 'bytes=1-2' } })
    const answer = await get('/page')
    expect(answer).toMatchObject({ statusCode: 200, payload: 'abcdef' })
    expect(answer.headers['content-range']).toBeUndefined()
    expect(await get('/page')).toMatchObject({ statusCode: 200, payload: 'abcdef' })
  })

  it('is compressed by nobody', async () => {
    const { server, get } = await cachedServer({ life })
    server.route({ method: 'GET', path: '/page', handler: () => 'abc'.repeat(1000) })
    const headers = { range: 'bytes=0-1999', 'accept-encoding': 'gzip' }
    for (const status of [cut, /hit/]) {
      const answer = await get('/page', { headers })
      expect(answer).toMatchObject({ statusCode: 206, payload: 'abc'.repeat(1000).slice(0, 2000) })
      expect(statusOf(answer)).toMatch(status)
    }
  })
})

describe('a request that goes past the cache', () => {
  it.each<[string, Lifecycle.Method]>([
    ['sent', () => 'done'],
    ['204', (_, h) => h.response().code(204)],
    ['a redirect', (_, h) => h.redirect('/elsewhere')],
    ['streamed', () => Readable.from(['done'], { objectMode: false })],
    [
      'written past hapi',
      ({ raw }, h) => {
        raw.res.end('done')
        return h.abandon
      },
    ],
  ])('%s: makes what is stored of its URL expire', async (_name, handler) => {
    const { server, get } = await cachedServer({ life })
    let runs = 0
    server.route({ method: 'GET', path: '/page', handler: () => `run ${++runs}` })
    server.route({ method: 'DELETE', path: '/page', handler })
    await get('/page')
    expect(await get('/page')).toMatchObject({ payload: 'run 1' })
    await get('/page', { method: 'DELETE' })
    expect(await get('/page')).toMatchObject({ payload: 'run 2' })
  })

  it('does not when it fails', async () => {
    const { server, get } = await cachedServer({ life })
    let runs = 0
    server.route({ method: 'GET', path: '/page', handler: () => `run ${++runs}` })
    server.route({
      method: 'DELETE',
      path: '/page',
      handler() {
        throw new Error('meant to fail')
      },
    })
    await get('/page')
    await get('/page', { method: 'DELETE' })
    expect(await get('/page')).toMatchObject({ payload: 'run 1' })
  })
})

it('`statuses: "any"` stores what hapi makes of an error', async () => {
  const { server, get } = await cachedServer(rfc9111())
  let runs = 0
  server.route({
    method: 'GET',
    path: '/page',
    handler: (_, h) => h.response(`run ${++runs}`).code(404).header('cache-control', 'max-age=60'),
  })
  await get('/page')
  expect(await get('/page')).toMatchObject({ statusCode: 404, payload: 'run 1' })
})
