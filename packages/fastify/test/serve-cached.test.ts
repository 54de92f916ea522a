import { once } from 'node:events'
import { request as openRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { settled } from '@restale/core/testing'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ResponseCachePluginOptions } from '../src/index.ts'
import { isRefill, responseCache, serveCached } from '../src/index.ts'
import {
  ask,
  barrier,
  counter,
  expectCached,
  get,
  hit,
  life,
  plainApp,
  quiet,
  setup,
  stale,
} from './support.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** A handler that is served from the cache where it is called. */
function served(handler: Handler): Handler {
  return (request, reply) => serveCached(request, reply, () => handler(request, reply))
}

/** An application with the plugin at its root, and what has been logged from warnings on. */
async function manualApp(options: Partial<ResponseCachePluginOptions> = {}) {
  const { cache, clock } = setup()
  const log: string[] = []
  const app = plainApp({ logger: { level: 'warn', stream: { write: (line) => void log.push(line) } } })
  await app.register(responseCache, { cache, hook: 'manual', ...options })
  return { app, cache, clock, log }
}

/** Sends later what it is given, as plugins do that compress. */
function slowDown(app: FastifyInstance): void {
  app.addHook('onSend', async (_request, _reply, payload) => {
    await quiet(3)
    return payload
  })
}

/** What nobody has caught, until the test ends. */
function uncaught(): unknown[] {
  const errors: unknown[] = []
  const note = (error: unknown) => void errors.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  return errors
}

const isHit = expect.stringMatching(hit)
const isStale = expect.stringMatching(stale)

describe('a response', () => {
  test('is stored, and on a hit next is not called', async () => {
    const { app } = await manualApp({ life })
    const { handler, runs } = counter()
    app.get('/', served(handler))
    await expectCached(app, '/', 'run 1')
    expect(runs()).toBe(1)
  })

  test.each<[given: string, handler: Handler, text: string]>([
    ['a payload', async () => ({ a: 1 }), '{"a":1}'],
    ['a payload at once', () => 'at once', 'at once'],
    ['the reply, sent', (_request, reply) => reply.send('sent'), 'sent'],
    [
      'the reply, sent later',
      async (_request, reply) => {
        setImmediate(() => reply.send('sent later'))
        return reply
      },
      'sent later',
    ],
  ])('may be given by next as %s', async (_given, handler, text) => {
    const { app, log } = await manualApp({ life })
    slowDown(app)
    app.get('/', served(handler))
    await expectCached(app, '/', text)
    expect(log).toEqual([])
  })

  test('is what next gives, and nothing after a hit, which is out by then', async () => {
    const { app } = await manualApp({ life })
    slowDown(app)
    const given: unknown[] = []
    app.get('/', async (request, reply) => {
      const payload = await serveCached(request, reply, async () => 'page')
      given.push([payload, reply.sent])
      return payload
    })
    await expectCached(app, '/', 'page')
    await quiet()
    expect(given).toEqual([
      ['page', false],
      [undefined, true],
    ])
  })

  test('goes through the hooks of other plugins, on hits too, and is sent once', async () => {
    const { app, log } = await manualApp({ life })
    let sent = 0
    slowDown(app)
    app.addHook('onSend', async (_request, reply, payload) => {
      reply.header('x-sent', ++sent)
      return payload
    })
    app.get('/', served(counter().handler))
    expect((await expectCached(app, '/', 'run 1')).header('x-sent')).toBe('2')
    await quiet()
    expect({ sent, log }).toEqual({ sent: 2, log: [] })
  })

  test('has the tags and the life that are said in next, and those of the route', async () => {
    const { app, cache } = await manualApp()
    app.get(
      '/said',
      served(async (request) => {
        await quiet(1)
        cache.cacheTag('a')
        cache.cacheLife('hours')
        return request.cache.status
      }),
    )
    app.get<{ Params: { id: string } }>(
      '/posts/:id',
      { config: { cache: { tags: (request) => [`post:${request.params.id}`], life } } },
      served(counter().handler) as never,
    )
    await expectCached(app, '/said', 'miss')
    await expectCached(app, '/posts/1', 'run 1')
    await cache.updateTag(['a', 'post:1'])
    expect((await get(app, '/said')).cacheStatus).toContain('fwd=stale')
    expect((await get(app, '/posts/1')).text).toBe('run 2')
  })

  test('that is stale goes out at once, and the refill comes through serveCached again', async () => {
    const { app, cache, clock } = await manualApp({ life })
    app.get('/', served(counter().handler))
    await get(app, '/')
    clock.advance(61_000)
    expect(await get(app, '/')).toMatchObject({ text: 'run 1', cacheStatus: isStale })
    await settled(cache)
    expect(await get(app, '/')).toMatchObject({ text: 'run 2', cacheStatus: isHit })
  })

  test('answers a HEAD, and conditions with a 304', async () => {
    const { app } = await manualApp({ life })
    const { handler, runs } = counter()
    app.get('/', served(handler))
    const head = (headers = {}) => ask(app, { method: 'HEAD', url: '/', headers })
    expect((await head()).cacheStatus).toBe('restale; fwd=uri-miss')
    const etag = (await expectCached(app, '/', 'run 2')).header('etag')
    const length = await head()
    expect(length).toMatchObject({ status: 200, text: '', cacheStatus: isHit })
    expect(length.header('content-length')).toBe('5')
    const conditions = { 'if-none-match': etag }
    expect(await head(conditions)).toMatchObject({ status: 304, cacheStatus: isHit })
    expect(await get(app, '/', conditions)).toMatchObject({ status: 304, text: '', cacheStatus: isHit })
    expect(runs()).toBe(2)
  })
})

