import { once } from 'node:events'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { settled } from '@restale/core/testing'
import createFastify from 'fastify'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { isRefill, responseCache } from '../src/index.ts'
import {
  barrier,
  cachedApp,
  counter,
  expectCached,
  get,
  hit,
  life,
  setup,
  stale,
  streamed,
} from './support.ts'

describe('bodies', () => {
  test('as Fastify makes them of what a handler gives', async () => {
    const { app } = await cachedApp({ life })
    const schema = { response: { 200: { type: 'object', properties: { shown: { type: 'string' } } } } }
    app.get('/schema', { schema }, async () => ({ shown: 'yes', hidden: 'no' }))
    app.get('/callback', (_request, reply) => void reply.type('text/html').send('<p>'))
    app.get('/bytes', async () => new Uint8Array([1, 2, 3]))
    app.get('/null', async () => null)
    app.get('/serializer', (_request, reply) => void reply.serializer(() => 'own').send({ a: 1 }))
    app.get('/pre', { preSerialization: async () => ({ pre: 1 }) }, async () => ({ a: 1 }))
    await expectCached(app, '/schema', '{"shown":"yes"}')
    expect((await expectCached(app, '/callback', '<p>')).header('content-type')).toMatch('text/html')
    expect((await expectCached(app, '/bytes')).bytes).toEqual(Buffer.from([1, 2, 3]))
    await expectCached(app, '/null')
    await expectCached(app, '/serializer', 'own')
    await expectCached(app, '/pre', '{"pre":1}')
  })

  test('a hit is not serialized again', async () => {
    const { app } = await cachedApp({ life })
    const serialize = vi.fn((data: unknown) => `own ${JSON.stringify(data)}`)
    app.setSerializerCompiler(() => serialize)
    const schema = { response: { 200: { type: 'object' } } }
    app.get('/', { schema }, async () => ({ a: 1 }))
    expect((await expectCached(app, '/', 'own {"a":1}')).header('content-type')).toMatch('application/json')
    expect(serialize).toHaveBeenCalledTimes(1)
  })

  test('trailers go out with the first response only', async () => {
    const { app } = await cachedApp({ life })
    app.get('/', (_request, reply) => {
      reply.trailer('x-sum', async () => 'abc')
      reply.send('x')
    })
    const first = await app.inject('/')
    expect(first).toMatchObject({ trailers: { 'x-sum': 'abc' }, body: 'x' })
    const second = await app.inject('/')
    expect(second).toMatchObject({ trailers: {}, body: 'x', headers: { 'content-length': '1' } })
    expect(second.headers).toMatchObject({ 'cache-status': expect.stringMatching(hit) })
    expect(second.headers.trailer).toBeUndefined()
  })

  test('streams of each kind, recorded as they flow', async () => {
    const { app } = await cachedApp({ life })
    app.get('/node', async () => Readable.from(['a', 'b']))
    app.get('/web', async () => new Blob(['ab']).stream())
    app.get('/fetch', async () => new Response('ab', { headers: { 'x-of': 'fetch' } }))
    app.get('/empty', async () => Readable.from([]))
    for (const path of ['/node', '/web', '/fetch', '/empty']) {
      const first = await get(app, path)
      expect(first.cacheStatus).toMatch(streamed)
      const second = await get(app, path)
      expect(second.cacheStatus).toMatch(hit)
      expect(second.text).toBe(path === '/empty' ? '' : 'ab')
      expect(second.header('content-type')).toBe(first.header('content-type'))
    }
    expect((await get(app, '/fetch')).header('x-of')).toBe('fetch')
  })

  test('a stream that fails, before or after its head', async () => {
    const { app } = await cachedApp({ life })
    app.get('/before', async () => Readable.from(failing([])))
    app.get('/after', async () => Readable.from(failing(['a'])))
    const first = await get(app, '/before')
    expect(first).toMatchObject({ status: 500, cacheStatus: expect.stringContaining('status-500') })
    await expect(get(app, '/after')).rejects.toThrow()
    await expect(get(app, '/after')).rejects.toThrow()
  })

  test('statuses that have no body, redirects and errors', async () => {
    const { app } = await cachedApp({ life, statuses: [200, 204, 302, 404, 418] })
    app.setErrorHandler((error, _request, reply) =>
      reply.code(418).send({ because: (error as Error).message }),
    )
    app.get('/none', (_request, reply) => void reply.code(204).send({ a: 1 }))
    app.get('/moved', (_request, reply) => reply.redirect('/there'))
    app.get('/gone', (_request, reply) => reply.callNotFound())
    app.get('/fails', async () => {
      throw new Error('no tea')
    })
    expect((await expectCached(app, '/none', '')).status).toBe(204)
    expect((await expectCached(app, '/moved')).header('location')).toBe('/there')
    expect((await expectCached(app, '/gone')).status).toBe(404)
    expect(await expectCached(app, '/fails')).toMatchObject({ status: 418, text: '{"because":"no tea"}' })
    expect((await get(app, '/nowhere')).header('cache-status')).toBeUndefined()
  })
})

