import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { connect, createSecureServer } from 'node:http2'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { rfc9111 } from '@restale/core'
import type { ResponseCacheOptions } from '@restale/core/http'
import { settled } from '@restale/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { barrier, hit, life, setup, stale, stored } from '../../express/test/support.ts'
import type { CachedRequest } from '../src/index.ts'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'
import { quiet } from './support.ts'
import { cert, key } from './tls.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly cacheStatus: string
}

type Listener = (request: CachedRequest, response: ServerResponse) => unknown

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** A server that speaks both, and a client of each. */
async function site(listener: Listener, options: ResponseCacheOptions<IncomingMessage> = { life }) {
  const { cache, clock } = setup()
  const cached = responseCache(cache, listener, options) as unknown as Parameters<
    typeof createSecureServer
  >[1]
  const server = createSecureServer({ key, cert, allowHTTP1: true }, cached)
  const port = await listening(server)
  const session = connect(`https://localhost:${port}`, { rejectUnauthorized: false })
  onTestFinished(() => session.destroy())
  const stream = (path: string, headers: OutgoingHttpHeaders = {}) =>
    session.request({ ':path': path, ...headers })
  const get = async (path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> => {
    const request = stream(path, headers)
    const [answered] = (await once(request, 'response')) as [IncomingHttpHeaders & { ':status': number }]
    const text = (await request.setEncoding('utf8').toArray()).join('')
    return {
      status: answered[':status'],
      headers: answered,
      text,
      cacheStatus: String(answered['cache-status']),
    }
  }
  const get1 = (path: string) => overHttp1(port, path)
  return { cache, clock, port, get, get1, stream }
}

async function overHttp1(port: number, path: string): Promise<Answer> {
  const headers = { Host: `localhost:${port}` }
  const target = { port, path, host: '127.0.0.1', headers }
  const outgoing = httpsRequest({ ...target, rejectUnauthorized: false, agent: false }).end()
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const text = (await response.setEncoding('utf8').toArray()).join('')
  const { statusCode = 0, headers: answered } = response
  return { status: statusCode, headers: answered, text, cacheStatus: String(answered['cache-status']) }
}

describe('HTTP/2', () => {
  test('a miss, a hit, a 304 and a HEAD', async () => {
    const { get } = await site((_request, response) => {
      response.setHeader('X-Kind', ['a', 'b'])
      response.end('größe')
    })
    const first = await get('/it')
    expect([first.status, first.text]).toEqual([200, 'größe'])
    expect(first.cacheStatus).toMatch(stored)
    const second = await get('/it')
    expect(second.cacheStatus).toMatch(hit)
    expect([second.text, second.headers['x-kind'], second.headers['content-length']]).toEqual([
      'größe',
      'a, b',
      '7',
    ])
    const etag = second.headers.etag as string
    expect(etag).toMatch(/^"/)
    expect(first.headers.etag).toBe(etag)
    const third = await get('/it', { 'if-none-match': etag })
    expect([third.status, third.text]).toEqual([304, ''])
    const head = await get('/it', { ':method': 'HEAD' })
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '7'])
  })

  test('conditions and ranges on a cold key are the business of the cache', async () => {
    const seen: unknown[] = []
    const { get } = await site(({ headers, rawHeaders }, response) => {
      seen.push(headers.range, rawHeaders.includes('if-none-match'))
      response.setHeader('ETag', '"a"')
      response.end('all of it')
    })
    const first = await get('/it', { 'if-none-match': '"a"' })
    expect([first.status, first.text]).toEqual([304, ''])
    expect(seen).toEqual([undefined, false])
    expect((await get('/it')).text).toBe('all of it')
  })

  test.each<[string, Listener, string]>([
    ['writeHead with an object', (_, response) => response.writeHead(200, { 'X-Kind': 'a' }).end('ab'), 'ab'],
    [
      'writeHead with a flat list',
      (_, response) => response.writeHead(200, ['X-Kind', 'a'] as never).end('ab'),
      'ab',
    ],
    [
      'parts, the last of them in end',
      (_, response) => {
        response.setHeader('X-Kind', 'a')
        response.write('a')
        response.write(Buffer.from('b'))
        response.end('c')
      },
      'abc',
    ],
    [
      'end after writeHead',
      (_, response) => {
        response.writeHead(200, { 'x-kind': 'a' })
        response.write('a')
        response.end()
      },
      'a',
    ],
  ])('%s', async (_name, listener, text) => {
    const { get, get1 } = await site(listener)
    const answers = [await get('/it'), await get('/it'), await get1('/it')]
    for (const answer of answers) expect([answer.text, answer.headers['x-kind']]).toEqual([text, 'a'])
    expect(answers.map(({ cacheStatus }) => hit.test(cacheStatus))).toEqual([false, true, true])
  })

  test('shares its entries with HTTP/1.1, both ways', async () => {
    const { get, get1 } = await site((request, response) => response.end(request.httpVersion))
    await get1('/one')
    expect((await get('/one')).text).toBe('1.1')
    await get('/two')
    expect((await get1('/two')).text).toBe('2.0')
  })

  test('a refill is a plain request, with a host and without pseudo headers', async () => {
    const seen: unknown[] = []
    const { cache, clock, get } = await site((request, response) => {
      const { method, url, headers, rawHeaders, httpVersion } = request
      if (isRefill(request))
        seen.push([method, url, headers, rawHeaders, httpVersion, request.socket.remoteAddress])
      response.end(`run ${isRefill(request)}`)
    })
    const headers = { ':authority': 'a.example', 'x-a': '1' }
    await get('/it?a=1', headers)
    clock.advance(61_000)
    expect((await get('/it?a=1', headers)).cacheStatus).toMatch(stale)
    await settled(cache)
    expect((await get('/it?a=1', headers)).text).toBe('run true')
    expect(seen).toEqual([
      [
        'GET',
        '/it?a=1',
        { 'x-a': '1', host: 'a.example' },
        ['x-a', '1', 'Host', 'a.example'],
        '1.1',
        '127.0.0.1',
      ],
    ])
  })

  test('two names of a host are none', async () => {
    const { get } = await site((request, response) =>
      response.end(`${request.headers[':authority']} ${request.headers.host}`),
    )
    const both = { ':authority': 'a.example', host: 'b.example' }
    for (let round = 0; round < 2; round++) {
      expect((await get('/it', both)).cacheStatus).toBe('restale; fwd=bypass; detail=host')
    }
    expect((await get('/it', { ':authority': 'a.example' })).cacheStatus).toMatch(stored)
    expect((await get('/it', { ':authority': 'b.example' })).cacheStatus).toMatch(stored)
  })

  test('a client that leaves mid-stream, and one that leaves while it waits', async () => {
    let runs = 0
    const gate = barrier()
    const { get, stream } = await site(async (_request, response) => {
      const isFirst = ++runs === 1
      if (isFirst) {
        response.write('start')
        await gate.wait()
      }
      response.end(isFirst ? 'end' : 'whole')
    })
    const leader = stream('/it')
    await once(leader, 'response')
    const follower = stream('/it')
    await quiet()
    follower.close()
    leader.close()
    await quiet(50)
    gate.open()
    expect((await get('/it')).text).toBe('whole')
    expect((await get('/it')).cacheStatus).toMatch(hit)
    expect(runs).toBe(2)
  })

  test('a waiter that has left is not answered', async () => {
    const gate = barrier()
    const { get, stream } = await site(async (_request, response) => {
      await gate.wait()
      response.end('late')
    })
    const leader = get('/it')
    await gate.reached
    const follower = stream('/it')
    await quiet(50)
    follower.close()
    await quiet(50)
    gate.open()
    expect((await leader).text).toBe('late')
    expect((await get('/it')).cacheStatus).toMatch(hit)
  })

  test('parts of what is stored, and of what is just being stored', async () => {
    const { get } = await site((_request, response) => response.end('0123456789'))
    for (const how of [stored, hit]) {
      const part = await get('/it', { range: 'bytes=2-4' })
      expect([part.status, part.text, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10'])
      expect(part.headers['content-length']).toBe('3')
      expect(part.cacheStatus.replace(' fwd-status=200;', '')).toMatch(how)
      const none = await get('/it', { range: 'bytes=20-' })
      expect([none.status, none.text, none.headers['content-range']]).toEqual([416, '', 'bytes */10'])
    }
  })

  test('what is stored is asked for by its validator, and goes out in the place of an error', async () => {
    let status = 200
    const { clock, get } = await site((request, response) => {
      response.setHeader('ETag', '"a"')
      response.setHeader('Cache-Control', 'max-age=10')
      response.statusCode = request.headers['if-none-match'] === '"a"' && status === 200 ? 304 : status
      response.end(response.statusCode === 304 ? undefined : `${status}`)
    }, rfc9111())
    expect((await get('/it')).text).toBe('200')
    clock.advance(15_000)
    const renewed = await get('/it')
    expect([renewed.status, renewed.text]).toEqual([200, '200'])
    expect(renewed.cacheStatus).toBe('restale; fwd=stale; fwd-status=304; stored')
    clock.advance(15_000)
    status = 503
    const instead = await get('/it')
    expect([instead.status, instead.text]).toEqual([200, '200'])
    expect(instead.cacheStatus).toBe('restale; fwd=stale; fwd-status=503; detail=stale-if-error')
  })

  test('a response without a body to an unsafe request invalidates what is stored', async () => {
    let runs = 0
    const { get } = await site((request, response) => {
      response.statusCode = request.method === 'DELETE' ? 204 : 200
      response.end(request.method === 'DELETE' ? undefined : `run ${++runs}`)
    })
    await get('/it')
    expect((await get('/it')).cacheStatus).toMatch(hit)
    expect((await get('/it', { ':method': 'DELETE' })).status).toBe(204)
    expect((await get('/it')).text).toBe('run 2')
  })

  test('the endpoint answers, too', async () => {
    const { cache } = setup()
    const secret = 'a secret of some length'
    const endpoint = revalidateEndpoint(cache, { secret }) as unknown as RequestListener
    const server = createSecureServer({ key, cert }, endpoint as never)
    const port = await listening(server)
    const session = connect(`https://localhost:${port}`, { rejectUnauthorized: false })
    onTestFinished(() => session.destroy())
    const request = session.request({
      ':path': '/api/revalidate',
      ':method': 'POST',
      'content-type': 'application/json',
      authorization: `Bearer ${secret}`,
    })
    request.end(JSON.stringify({ tag: 'a' }))
    expect(JSON.parse((await request.setEncoding('utf8').toArray()).join(''))).toMatchObject({
      revalidated: true,
    })
  })
})

test('HTTPS: an entry of its own, and a refill that knows of it', async () => {
  const { cache, clock } = setup()
  const listener: Listener = (request, response) => {
    const { encrypted } = request.socket as { encrypted?: boolean }
    response.end(`${encrypted} ${isRefill(request)}`)
  }
  const port = await listening(
    createHttpsServer({ key, cert }, responseCache(cache, listener, { life }) as RequestListener),
  )
  expect((await overHttp1(port, '/it')).text).toBe('true false')
  clock.advance(61_000)
  await overHttp1(port, '/it')
  await settled(cache)
  expect((await overHttp1(port, '/it')).text).toBe('true true')
})
