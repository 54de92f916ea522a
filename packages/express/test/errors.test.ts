import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { settled } from '@restale/core/testing'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import { barrier, hit, life, listen, quiet, quietApp, setup, stale, stored } from './support.ts'

const ways: [string, RequestHandler][] = [
  [
    'thrown',
    () => {
      throw new Error('boom')
    },
  ],
  ['rejected by an async handler', async () => Promise.reject(new Error('boom'))],
  ['rejected after a while', async () => quiet(3).then(() => Promise.reject(new Error('boom')))],
  ['given to next', (_req, _res, next) => next(new Error('boom'))],
]

const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: error.message })
}

describe.each(ways)('an error %s', (_name, act) => {
  test('goes to the application’s error middleware, and what that sends is not stored', async () => {
    const { cache } = setup()
    const app = quietApp()
    let isBroken = true
    app.use(responseCache(cache, { life }))
    app.get('/it', (req, res, next) => (isBroken ? act(req, res, next) : res.send('well')))
    app.use(showError)
    const site = await listen(app)

    const response = await site.get('/it')
    expect([response.status, response.text]).toEqual([500, '{"error":"boom"}'])
    expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=status-500')
    isBroken = false
    expect((await site.get('/it')).text).toBe('well')
    expect((await site.get('/it')).cacheStatus).toMatch(hit)
  })

  test('shows as the error page of Express where there is no error middleware', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), act)
    const site = await listen(app)
    const response = await site.get('/it')
    expect(response.status).toBe(500)
    expect(response.text).toContain('<pre>Error: boom')
    expect(response.isComplete).toBe(true)
  })

  test('in a refill keeps what there is', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    let isBroken = false
    app.use(responseCache(cache, { life }))
    app.get('/it', (req, res, next) => (isBroken ? act(req, res, next) : res.send('old')))
    app.use(showError)
    const site = await listen(app)
    await site.get('/it')
    clock.advance(61_000)
    isBroken = true
    await site.get('/it')
    await settled(cache)

    const response = await site.get('/it')
    expect(response.text).toBe('old')
    expect(response.cacheStatus).toMatch(stale)
  })
})

test('a refill that is not recorded is read to its end, however long it is', async () => {
  const { cache, clock } = setup()
  const app = quietApp()
  let isGone = false
  app.get('/it', responseCache(cache, { life }), (_req, res) => {
    if (isGone) Readable.from(Array(50).fill('x'.repeat(100_000))).pipe(res.status(503))
    else res.send('there')
  })
  const site = await listen(app)
  await site.get('/it')
  clock.advance(61_000)
  isGone = true
  await site.get('/it')
  await settled(cache)

  expect((await site.get('/it')).text).toBe('there')
})

test('an error with a status of its own: a 404 removes what there is', async () => {
  const { cache, clock } = setup()
  const app = quietApp()
  let isGone = false
  app.use(responseCache(cache, { life }))
  app.get('/it', (_req, res) => {
    if (isGone) throw Object.assign(new Error('gone'), { status: 404 })
    res.send('there')
  })
  app.use(showError)
  const site = await listen(app)
  await site.get('/it')
  clock.advance(61_000)
  isGone = true
  await site.get('/it')
  await settled(cache)

  expect((await site.get('/it')).status).toBe(404)
})

test('an error after the head: the client sees a cut response, and nothing is stored', async () => {
  const { cache } = setup()
  const app = quietApp()
  app.use(responseCache(cache, { life }))
  let runs = 0
  app.get('/it', async (_req, res) => {
    runs++
    await new Promise((resolve) => res.type('txt').write('half', resolve))
    if (runs === 1) throw new Error('boom')
    res.end(' and half')
  })
  app.use(((error, _req, res, next) => {
    if (res.headersSent) next(error)
    else res.sendStatus(500)
  }) as ErrorRequestHandler)
  const site = await listen(app)

  const cut = await site.get('/it')
  expect([cut.status, cut.text, cut.isComplete]).toEqual([200, 'half', false])
  const whole = await site.get('/it')
  expect([whole.text, whole.isComplete]).toEqual(['half and half', true])
  expect((await site.get('/it')).cacheStatus).toMatch(hit)
  expect(runs).toBe(2)
})