describe('guards', () => {
  test('in the handler stand before the cache, for refills too', async () => {
    const { app, cache, clock } = await manualApp({ life })
    const guarded: string[] = []
    const { handler, runs } = counter()
    app.get('/', async (request, reply) => {
      guarded.push(isRefill(request) ? 'refill' : 'client')
      if (request.headers['x-key'] !== 'right') return reply.code(403).send('no')
      return serveCached(request, reply, handler)
    })
    const right = { 'x-key': 'right' }
    expect(await get(app, '/', right)).toMatchObject({ text: 'run 1' })
    expect(await get(app, '/', right)).toMatchObject({ text: 'run 1', cacheStatus: isHit })
    expect(await get(app, '/')).toMatchObject({ status: 403, text: 'no', cacheStatus: 'undefined' })
    clock.advance(61_000)
    expect(await get(app, '/', right)).toMatchObject({ text: 'run 1', cacheStatus: isStale })
    await settled(cache)
    expect(guarded).toEqual(['client', 'client', 'client', 'client', 'refill'])
    expect(runs()).toBe(2)
  })

  test('that refuse a refill leave the old response', async () => {
    const { app, cache, clock } = await manualApp({ life })
    const { handler } = counter()
    app.get('/', async (request, reply) => {
      if (isRefill(request)) return reply.code(403).send('no')
      return serveCached(request, reply, handler)
    })
    await get(app, '/')
    clock.advance(61_000)
    for (let time = 0; time < 2; time++) {
      expect(await get(app, '/')).toMatchObject({ text: 'run 1', cacheStatus: isStale })
      await settled(cache)
    }
  })
})

