import { once } from 'node:events'
import type { OutgoingHttpHeaders } from 'node:http2'
import { connect, createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { rfc9111 } from '@restale/core'
import { settled } from '@restale/core/testing'
import type koa from 'koa'
import { expect, onTestFinished, test } from 'vitest'
import { cert, key } from '../../node/test/tls.ts'
import { isRefill, responseCache } from '../src/index.ts'
import { hit, life, majors, setup, stale, stored } from './support.ts'

type Get = (path: string, headers?: OutgoingHttpHeaders) => Promise<Answer>

interface Answer {
  readonly status: number
  readonly text: string
  readonly cacheStatus: string
}

/** The application on a server that speaks HTTP/2, and a client. */
async function listen(app: koa): Promise<{ port: number; get: Get }> {
  const server = createSecureServer({ key, cert }, app.callback()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const session = connect(`https://localhost:${port}`, { rejectUnauthorized: false })
  onTestFinished(() => {
    session.destroy()
    server.close()
  })
  const get: Get = async (path, asked = {}) => {
    const stream = session.request({ ':path': path, ...asked })
    const [headers] = await once(stream, 'response')
    const text = (await stream.setEncoding('utf8').toArray()).join('')
    return { status: headers[':status'], text, cacheStatus: String(headers['cache-status']) }
  }
  return { port, get }
}

test.each(majors)('%s over HTTP/2: whole bodies, streams, statuses alone, refills', async (_major, make) => {
  const { cache, clock } = setup()
  const app = make()
  app.use(responseCache(cache, { life, statuses: [200, 404] }))
  app.use((ctx) => {
    if (ctx.path === '/whole') ctx.body = { refill: isRefill(ctx.req), host: ctx.host }
    else if (ctx.path === '/stream') ctx.body = Readable.from(['a', 'b'])
  })
  const { port, get } = await listen(app)
  const host = `localhost:${port}`
  const pages: [string, number, string][] = [
    ['/whole', 200, JSON.stringify({ refill: false, host })],
    ['/stream', 200, 'ab'],
    ['/none', 404, '404'],
  ]
  for (const [path, status, text] of pages) {
    expect(await get(path)).toMatchObject({ status, text })
    const again = await get(path)
    expect(again).toMatchObject({ status, text })
    expect(again.cacheStatus).toMatch(hit)
  }
  clock.advance(61_000)
  expect((await get('/whole')).cacheStatus).toMatch(stale)
  await settled(cache)
  expect((await get('/whole')).text).toBe(JSON.stringify({ refill: true, host }))
})

test.each(majors)(
  '%s over HTTP/2: a request that says two hosts goes past the cache',
  async (_major, make) => {
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life }))
    app.use((ctx) => {
      ctx.body = `${ctx.host} ${ctx.get('host')}`
    })
    const { get } = await listen(app)
    for (const expected of [stored, hit]) {
      const both = await get('/it', { ':authority': 'a.test', host: 'evil.test' })
      expect(both).toMatchObject({
        text: 'a.test evil.test',
        cacheStatus: 'restale; fwd=bypass; detail=host',
      })
      const one = await get('/it', { ':authority': 'a.test' })
      expect(one.text).not.toContain('evil')
      expect(one.cacheStatus).toMatch(expected)
    }
  },
)

test.each(majors)('%s over HTTP/2: a refill has the host that the client said', async (_major, make) => {
  const { cache, clock } = setup()
  const app = make({ proxy: true })
  app.use(responseCache(cache, { life }))
  app.use((ctx) => {
    ctx.body = `${ctx.host} ${ctx.headers[':authority'] ?? ctx.headers.host}`
  })
  const { get } = await listen(app)
  const asked = { ':authority': 'inner.test', 'x-forwarded-host': 'public.test' }
  expect((await get('/it', asked)).text).toBe('public.test inner.test')
  clock.advance(61_000)
  expect((await get('/it', asked)).cacheStatus).toMatch(stale)
  await settled(cache)
  const refilled = await get('/it', asked)
  expect(refilled.cacheStatus).toMatch(hit)
  expect(refilled.text).toBe('public.test inner.test')
})

test.each(majors)('%s over HTTP/2: what has no body is stored, and invalidates', async (_major, make) => {
  const { cache } = setup()
  const app = make()
  let runs = 0
  app.use(responseCache(cache, { ...rfc9111(), life }))
  app.use((ctx) => {
    if (ctx.method === 'GET') runs++
    ctx.status = 204
  })
  const { get } = await listen(app)
  expect(await get('/it')).toMatchObject({ status: 204, text: '' })
  expect((await get('/it')).cacheStatus).toMatch(hit)
  await get('/it', { ':method': 'DELETE' })
  expect((await get('/it')).cacheStatus).toMatch(stored)
  expect(runs).toBe(2)
})

test.each(majors)('%s over HTTP/2: a part, and a 304 on a miss', async (_major, make) => {
  const { cache } = setup()
  const app = make()
  app.use(responseCache(cache, { ...rfc9111(), life }))
  app.use((ctx) => {
    ctx.set('ETag', '"a"')
    ctx.body = '0123456789'
  })
  const { get } = await listen(app)
  expect(await get('/part', { range: 'bytes=2-4' })).toMatchObject({ status: 206, text: '234' })
  expect(await get('/part')).toMatchObject({ status: 200, text: '0123456789' })
  expect(await get('/known', { 'if-none-match': '"a"' })).toMatchObject({ status: 304, text: '' })
  expect((await get('/known')).cacheStatus).toMatch(hit)
})