describe('what goes out past Fastify is not stored', () => {
  test.each(['hijacked', 'raw', 'head'])('%s', async (way) => {
    const { app } = await cachedApp({ life })
    let runs = 0
    app.get('/', (_request, reply) => {
      if (way === 'hijacked') reply.hijack()
      if (way === 'head') reply.raw.writeHead(200, { 'set-cookie': 'a=b' })
      reply.raw.end(`run ${++runs}`)
    })
    for (const text of ['run 1', 'run 2']) {
      expect(await get(app, '/')).toMatchObject({
        text,
        cacheStatus: expect.stringContaining('detail=skipped'),
      })
    }
  })

  test('by a hook, after the handler has answered', async () => {
    const { app } = await cachedApp({ life })
    app.addHook('onSend', (request, reply, _payload, _done) => {
      reply.hijack()
      reply.raw.end(`for ${request.headers['user-agent']}`)
    })
    app.get('/', async () => 'x')
    expect((await get(app, '/', { 'user-agent': 'a' })).text).toBe('for a')
    expect((await get(app, '/', { 'user-agent': 'b' })).text).toBe('for b')
  })

  test('by Fastify itself, where even the error handler fails', async () => {
    const { app } = await cachedApp({ life })
    let fails = true
    app.addHook('onSend', async () => {
      if (fails) throw new Error('no')
    })
    app.get('/', async () => 'x')
    expect((await get(app, '/')).status).toBe(500)
    fails = false
    await expectCached(app, '/', 'x')
  })
})

test('a head that cannot be sent: what is sent instead says nothing of the cache', async () => {
  const { app } = await cachedApp({ life })
  app.get('/', (_request, reply) => void reply.header('x-bad', 'a\nb').send('x'))
  const answer = await get(app, '/').catch(() => undefined)
  expect(answer?.cacheStatus ?? '').not.toContain('stored')
})

test('the handler runs in the scope, in whatever style it is written', async () => {
  const { app, cache } = await cachedApp()
  app.get('/async', async () => {
    await new Promise(setImmediate)
    cache.cacheLife('hours')
    cache.cacheTag('a')
    return 'x'
  })
  app.get('/callback', (request, reply) => {
    setImmediate(() => {
      cache.cacheTag('a')
      request.cache.life('hours')
      reply.send('x')
    })
  })
  app.post('/unsafe', async () => {
    cache.cacheTag('a')
    return 'x'
  })
  for (const path of ['/async', '/callback']) {
    await expectCached(app, path)
    await cache.updateTag('a')
    expect((await get(app, path)).cacheStatus).toContain('fwd=stale')
  }
  expect((await app.inject({ method: 'POST', url: '/unsafe' })).statusCode).toBe(200)
})

test('a refill runs all hooks, and tells so', async () => {
  const { app, clock, settled } = await cachedApp({ life })
  const log: string[] = []
  app.addHook('onRequest', async (request) => {
    log.push(`${request.method} ${request.url} ${request.host} ${request.ip} ${isRefill(request)}`)
  })
  app.get('/', counter().handler)
  await get(app, '/?a=1', { host: 'a.test' })
  clock.advance(61_000)
  expect((await get(app, '/?a=1', { host: 'a.test' })).cacheStatus).toMatch(stale)
  await settled()
  expect((await get(app, '/?a=1', { host: 'a.test' })).text).toBe('run 2')
  const line = 'GET /?a=1 a.test 127.0.0.1'
  expect(log).toEqual([`${line} false`, `${line} false`, `${line} true`, `${line} false`])
})

