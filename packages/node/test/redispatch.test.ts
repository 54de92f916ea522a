import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Refill } from '@restale/core/http'
import { describe, expect, test } from 'vitest'
import { isRefill, redispatch, refillOf } from '../src/redispatch.ts'
import { exchange, quiet } from './support.ts'

/** What `redispatch` reads of a refill. */
function refill(parts: Partial<Refill> = {}): Refill {
  const plain = { method: 'GET', target: '/page?a=1', headers: ['Host', 'a.example'], ...parts }
  return plain as unknown as Refill
}

/** Runs it, and gives the request that the listener got. */
async function dispatched(parts: Partial<Refill> = {}, origin?: Socket): Promise<IncomingMessage> {
  let got: IncomingMessage | undefined
  const listener: RequestListener = (request, response) => {
    got = request
    response.end()
  }
  await redispatch(listener, refill(parts), origin)
  return got as IncomingMessage
}

describe('the request', () => {
  test('has method, URL and HTTP version, and is complete', async () => {
    const request = await dispatched()
    expect([request.method, request.url, request.httpVersion]).toEqual(['GET', '/page?a=1', '1.1'])
    expect(request.complete).toBe(true)
  })

  test('has its headers in every form in which Node gives them', async () => {
    const lines = ['Host', 'a.example', 'X-List', '1', 'x-list', '2', 'Accept', 'text/html']
    const request = await dispatched({ headers: lines })
    expect(request.rawHeaders).toEqual(lines)
    expect(request.headers).toEqual({ host: 'a.example', 'x-list': '1, 2', accept: 'text/html' })
    expect(request.headersDistinct['x-list']).toEqual(['1', '2'])
  })

  test('has no body, and ends for who reads it', async () => {
    let body: string | undefined
    await redispatch(
      async (request, response) => {
        body = ''
        for await (const chunk of request) body += chunk
        response.end()
      },
      refill(),
      undefined,
    )
    expect(body).toBe('')
  })

  test('is told apart from a client’s, by whoever asks', async () => {
    const ours = refill()
    let seen: unknown[] = []
    await redispatch(
      (request, response) => {
        seen = [isRefill(request), refillOf(request)]
        response.end()
      },
      ours,
      undefined,
    )
    expect(seen).toEqual([true, ours])
    await exchange((request, response) => {
      expect([isRefill(request), refillOf(request)]).toEqual([false, undefined])
      response.end()
    })
  })

  test('comes from the peer of its trigger', async () => {
    let origin: Socket | undefined
    let copy: Partial<Socket> = {}
    let request: IncomingMessage | undefined
    await exchange(async (trigger, response) => {
      origin = trigger.socket
      const { remoteAddress, remoteFamily, remotePort, localAddress, localPort } = origin
      copy = { remoteAddress, remoteFamily, remotePort, localAddress, localPort } as Partial<Socket>
      request = await dispatched({}, origin)
      response.end()
    })
    expect(copy.remoteAddress).toBe('127.0.0.1')
    expect(request?.socket).toMatchObject(copy)
    expect(request?.socket).not.toBe(origin)
    expect(request?.socket.address()).toMatchObject({ address: '127.0.0.1', port: copy.localPort })
    expect(request?.socket).toHaveProperty('encrypted', undefined)
  })

  test('tells that its trigger came over TLS', async () => {
    const request = await dispatched({}, { encrypted: true, servername: 'a.example' } as unknown as Socket)
    expect(request.socket).toMatchObject({ encrypted: true, servername: 'a.example' })
  })

  test('can be set up as a connection: timeouts, delays, references', async () => {
    const { socket } = await dispatched()
    expect(socket.setTimeout(5).setNoDelay(true).setKeepAlive(true).ref().unref()).toBe(socket)
  })
})

describe('the response', () => {
  test('takes all that is written, however much', async () => {
    const chunk = 'x'.repeat(100_000)
    let piped: Promise<void> | undefined
    await redispatch(
      (_request, response) => {
        piped = pipeline(Readable.from(Array(50).fill(chunk)), response)
      },
      refill(),
      undefined,
    )
    await piped
  })

  test('finishes, closes and calls back as one that is sent', async () => {
    const seen: string[] = []
    await redispatch(
      (_request, response) => {
        response.once('finish', () => seen.push('finish'))
        response.once('close', () => seen.push('close'))
        response.writeHead(200, { 'Content-Type': 'text/plain' })
        response.write('a', () => seen.push('write'))
        response.end('b', () => seen.push('end'))
      },
      refill(),
      undefined,
    )
    // Node 20 finishes before it calls back, later versions after.
    expect([...seen].sort()).toEqual(['close', 'end', 'finish', 'write'])
    expect([seen[0], seen.at(-1)]).toEqual(['write', 'close'])
  })

  test('informational heads and trailers do no harm', async () => {
    await redispatch(
      (_request, response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' })
        response.writeHead(200, { Trailer: 'X-T' })
        response.write('a')
        response.addTrailers({ 'X-T': '1' })
        response.end()
      },
      refill(),
      undefined,
    )
  })
})

describe('it is over', () => {
  async function outcome(listener: (request: IncomingMessage, response: ServerResponse) => unknown) {
    return redispatch(listener as RequestListener, refill(), undefined).then(
      () => 'resolved',
      (error) => error,
    )
  }

  test('when the response has ended', async () => {
    expect(await outcome((_request, response) => response.end('x'))).toBe('resolved')
  })

  test.each<[string, (request: IncomingMessage, response: ServerResponse) => unknown]>([
    ['the response is destroyed', (_request, response) => response.destroy()],
    ['the response is destroyed with an error', (_request, response) => response.destroy(new Error('boom'))],
    ['the request is destroyed', (request) => request.destroy()],
    ['the socket is destroyed', (request) => request.socket.destroy(new Error('boom'))],
  ])('when %s', async (_name, act) => {
    expect(await outcome(act)).toBe('resolved')
  })

  test('with the error that the listener throws or rejects with', async () => {
    const error = new Error('boom')
    const thrown = await outcome(() => {
      throw error
    })
    expect(thrown).toBe(error)
    expect(await outcome(async () => Promise.reject(error))).toBe(error)
  })

  test('not before', async () => {
    let end = () => {}
    let isOver = false
    const over = outcome((_request, response) => {
      end = () => void response.end()
    }).then(() => {
      isOver = true
    })
    await quiet()
    expect(isOver).toBe(false)
    end()
    await over
  })
})

test('the listener runs when what was to be sent is on its way', async () => {
  let isRunning = false
  const over = redispatch(
    (_request, response) => {
      isRunning = true
      response.end()
    },
    refill(),
    undefined,
  )
  await Promise.resolve()
  expect(isRunning).toBe(false)
  await over
  expect(isRunning).toBe(true)
})

test('the listener runs in the async context of who calls', async () => {
  const storage = new AsyncLocalStorage<string>()
  let seen: unknown
  await storage.run('caller', () =>
    redispatch(
      (_request, response) => {
        seen = storage.getStore()
        response.end()
      },
      refill(),
      undefined,
    ),
  )
  expect(seen).toBe('caller')
})