describe('what next throws', () => {
  test.each<[when: string, handler: Handler]>([
    [
      'at once',
      () => {
        throw new Error('meant to fail')
      },
    ],
    [
      'later',
      async () => {
        await quiet(1)
        throw new Error('meant to fail')
      },
    ],
  ])('%s comes to the caller, and nothing is stored', async (_when, handler) => {
    const { app } = await manualApp({ life })
    const errors = uncaught()
    const caught: string[] = []
    app.get('/', async (request, reply) => {
      try {
        return await serveCached(request, reply, () => handler(request, reply))
      } catch (error) {
        caught.push((error as Error).message)
        throw error
      }
    })
    for (let time = 0; time < 2; time++) {
      const answer = await get(app, '/')
      expect(answer).toMatchObject({ status: 500, cacheStatus: expect.stringContaining('detail=status-500') })
    }
    expect(caught).toEqual(['meant to fail', 'meant to fail'])
    await quiet()
    expect(errors).toEqual([])
  })

  test('is answered by the error handler, and stored if the options name the status', async () => {
    const { app } = await manualApp({ life, statuses: [200, 404] })
    app.setErrorHandler((_error, _request, reply) => reply.code(404).send('none'))
    app.get(
      '/',
      served(async () => {
        throw new Error('meant to fail')
      }),
    )
    expect(await expectCached(app, '/', 'none')).toMatchObject({ status: 404 })
  })
})