test('query parameters that are not in the key are hidden, what validation has made of others stays', async () => {
  const { app } = await cachedApp({ life, key: { query: ['page'] } })
  const properties = { page: { type: 'integer' }, size: { type: 'integer', default: 10 } }
  app.get('/', { schema: { querystring: { type: 'object', properties } } }, async (request) => ({
    query: request.query,
    url: request.url,
    original: request.originalUrl,
  }))
  const { text } = await get(app, '/?page=2&utm=x')
  expect(JSON.parse(text)).toEqual({
    query: { page: 2, size: 10 },
    url: '/?page=2',
    original: '/?page=2&utm=x',
  })
  expect((await get(app, '/?page=2')).cacheStatus).toMatch(hit)
})

test('a URL that is rewritten is kept under what the client has sent', async () => {
  const { cache, clock } = setup()
  const app = createFastify({ rewriteUrl: ({ url = '' }) => url.replace('/old', '/new') })
  onTestFinished(() => app.close())
  await app.register(responseCache, { cache, life })
  const { handler } = counter()
  app.get('/new', handler)
  await expectCached(app as never, '/old?a=1', 'run 1')
  clock.advance(61_000)
  expect((await get(app as never, '/old?a=1')).cacheStatus).toMatch(stale)
  await settled(cache)
  expect((await get(app as never, '/old?a=1')).text).toBe('run 2')
})

describe('over HTTP/2', () => {
  async function site() {
    const { cache, clock } = setup()
    const app = createFastify({ http2: true })
    await app.register(responseCache as never, { cache, life } as never)
    app.get('/whole', async (request) => ({ refill: isRefill(request as never), host: request.host }))
    app.get('/stream', async () => Readable.from(['a', 'b']))
    app.get('/empty', async () => Readable.from([]))
    app.get('/hijacked', (_request, reply) => void reply.hijack().raw.end('x'))
    app.get('/late', { onSend: (_request, reply) => void reply.hijack().raw.end('late') }, async () => 'x')
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const session = connect(`http://localhost:${port}`)
    onTestFinished(async () => {
      session.destroy()
      await app.close()
    })
    const ask = async (path: string) => {
      const stream = session.request({ ':path': path })
      const [headers] = await once(stream, 'response')
      const text = (await stream.setEncoding('utf8').toArray()).join('')
      return { text, cacheStatus: String(headers['cache-status']) }
    }
    return { ask, cache, clock, host: `localhost:${port}` }
  }

  test('whole bodies, streams and refills', async () => {
    const { ask, cache, clock, host } = await site()
    for (const [path, text] of [
      ['/whole', JSON.stringify({ refill: false, host })],
      ['/stream', 'ab'],
      ['/empty', ''],
    ] as const) {
      expect((await ask(path)).text).toBe(text)
      expect(await ask(path)).toMatchObject({ text, cacheStatus: expect.stringMatching(hit) })
    }
    clock.advance(61_000)
    expect((await ask('/whole')).cacheStatus).toMatch(stale)
    await settled(cache)
    expect((await ask('/whole')).text).toBe(JSON.stringify({ refill: true, host }))
  })

  test.each([
    ['/hijacked', 'x'],
    ['/late', 'late'],
  ])('what is hijacked is not stored: %s', async (path, text) => {
    const { ask } = await site()
    for (let time = 0; time < 2; time++) {
      expect(await ask(path)).toMatchObject({ text, cacheStatus: expect.stringContaining('detail=skipped') })
    }
  })
})

test('requests that come together share one run, on an application that does not listen', async () => {
  const { app } = await cachedApp({ life })
  const slow = barrier()
  let runs = 0
  app.get('/', async () => {
    await slow.wait()
    return `run ${++runs}`
  })
  const asked = Array.from({ length: 5 }, () => get(app, '/'))
  await slow.reached
  slow.open()
  const texts = (await Promise.all(asked)).map(({ text }) => text)
  expect(texts).toEqual(Array(5).fill('run 1'))
})

async function* failing(before: readonly string[]) {
  yield* before
  throw new Error('no more')
}