test('a stream that breaks in the middle is not stored', async () => {
  const { cache } = setup()
  const app = quietApp()
  let runs = 0
  app.get('/it', responseCache(cache, { life }), async (_req, res) => {
    runs++
    const source = async function* () {
      yield 'half'
      await quiet()
      throw new Error('boom')
    }
    await pipeline(Readable.from(source()), res).catch(() => {})
  })
  const site = await listen(app)
  expect((await site.get('/it')).isComplete).toBe(false)
  expect((await site.get('/it')).isComplete).toBe(false)
  expect(runs).toBe(2)
})

test('an error below an inner router passes the error middleware of each level', async () => {
  const { cache } = setup()
  const app = quietApp()
  const api = quietApp()
  const passed: string[] = []
  const pass =
    (name: string): ErrorRequestHandler =>
    (error, _req, _res, next) => {
      passed.push(name)
      next(error)
    }
  api.use(responseCache(cache, { life }))
  api.get('/it', () => {
    throw new Error('boom')
  })
  api.use(pass('api'))
  app.use('/api', api)
  app.use(pass('app'), showError)
  const site = await listen(app)

  expect((await site.get('/api/it')).text).toBe('{"error":"boom"}')
  expect(passed).toEqual(['api', 'app'])
})

test('a tags function that throws: the response goes out, and is not stored', async () => {
  const { cache } = setup()
  const app = quietApp()
  const tags = () => {
    throw new Error('boom')
  }
  app.get('/it', responseCache(cache, { life, tags }), (_req, res) => void res.send('fine'))
  const site = await listen(app)
  await site.get('/it')
  const response = await site.get('/it')
  expect([response.status, response.text]).toEqual([200, 'fine'])
  expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=tags-failed')
})

describe('who waits for another’s response, and is answered meanwhile by a timeout above the cache', () => {
  function rejections(): unknown[] {
    const seen: unknown[] = []
    const listener = (reason: unknown) => seen.push(reason)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    return seen
  }

  /** Two clients ask: the first runs the handler and waits at the gate, the second waits for the first. */
  async function followed(leaderEnds: (fail: (error: Error) => void, send: () => void) => void) {
    const { cache } = setup()
    const app = quietApp()
    const gate = barrier()
    let runs = 0
    let onAsked: (giveUp: () => void) => void
    const asked = new Promise<() => void>((resolve) => {
      onAsked = resolve
    })
    app.use((req, res, next) => {
      next()
      // By now it waits.
      if (req.headers['x-second'] !== undefined) onAsked(() => void res.status(503).send('too slow'))
    })
    app.use(responseCache(cache, { life }))
    app.get('/it', async (_req, res, next) => {
      runs++
      if (runs > 1) return void res.send('another run')
      await gate.wait()
      leaderEnds(next, () => void res.send('shared'))
    })
    app.use(showError)
    const site = await listen(app)
    const first = site.get('/it')
    await gate.reached
    const second = site.get('/it', { 'X-Second': 'yes' })
    const giveUp = await asked
    giveUp()
    const answers = { second: await second, site, runs: () => runs }
    gate.open()
    return { ...answers, first: await first }
  }

  test('keeps that answer when the response lands', async () => {
    const unhandled = rejections()
    const { first, second, site } = await followed((_fail, send) => send())
    expect([second.status, second.text]).toEqual([503, 'too slow'])
    expect(first.cacheStatus).toMatch(stored)
    await quiet()
    expect(unhandled).toEqual([])
    expect((await site.get('/it')).text).toBe('shared')
  })

  test('does not run the handler either when the other fails', async () => {
    const unhandled = rejections()
    const { first, second, runs, site } = await followed((fail) => fail(new Error('boom')))
    expect([first.status, second.status]).toEqual([500, 503])
    await quiet()
    expect(unhandled).toEqual([])
    expect(runs()).toBe(1)
    expect((await site.get('/it')).text).toBe('another run')
  })
})