describe('requests that come together', () => {
  /** The first is in the middle of `run` when the others come; `outcomes` tells what became of their handlers. */
  async function together(run: (reply: FastifyReply, count: number) => unknown) {
    const { app } = await manualApp({ life })
    const slow = barrier()
    const outcomes: string[] = []
    let runs = 0
    app.get('/', (request, reply) => {
      const answered = serveCached(request, reply, async () => {
        const count = ++runs
        if (count === 1) await slow.wait()
        return run(reply, count)
      })
      answered.then(
        (payload) => outcomes.push(String(payload)),
        (error: Error) => outcomes.push(error.message),
      )
      return answered
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const first = get(app, '/', { host: `127.0.0.1:${port}` })
    await slow.reached
    return { app, port, slow, first, outcomes, runs: () => runs }
  }

  test('share one run', async () => {
    const { app, port, slow, first, runs } = await together((_reply, count) => `run ${count}`)
    const others = [1, 2, 3].map(() => get(app, '/', { host: `127.0.0.1:${port}` }))
    await quiet()
    slow.open()
    const answers = await Promise.all([first, ...others])
    expect(answers.map(({ text }) => text)).toEqual(Array(4).fill('run 1'))
    expect(answers.at(-1)?.cacheStatus).toContain('collapsed')
    expect(runs()).toBe(1)
  })

  test('run each their own next where the first is not for all', async () => {
    const { app, port, slow, first } = await together((reply, count) => {
      reply.header('set-cookie', `user=${count}`)
      return `run ${count}`
    })
    const others = [1, 2].map(() => get(app, '/', { host: `127.0.0.1:${port}` }))
    await quiet()
    slow.open()
    const answers = await Promise.all([first, ...others])
    const shown = answers.map((answer) => [answer.text, answer.header('set-cookie')])
    expect(shown.toSorted()).toEqual([1, 2, 3].map((count) => [`run ${count}`, `user=${count}`]))
  })

  test('hear of the error of their own next', async () => {
    const errors = uncaught()
    const { app, port, slow, first, outcomes } = await together((_reply, count) => {
      throw new Error(`run ${count} failed`)
    })
    const other = get(app, '/', { host: `127.0.0.1:${port}` })
    await quiet()
    slow.open()
    expect(await first).toMatchObject({ status: 500, text: expect.stringContaining('run 1 failed') })
    expect(await other).toMatchObject({ status: 500, text: expect.stringContaining('run 2 failed') })
    expect({ outcomes, errors }).toEqual({ outcomes: ['run 1 failed', 'run 2 failed'], errors: [] })
  })

  test('end, without a run of their own, where their client has left meanwhile', async () => {
    const errors = uncaught()
    const { app, port, slow, first, outcomes, runs } = await together(() => 'page')
    const closed = new Promise<void>((resolve) => {
      app.server.once('request', (_request, response) => response.once('close', resolve))
    })
    const arrived = once(app.server, 'request')
    const leaving = openRequest({ host: '127.0.0.1', port, path: '/' }).on('error', () => {})
    leaving.end()
    await arrived
    await quiet()
    leaving.destroy()
    await closed
    slow.open()
    expect((await first).text).toBe('page')
    await quiet()
    expect({ outcomes, errors, runs: runs() }).toEqual({
      outcomes: ['page', 'undefined'],
      errors: [],
      runs: 1,
    })
  })
})

test('a client that leaves before its hit is out: the handler ends', async () => {
  const { app, log } = await manualApp({ life })
  const errors = uncaught()
  const slow = barrier()
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.headers['x-slow'] !== undefined) await slow.wait()
    return payload
  })
  const ended = barrier()
  app.get('/', async (request, reply) => {
    const payload = await serveCached(request, reply, async () => 'page')
    if (request.cache.status === 'hit') ended.wait()
    return payload
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  await get(app, '/', { host: `127.0.0.1:${port}` })
  const leaving = openRequest({ host: '127.0.0.1', port, path: '/', headers: { 'x-slow': '1' } })
  leaving.on('error', () => {}).end()
  await slow.reached
  leaving.destroy()
  await ended.reached
  slow.open()
  await quiet()
  expect({ errors, log }).toEqual({ errors: [], log: [] })
})

describe('serveCached', () => {
  test('called again for a request, inside of itself or after it, just runs next', async () => {
    const { app } = await manualApp({ life })
    const { handler, runs } = counter()
    app.get(
      '/inside',
      served((request, reply) => serveCached(request, reply, handler)),
    )
    app.get('/after', async (request, reply) => {
      const first = await serveCached(request, reply, handler)
      return reply.sent ? undefined : `${first}, ${await serveCached(request, reply, handler)}`
    })
    await expectCached(app, '/inside', 'run 1')
    await expectCached(app, '/after', 'run 2, run 3')
    expect(runs()).toBe(3)
  })

  test('just runs next where no cache stands', async () => {
    const { app } = await manualApp({ life })
    app.get('/off', { config: { cache: false } }, served(counter().handler))
    const without = plainApp()
    without.get('/none', served(counter().handler))
    for (const text of ['run 1', 'run 2']) {
      expect(await get(app, '/off')).toMatchObject({ text, cacheStatus: 'undefined' })
      expect(await get(without, '/none')).toMatchObject({ text, cacheStatus: 'undefined' })
    }
  })

  test('on an instance below belongs to the plugin there', async () => {
    const { app } = await manualApp()
    await app.register(
      async (inner) => {
        await inner.register(responseCache, { cache: setup().cache, life, hook: 'manual' })
        inner.get('/page', served(counter().handler))
      },
      { prefix: '/inner' },
    )
    await expectCached(app, '/inner/page', 'run 1')
  })

  test.each(['preHandler', 'onRequest'] as const)('is refused where the hook is %s', async (hook) => {
    const { app } = await manualApp({ hook })
    const { handler, runs } = counter()
    app.get('/', served(handler))
    const { status, text } = await get(app, '/')
    expect({ status, ...JSON.parse(text) }).toMatchObject({
      status: 500,
      code: 'ERR_RESTALE_INVALID_OPTION',
      message: expect.stringContaining("hook: 'manual'"),
    })
    expect(runs()).toBe(0)
  })

  test('is not called: nothing is cached, as on a route with cache: false', async () => {
    const { app, cache } = await manualApp({ life })
    app.get('/', async (request) => {
      request.cache.life('hours')
      request.cache.tag('a')
      return request.cache.status
    })
    app.get('/says', async () => cache.cacheLife('hours'))
    expect(await get(app, '/')).toMatchObject({ text: 'bypass', cacheStatus: 'undefined' })
    expect(JSON.parse((await get(app, '/says')).text)).toMatchObject({ code: 'ERR_RESTALE_NO_SCOPE' })
  })
})
