import { Readable } from 'node:stream'
import { rfc9111 } from '@restale/core'
import type koa from 'koa'
import { describe, expect, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import type { Make } from './support.ts'
import { errorsOf, listen, majors, quiet, setup } from './support.ts'

const standsIn = 'restale; fwd=stale; fwd-status=503; detail=stale-if-error'

type Handle = (ctx: koa.Context) => unknown

/** A page that is stored, and stale by the time its handler is `failing`. */
async function outage(make: Make, failing: Handle, above: readonly koa.Middleware[] = []) {
  const { cache, clock } = setup()
  const app = make()
  let isFailing = false
  for (const middleware of above) app.use(middleware)
  app.use(responseCache(cache, rfc9111()))
  app.use(async (ctx) => {
    if (isFailing) return failing(ctx)
    ctx.set({ 'Cache-Control': 'max-age=10', 'X-Own': 'yes' })
    ctx.body = 'a page'
    return undefined
  })
  const { get } = await listen(app)
  expect((await get('/page')).text).toBe('a page')
  clock.advance(15_000)
  isFailing = true
  return { app, get: () => get('/page') }
}

describe.each(majors)('%s: what is stored goes out in the place of an error', (_major, make) => {
  const bodies: [string, () => unknown][] = [
    ['text', () => 'broken'],
    ['JSON', () => ({ error: 'broken' })],
    ['no body', () => undefined],
    ['an explicit null', () => null],
  ]
  test.each(bodies)('that has %s', async (_name, body) => {
    const { app, get } = await outage(make, (ctx) => {
      ctx.body = body()
      ctx.status = 503
      ctx.message = 'Broken'
      ctx.set({ 'X-Failure': 'yes', 'X-Own': 'no' })
    })
    const response = await get()
    expect([response.status, response.reason, response.text]).toEqual([200, 'OK', 'a page'])
    expect(response.cacheStatus).toBe(standsIn)
    expect([response.header('x-own'), response.header('x-failure')]).toEqual(['yes', undefined])
    expect(response.header('content-type')).toBe('text/plain; charset=utf-8')
    expect(errorsOf(app)).toEqual([])
  })

  test('that has a stream, which is destroyed', async () => {
    const body = new Readable({ read: () => {} })
    const { get } = await outage(make, (ctx) => {
      ctx.body = body
      ctx.status = 503
      body.push('bro')
    })
    expect((await get()).text).toBe('a page')
    expect(body.destroyed).toBe(true)
  })

  test('that has thrown beside its stream, which is destroyed', async () => {
    const body = new Readable({ read: () => {} })
    const { get } = await outage(make, (ctx) => {
      ctx.body = body
      throw new Error('meant to fail')
    })
    expect((await get()).text).toBe('a page')
    await quiet()
    expect(body.destroyed).toBe(true)
  })

  test.each([
    ['an error', new Error('meant to fail')],
    ['one that says 503', Object.assign(new Error('meant to fail'), { status: 503 })],
  ])('that is thrown as %s, and the application hears of it', async (_name, error) => {
    const seen: unknown[] = []
    const { app, get } = await outage(
      make,
      (ctx) => {
        ctx.set('X-Failure', 'yes')
        throw error
      },
      [
        async (ctx, next) => {
          ctx.set('X-Outside', 'yes')
          await next()
          seen.push(ctx.status, String(ctx.body))
        },
      ],
    )
    const response = await get()
    expect([response.status, response.text]).toEqual([200, 'a page'])
    expect(response.cacheStatus).toBe('restale; fwd=stale; detail=stale-if-error')
    expect([response.header('x-outside'), response.header('x-failure')]).toEqual(['yes', undefined])
    expect(errorsOf(app)).toEqual([error])
    // What stands outside works on it as on a hit.
    expect(seen).toEqual([200, 'a page', 200, 'a page'])
  })

  test.each([404, 410, 501])('but %i, thrown, is an answer', async (status) => {
    const { get } = await outage(make, (ctx) => ctx.throw(status))
    expect((await get()).status).toBe(status)
  })

  test('but what has been answered past Koa has been answered', async () => {
    const { get } = await outage(make, (ctx) => {
      ctx.respond = false
      ctx.res.writeHead(503).end('broken')
    })
    expect((await get()).text).toBe('broken')
  })
})

test('a web stream, a blob, and a Response are not read either', async () => {
  const [, make] = majors[0] as (typeof majors)[number]
  for (const wrap of [(stream: ReadableStream) => stream, (stream: ReadableStream) => new Response(stream)]) {
    let isCancelled = false
    const stream = new ReadableStream({
      cancel: () => {
        isCancelled = true
      },
    })
    const { get } = await outage(make, (ctx) => {
      ctx.body = wrap(stream)
      ctx.status = 503
    })
    expect((await get()).text).toBe('a page')
    expect(isCancelled).toBe(true)
  }
  let isCancelled = false
  const thrown = await outage(make, (ctx) => {
    ctx.body = new ReadableStream({
      cancel: () => {
        isCancelled = true
      },
    })
    throw new Error('meant to fail')
  })
  expect((await thrown.get()).text).toBe('a page')
  expect(isCancelled).toBe(true)
  const { get } = await outage(make, (ctx) => {
    ctx.body = new Blob(['broken'])
    ctx.status = 503
  })
  expect((await get()).text).toBe('a page')
})

test('a body that somebody else reads is left to them', async () => {
  const [, make] = majors[0] as (typeof majors)[number]
  const stream = new ReadableStream({ start: (controller) => controller.enqueue('x') })
  const { get } = await outage(make, (ctx) => {
    ctx.body = stream
    stream.getReader()
    ctx.status = 503
  })
  expect((await get()).text).toBe('a page')
})
