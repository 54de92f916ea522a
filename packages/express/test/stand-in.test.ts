import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { rfc9111 } from '@restale/core'
import compression from 'compression'
import type { RequestHandler } from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { hit, listen, quietApp, setup } from './support.ts'

const standsIn = (status: number) => `restale; fwd=stale; fwd-status=${status}; detail=stale-if-error`
const page = 'a page '.repeat(50)

/** A page that is stored, and stale by the time its handler is `failing`. */
async function outage(failing: RequestHandler, above: readonly RequestHandler[] = []) {
  const { cache, clock } = setup()
  const app = quietApp()
  let isFailing = false
  for (const middleware of above) app.use(middleware)
  app.use(responseCache(cache, rfc9111()))
  app.get('/page', (req, res, next) => {
    if (isFailing) return failing(req, res, next)
    return res.set({ 'Cache-Control': 'max-age=10', 'X-Own': 'yes' }).type('text').send(page)
  })
  const site = await listen(app)
  await site.get('/page')
  clock.advance(15_000)
  isFailing = true
  return (headers: Readonly<Record<string, string>> = {}) => site.get('/page', headers)
}

describe('what is stored goes out in the place of an error', () => {
  test.each<[string, number, RequestHandler]>([
    ['res.status().json()', 503, (_req, res) => void res.status(503).json({ error: 'broken' })],
    ['res.sendStatus()', 502, (_req, res) => void res.sendStatus(502)],
    ['a stream', 504, (_req, res) => void Readable.from(['bro', 'ken']).pipe(res.status(504))],
    ['next(error)', 500, (_req, _res, next) => next(new Error('meant to fail'))],
    [
      'an error that says so',
      503,
      (_req, _res, next) => next(Object.assign(new Error('meant to fail'), { status: 503 })),
    ],
    [
      'a throw',
      500,
      () => {
        throw new Error('meant to fail')
      },
    ],
  ])('by %s', async (_name, status, failing) => {
    const get = await outage(failing)
    const response = await get()
    expect([response.status, response.reason, response.text]).toEqual([200, 'OK', page])
    expect(response.cacheStatus).toBe(standsIn(status))
    expect([response.header('x-own'), response.header('content-type')]).toEqual([
      'yes',
      'text/plain; charset=utf-8',
    ])
    // That of the error page of Express.
    expect(response.header('content-security-policy')).toBeUndefined()
    expect(response.isComplete).toBe(true)
  })

  test('compressed, where something outside compresses', async () => {
    const get = await outage(
      (_req, res) => void Readable.from(['bro', 'ken']).pipe(res.status(503)),
      [compression({ threshold: 0 })],
    )
    const response = await get({ 'Accept-Encoding': 'gzip' })
    expect([response.status, response.header('content-encoding')]).toEqual([200, 'gzip'])
    expect(gunzipSync(response.body).toString()).toBe(page)
    expect(response.cacheStatus).toBe(standsIn(503))
  })

  test('but a 404 that is thrown is an answer', async () => {
    const get = await outage((_req, _res, next) => next(Object.assign(new Error('gone'), { status: 404 })))
    expect((await get()).status).toBe(404)
  })
})

test('res.sendFile answers 304 to the conditions of the cache, and the file is stored anew', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'restale-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'file.txt')
  await writeFile(file, 'one')
  const { cache, clock } = setup()
  await utimes(file, new Date(clock.now() - 3_600_000), new Date(clock.now() - 3_600_000))
  const app = quietApp()
  const seen: unknown[] = []
  app.use(responseCache(cache, { ...rfc9111(), heuristics: false }))
  app.get('/file', (req, res) => {
    seen.push(req.headers['if-none-match'], req.headers['if-modified-since'])
    res.sendFile(file, { maxAge: 10_000 })
  })
  const { get } = await listen(app)
  const first = await get('/file')
  const tag = first.header('etag')
  clock.advance(15_000)
  const second = await get('/file')
  expect([second.status, second.text, second.header('etag')]).toEqual([200, 'one', tag])
  expect(second.cacheStatus).toBe('restale; fwd=stale; fwd-status=304; stored')
  expect((await get('/file')).cacheStatus).toMatch(hit)
  // Whoever knows it already gets the 304 of the cache.
  clock.advance(15_000)
  const known = await get('/file', { 'If-None-Match': String(tag) })
  expect([known.status, known.text]).toEqual([304, ''])

  await writeFile(file, 'another')
  clock.advance(15_000)
  expect((await get('/file')).text).toBe('another')
  expect(seen).toEqual([
    undefined,
    undefined,
    tag,
    expect.any(String),
    tag,
    expect.any(String),
    tag,
    expect.any(String),
  ])
})

describe('a request that changes something', () => {
  test.each<[string, RequestHandler]>([
    ['res.sendStatus(204)', (_req, res) => void res.sendStatus(204)],
    ['res.end()', (_req, res) => void res.end()],
    ['a redirect', (_req, res) => res.redirect(303, '/elsewhere')],
    ['a stream', (_req, res) => void Readable.from(['do', 'ne']).pipe(res)],
    ['writeHead', (_req, res) => void res.writeHead(201, { 'X-Kind': 'a' }).end()],
  ])('answered by %s: what was stored of its URL is gone', async (_name, change) => {
    const { cache } = setup()
    const app = quietApp()
    let runs = 0
    app.use(responseCache(cache, { life: 'hours' }))
    app.get('/it', (_req, res) => void res.send(`run ${++runs}`))
    app.delete('/it', change)
    const { get, request } = await listen(app)
    await get('/it')
    expect((await get('/it')).cacheStatus).toMatch(hit)
    await request({ method: 'DELETE', path: '/it' })
    expect((await get('/it')).text).toBe('run 2')
  })

  test('and fails: it stays', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache, { life: 'hours' }))
    app.get('/it', (_req, res) => void res.send('it'))
    app.delete('/it', (_req, _res, next) => next(new Error('meant to fail')))
    const { get, request } = await listen(app)
    await get('/it')
    expect((await request({ method: 'DELETE', path: '/it' })).status).toBe(500)
    expect((await get('/it')).cacheStatus).toMatch(hit)
  })
})
