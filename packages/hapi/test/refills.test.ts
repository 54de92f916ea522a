import { once } from 'node:events'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Request } from '@hapi/hapi'
import { settled } from '@restale/core/testing'
import { describe, expect, it } from 'vitest'
import { isRefill, responseCache } from '../src/index.ts'
import { cachedServer, isHit, isStale, life, miss, quietServer, setup, statusOf } from './support.ts'

describe('a refill', () => {
  it('is told apart by isRefill', async () => {
    const { server, clock, get, settled } = await cachedServer({ life })
    const seen: unknown[] = []
    server.events.on('response', (request) => {
      seen.push([isRefill(request), request.cache.status])
    })
    server.route({ method: 'GET', path: '/page', handler: (request) => `${isRefill(request)}` })
    await get('/page')
    clock.advance(61_000)
    expect(await get('/page')).toSatisfy(isStale)
    await settled()
    expect((await get('/page')).payload).toBe('true')
    expect(seen).toEqual([
      [false, 'miss'],
      [false, 'stale'],
      [true, 'refill'],
      [false, 'hit'],
    ])
  })

  it('has exactly the headers of its trigger, raw ones too', async () => {
    const { server, clock, settled } = await cachedServer({ life })
    const seen: unknown[] = []
    server.route({
      method: 'GET',
      path: '/page',
      handler: ({ headers, raw }) => {
        seen.push({ ...headers }, [...raw.req.rawHeaders])
        return 'page'
      },
    })
    await server.start()
    const ask = async () => {
      const socket = connect(server.info.port as number, '127.0.0.1')
      socket.write('GET /page HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n')
      socket.resume()
      await once(socket, 'close')
    }
    await ask()
    clock.advance(61_000)
    await ask()
    await settled()
    expect(seen).toEqual([
      { host: 'a.test', 'x-a': '1, 2', connection: 'close' },
      ['Host', 'a.test', 'X-A', '1', 'X-A', '2', 'Connection', 'close'],
      { host: 'a.test', 'x-a': '1, 2' },
      ['Host', 'a.test', 'X-A', '1', 'X-A', '2'],
    ])
  })

  it('tells of the connection what its trigger told', async () => {
    const { server, clock, get, settled } = await cachedServer({ life })
    const seen: unknown[] = []
    server.route({
      method: 'GET',
      path: '/page',
      handler: ({ info, raw }) => {
        const socket = raw.req.socket as unknown as { encrypted?: boolean; getProtocol?(): string }
        seen.push([info.remoteAddress, info.remotePort, socket.encrypted, socket.getProtocol?.()])
        return 'page'
      },
    })
    server.ext('onRequest', (request, h) => {
      if (isRefill(request)) return h.continue
      const tls = { encrypted: true, remotePort: 5000, getProtocol: () => 'TLSv1.3' }
      Object.assign(request.raw.req.socket, tls)
      return h.continue
    })
    const options = { remoteAddress: '203.0.113.7' }
    await get('/page', options)
    clock.advance(61_000)
    await get('/page', options)
    await settled()
    expect(seen).toEqual(Array(2).fill(['203.0.113.7', 5000, true, 'TLSv1.3']))
  })

  it('reaches a route that is internal if its trigger did', async () => {
    const { server, clock, get, settled } = await cachedServer({ life })
    let runs = 0
    server.route({
      method: 'GET',
      path: '/page',
      handler: () => `run ${++runs}`,
      options: { isInternal: true },
    })
    const options = { allowInternals: true }
    await get('/page', options)
    clock.advance(61_000)
    await get('/page', options)
    await settled()
    expect((await get('/page', options)).payload).toBe('run 2')
    expect((await get('/page')).statusCode).toBe(404)
  })

  it('that is not going to be stored is ended, however long it would go on', async () => {
    const { server, clock, get, settled } = await cachedServer({ life })
    const streams: PassThrough[] = []
    server.route({
      method: 'GET',
      path: '/page',
      handler: (request: Request, h) => {
        if (!isRefill(request)) return 'page'
        const stream = new PassThrough()
        stream.write('data: 1\n\n')
        streams.push(stream)
        return h.response(stream).type('text/event-stream')
      },
    })
    await get('/page')
    clock.advance(61_000)
    await get('/page')
    await settled()
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true])
  })

  it('that grows over the cap is ended there', async () => {
    const { cache, clock } = setup({ memory: { maxEntryBytes: 1024 } })
    const server = quietServer()
    await server.register({ plugin: responseCache, options: { cache, life } })
    let sent = 0
    server.route({
      method: 'GET',
      path: '/page',
      handler: (request, h) => {
        if (!isRefill(request)) return 'page'
        const stream = new PassThrough()
        void (async () => {
          while (!stream.destroyed && sent < 1_000) {
            stream.write('x'.repeat(100))
            sent++
            await setImmediate()
          }
          stream.end()
        })()
        return h.response(stream)
      },
    })
    await server.inject('/page')
    clock.advance(61_000)
    await server.inject('/page')
    await settled(cache)
    expect(sent).toBeLessThan(100)
    expect(statusOf(await server.inject('/page'))).toMatch(/fwd=uri-miss/)
  })
})

describe('the log of the server', () => {
  it('hears of refills that fail, while the server runs', async () => {
    const { server, clock, get, settled } = await cachedServer({ life })
    const logged: unknown[] = []
    server.events.on('log', ({ tags, error }) => {
      if (tags.includes('restale')) logged.push([tags, (error as Error).message])
    })
    server.ext('onPreAuth', (request, h) =>
      isRefill(request) ? h.response('too many').code(429).takeover() : h.continue,
    )
    server.route({ method: 'GET', path: '/page', handler: () => 'page' })
    await server.start()
    await get('/page')
    clock.advance(61_000)
    await get('/page')
    await settled()
    expect(logged).toEqual([[['restale', 'error'], 'The refill ended before it reached the cache']])
    await server.stop()
    clock.advance(3_600)
    await get('/page')
    await settled()
    expect(logged).toHaveLength(1)
  })
})

describe('stopping', () => {
  async function refilling(closeCache: boolean) {
    const { server, clock, get, cache } = await cachedServer({ life, closeCache })
    let release = () => {}
    server.route({
      method: 'GET',
      path: '/page',
      handler: async (request) => {
        if (isRefill(request)) await new Promise<void>((resolve) => (release = resolve))
        return isRefill(request) ? 'filled again' : 'page'
      },
    })
    await server.start()
    await get('/page')
    clock.advance(61_000)
    await get('/page')
    await setImmediate()
    await setImmediate()
    return { server, get, cache, release: () => release() }
  }

  it('waits for refills', async () => {
    const { server, get, cache, release } = await refilling(false)
    let hasStopped = false
    const stopped = server.stop().then(() => {
      hasStopped = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(hasStopped).toBe(false)
    release()
    await stopped
    expect(cache.enabled).toBe(true)
    const response = await get('/page')
    expect(response).toSatisfy(isHit)
    expect(response.payload).toBe('filled again')
  })

  it('closes the cache if told so', async () => {
    const { server, cache, release } = await refilling(true)
    release()
    await server.stop()
    expect(cache.enabled).toBe(false)
  })

  it('a server that was stopped can start again', async () => {
    const { server, get } = await cachedServer({ life })
    server.route({ method: 'GET', path: '/page', handler: () => 'page' })
    await server.start()
    await server.stop()
    await server.start()
    expect(statusOf(await get('/page'))).toBe(miss)
    expect(await get('/page')).toSatisfy(isHit)
  })
})
