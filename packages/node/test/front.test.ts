import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import type { ResponseCacheOptions } from '@restale/core/http'
import { settled } from '@restale/core/testing'
import express from 'express'
import Koa from 'koa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { responseCache as expressCache } from '../../express/src/index.ts'
import { send } from '../../express/test/raw-client.ts'
import { barrier, hit, life, quietApp, setup, stale, stored } from '../../express/test/support.ts'
import { responseCache as koaCache } from '../../koa/src/index.ts'
import type { Listener } from '../src/index.ts'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'
import { quiet } from './support.ts'

async function listen(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    get: (path: string, headers: Readonly<Record<string, string>> = {}) => send(port, { path, headers }),
    post: (path: string) => send(port, { method: 'POST', path, body: 'x' }),
  }
}

async function site(listener: Listener, options: ResponseCacheOptions<IncomingMessage> = { life }) {
  const { cache, clock } = setup()
  const front = responseCache(cache, listener, options)
  return { cache, clock, front, ...(await listen(front as RequestListener)) }
}

describe('a plain listener', () => {
  test('has the handle, and its entity tags are strong', async () => {
    const { cache, get } = await site((request, response) => {
      request.cache.life('hours')
      request.cache.tag('a')
      response.end(request.cache.status)
    }, {})
    const first = await get('/it')
    expect([first.text, stored.test(first.cacheStatus)]).toEqual(['miss', true])
    expect(first.header('etag')).toMatch(/^"/)
    expect((await get('/it')).cacheStatus).toMatch(hit)
    await cache.updateTag('a')
    expect((await get('/it')).cacheStatus).toMatch(stored)
  })

  test('a response that cannot be recorded holds up nobody', async () => {
    const { cache } = setup()
    const front = responseCache(cache, (_request, response) => response.end('it'), {
      life,
    }) as RequestListener
    const { get } = await listen((request, response) => {
      const fixed = { value: response.writeHead, writable: false }
      if (request.headers['x-fixed'] !== undefined) Object.defineProperty(response, 'writeHead', fixed)
      try {
        front(request, response)
      } catch {
        request.socket.destroy()
      }
    })
    await expect(get('/it', { 'X-Fixed': '1' })).rejects.toThrow()
    expect((await get('/it')).text).toBe('it')
  })

  test('a refill meets all that stands around the cache', async () => {
    const { cache, clock } = setup()
    const seen: string[] = []
    const front = responseCache(cache, (request, response) => response.end(`refill ${isRefill(request)}`), {
      life,
    })
    const { get } = await listen((request, response) => {
      seen.push(`${isRefill(request)} ${request.socket.remoteAddress}`)
      return front(request, response)
    })
    await get('/it')
    clock.advance(61_000)
    expect((await get('/it')).cacheStatus).toMatch(stale)
    await settled(cache)
    expect((await get('/it')).text).toBe('refill true')
    expect(seen.filter((line) => line.startsWith('true'))).toEqual(['true 127.0.0.1'])
  })

  test.each(['X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Forwarded-Port', 'Forwarded'])(
    'what a client says in %s is told to no other',
    async (name) => {
      const { get } = await site((request, response) =>
        response.end(`from ${request.headers[name.toLowerCase()]}`),
      )
      expect((await get('/it', { [name]: 'evil.example' })).text).toBe('from evil.example')
      expect((await get('/it')).text).toBe('from undefined')
      expect((await get('/it', { [name]: 'evil.example' })).cacheStatus).toMatch(hit)
    },
  )

  test('requests on one connection, sent at once, are answered in order', async () => {
    const { port } = await site(async (request, response) => {
      if (request.url === '/slow') await quiet()
      response.end(request.url)
    })
    const ask = async () => {
      const socket = connect({ port, host: '127.0.0.1' })
      const paths = ['/slow', '/a', '/slow', '/b', '/a']
      const requests = paths.map((path, index) =>
        [`GET ${path} HTTP/1.1`, 'Host: x', ...(index === 4 ? ['Connection: close'] : []), '', ''].join(
          '\r\n',
        ),
      )
      socket.write(requests.join(''))
      const text = (await socket.setEncoding('latin1').toArray()).join('')
      return [...text.matchAll(/\r\n\r\n(\/[a-z]+)/g)].map((match) => match[1])
    }
    for (let round = 0; round < 2; round++) expect(await ask()).toEqual(['/slow', '/a', '/slow', '/b', '/a'])
  })

  test('upgrades and CONNECT are the server’s, or pass', async () => {
    const { server, get, port } = await site((_request, response) => response.end('x'))
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' }
    const passed = await get('/it', upgrade)
    expect(passed.cacheStatus).toBe('restale; fwd=bypass; detail=upgrade')
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nup'))
    server.on('connect', (_request, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\ntunnel'))
    const raw = async (head: string) => {
      const socket = connect({ port, host: '127.0.0.1' })
      socket.write(`${head}\r\n\r\n`)
      return (await socket.setEncoding('latin1').toArray()).join('')
    }
    expect(await raw('GET /it HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket')).toMatch(
      /up$/,
    )
    expect(await raw('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443')).toMatch(/tunnel$/)
  })
})

describe('a listener that fails', () => {
  /** What a process hears of it, who has nobody else to tell. */
  function heard(name: 'unhandledRejection' | 'uncaughtException'): unknown[] {
    const before = process.listeners(name as 'uncaughtException')
    const errors: unknown[] = []
    process.removeAllListeners(name)
    process.on(name, (error: unknown) => errors.push(error))
    onTestFinished(() => {
      process.removeAllListeners(name)
      for (const listener of before) process.on(name as 'uncaughtException', listener)
    })
    return errors
  }

  test('asynchronously: the process hears of it once, as without a cache', async () => {
    const errors = heard('unhandledRejection')
    const boom = new Error('boom')
    const listener: Listener = async (_request, response) => {
      response.statusCode = 500
      response.end('no')
      throw boom
    }
    const { get } = await site(listener)
    expect((await get('/it')).text).toBe('no')
    await quiet()
    expect(errors).toEqual([boom])
  })

  test('synchronously: whoever calls it hears of it', async () => {
    const { cache } = setup()
    const front = responseCache(
      cache,
      () => {
        throw new Error('boom')
      },
      { life },
    )
    const { get } = await listen((request, response) => {
      try {
        front(request, response)
      } catch (error) {
        response.end(`caught ${(error as Error).message}`)
      }
    })
    for (let round = 0; round < 2; round++) expect((await get('/it')).text).toBe('caught boom')
  })

  test('in a refill: the old response stays', async () => {
    const { cache, clock } = setup()
    let runs = 0
    const front = responseCache(
      cache,
      (_request, response) => {
        if (++runs === 2) throw new Error('boom')
        response.end(`run ${runs}`)
      },
      { life },
    )
    const { get } = await listen(front as RequestListener)
    await get('/it')
    clock.advance(61_000)
    await get('/it')
    await settled(cache)
    const again = await get('/it')
    expect([again.text, stale.test(again.cacheStatus)]).toEqual(['run 1', true])
  })
})

describe('around Express', () => {
  test('hits are answered before it sees the request', async () => {
    const { cache, clock } = setup()
    const app = quietApp()
    let seen = 0
    app.use((_req, _res, next) => {
      seen++
      next()
    })
    app.get('/it', (_req, res) => void res.send(`seen ${seen}`))
    const { get } = await listen(
      responseCache(cache, app as unknown as Listener, { life }) as RequestListener,
    )
    expect((await get('/it')).cacheStatus).toMatch(stored)
    const second = await get('/it')
    expect([second.text, seen]).toEqual(['seen 1', 1])
    expect(second.header('etag')).toBeDefined()
    expect((await get('/it', { 'If-None-Match': second.header('etag') as string })).status).toBe(304)
    clock.advance(61_000)
    await get('/it')
    await settled(cache)
    expect((await get('/it')).text).toBe('seen 2')
  })

  test('a mount inside owns what it caches, the front what is left', async () => {
    const { cache } = setup()
    const app = quietApp()
    let guarded = 0
    app.use('/inner', (_req, _res, next) => {
      guarded++
      next()
    })
    app.get('/inner', expressCache(cache, { life }), (_req, res) => void res.send('inner'))
    app.get('/outer', (_req, res) => void res.send('outer'))
    const { get } = await listen(
      responseCache(cache, app as unknown as Listener, { life }) as RequestListener,
    )
    for (const path of ['/inner', '/outer']) await get(path)
    for (const path of ['/inner', '/outer', '/inner']) {
      const response = await get(path)
      expect([response.text, response.values('cache-status').length]).toEqual([path.slice(1), 1])
      expect(response.cacheStatus).toMatch(hit)
    }
    expect(guarded).toBe(3)
  })

  test('who logs in by Express is kept out', async () => {
    const { cache } = setup()
    const app = express()
    app.use((req, _res, next) => {
      if (req.get('x-api-key') === 'k') Object.assign(req, { user: { name: 'ann' } })
      next()
    })
    app.get('/it', (_req, res) => void res.send('x'))
    const { get } = await listen(
      responseCache(cache, app as unknown as Listener, { life }) as RequestListener,
    )
    expect((await get('/it', { 'X-Api-Key': 'k' })).cacheStatus).toBe(
      'restale; fwd=uri-miss; detail=authenticated',
    )
  })
})

describe('around Koa', () => {
  test('hits are answered before it sees the request, streams too', async () => {
    const { cache, clock } = setup()
    const app = new Koa()
    let seen = 0
    app.use((ctx) => {
      seen++
      ctx.body = ctx.path === '/stream' ? new Blob([`seen ${seen}`]).stream() : { seen }
    })
    const { get } = await listen(
      responseCache(cache, app.callback() as Listener, { life }) as RequestListener,
    )
    await get('/it')
    await get('/stream')
    expect((await get('/it')).text).toBe('{"seen":1}')
    expect((await get('/stream')).text).toBe('seen 2')
    clock.advance(61_000)
    await get('/it')
    await settled(cache)
    expect([(await get('/it')).text, seen]).toEqual(['{"seen":3}', 3])
  })

  test('a mount inside owns what it caches', async () => {
    const { cache, clock } = setup()
    const app = new Koa()
    let outer = 0
    app.use((_ctx, next) => {
      outer++
      return next()
    })
    app.use(koaCache(cache, { life }))
    app.use((ctx) => {
      ctx.body = `outer ${outer}`
    })
    const { get } = await listen(
      responseCache(cache, app.callback() as Listener, { life }) as RequestListener,
    )
    await get('/it')
    const second = await get('/it')
    expect([second.text, outer, hit.test(second.cacheStatus)]).toEqual(['outer 1', 2, true])
    clock.advance(61_000)
    await get('/it')
    await settled(cache)
    expect((await get('/it')).text).toBe('outer 4')
  })

  test('data read between the two is not taken for newer than it is', async () => {
    const { cache } = setup()
    const app = new Koa()
    let version = 1
    let gate: ReturnType<typeof barrier> | undefined
    app.use(async (ctx, next) => {
      ctx.state.item = version
      await gate?.wait()
      await next()
    })
    app.use(koaCache(cache, { life, tags: ['item'] }))
    app.use((ctx) => {
      ctx.body = String(ctx.state.item)
    })
    const { get } = await listen(responseCache(cache, app.callback() as Listener, {}) as RequestListener)
    await get('/it')
    await cache.updateTag('item')
    gate = barrier()
    const early = get('/it')
    await gate.reached
    version = 2
    await cache.updateTag('item')
    gate.open()
    gate = undefined
    expect((await early).text).toBe('1')
    expect((await get('/it')).text).toBe('2')
  })
})

test('the endpoint stands beside it', async () => {
  const { cache } = setup()
  const secret = 'a secret of some length'
  const endpoint = revalidateEndpoint(cache, { secret })
  const front = responseCache(cache, (_request, response: ServerResponse) => response.end('x'), {
    life,
    tags: ['a'],
  })
  const { get, post } = await listen((request, response) =>
    endpoint(request, response, () => front(request, response)),
  )
  await get('/it')
  expect((await get('/api/revalidate?tag=a')).status).toBe(401)
  expect((await get('/it')).cacheStatus).toMatch(hit)
  const bearer = { Authorization: `Bearer ${secret}` }
  expect((await get('/api/revalidate?tag=a', bearer)).status).toBe(200)
  expect((await get('/it')).cacheStatus).toMatch(stale)
  expect((await post('/it')).cacheStatus).toBe('restale; fwd=method')
})
