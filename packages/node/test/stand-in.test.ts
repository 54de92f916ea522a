import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { rfc9111 } from '@restale/core'
import { describe, expect, test } from 'vitest'
import { send } from '../../express/test/raw-client.ts'
import { setup } from '../../express/test/support.ts'
import type { Listener } from '../src/index.ts'
import { responseCache } from '../src/index.ts'
import { listen } from './support.ts'

const standsIn = 'restale; fwd=stale; fwd-status=503; detail=stale-if-error'

/** A page that is stored, and stale by the time its listener is `failing`. */
async function outage(failing: Listener, around: (front: Listener) => Listener = (front) => front) {
  const { cache, clock } = setup()
  let isFailing = false
  const page: Listener = (request, response) => {
    if (isFailing) return failing(request, response)
    response.setHeader('Cache-Control', 'max-age=10')
    response.setHeader('X-Own', 'yes')
    return response.end('a page')
  }
  const port = await listen(around(responseCache(cache, page, rfc9111()) as Listener) as never)
  const get = () => send(port, { path: '/page' })
  expect((await get()).text).toBe('a page')
  clock.advance(15_000)
  isFailing = true
  return { get }
}

function fail(response: ServerResponse): ServerResponse {
  response.statusCode = 503
  response.statusMessage = 'Broken'
  response.sendDate = true
  for (const [name, value] of Object.entries({
    Date: 'Thu, 01 Jan 1970 00:00:00 GMT',
    'X-Failure': 'yes',
    'X-Own': 'no',
    'Content-Type': 'text/html',
  }))
    response.setHeader(name, value)
  return response
}

describe('what is stored goes out in the place of an error', () => {
  test.each<[string, Listener]>([
    ['in one piece', (_, response) => fail(response).end('broken')],
    ['without a body', (_, response) => fail(response).end()],
    [
      'with a head of its own',
      (_, response) => fail(response).writeHead(503, 'Gone', { 'Content-Length': 6 }).end('broken'),
    ],
    [
      'in parts',
      (_, response) => {
        fail(response).write('bro')
        response.write('ke', 'utf8')
        response.end('n')
      },
    ],
    [
      'with trailers',
      (_, response) => {
        fail(response).setHeader('Trailer', 'X-Behind')
        response.write('broken')
        response.addTrailers({ 'X-Behind': '1' })
        response.end()
      },
    ],
    ['by a pipeline', (_, response) => pipeline(Readable.from(['bro', 'ken']), fail(response))],
  ])('that comes %s', async (_name, failing) => {
    const { get } = await outage(failing)
    const response = await get()
    expect([response.status, response.text, response.cacheStatus]).toEqual([200, 'a page', standsIn])
    expect(response.reason).toBe('OK')
    expect([response.header('x-own'), response.header('content-length')]).toEqual(['yes', '6'])
    for (const name of ['x-failure', 'content-type', 'trailer']) expect(response.header(name)).toBeUndefined()
    expect(response.header('date')).toMatch(/ 20\d\d /)
    expect(response.isComplete).toBe(true)
  })

  test('and the handler hears of every part as if it had been sent', async () => {
    const heard: string[] = []
    let isOver: Promise<unknown> = Promise.resolve()
    const { get } = await outage((_, response) => {
      isOver = once(response, 'finish')
      expect(fail(response).write(Buffer.alloc(1_000_000), () => heard.push('first'))).toBe(true)
      response.write('second', 'utf8', () => heard.push('second'))
      response.end('third', () => heard.push('third'))
    })
    expect((await get()).text).toBe('a page')
    await isOver
    expect(heard).toEqual(['first', 'second', 'third'])
  })

  test('and what somebody outside does to its bytes is not done to what is stored', async () => {
    const shouting =
      (front: Listener): Listener =>
      (request, response) => {
        const { end } = response
        response.end = ((body?: Buffer, ...rest: unknown[]) => {
          body?.fill?.('!')
          return Reflect.apply(end, response, [body, ...rest])
        }) as never
        return front(request, response)
      }
    for (const failing of [
      (_: unknown, response: ServerResponse) => fail(response).end(),
      (_: unknown, response: ServerResponse) => {
        fail(response).write('bro')
        response.end()
      },
    ]) {
      let isLoud = false
      const { get } = await outage(
        failing,
        (front) => (request, response) =>
          isLoud ? shouting(front)(request, response) : front(request, response),
      )
      isLoud = true
      expect((await get()).text).toBe('!!!!!!')
      isLoud = false
      expect((await get()).text).toBe('a page')
    }
  })
})

describe('a listener that throws', () => {
  const boom = (fields: object = {}) => Object.assign(new Error('meant to fail'), fields)
  /** As any server that is to survive its listeners. */
  const surviving =
    (thrown: unknown[]) =>
    (front: Listener): Listener =>
    async (request, response) => {
      try {
        await front(request, response)
      } catch (error) {
        thrown.push(error)
        response.statusCode = 500
        response.end('sorry')
      }
    }

  test.each<[string, Listener]>([
    [
      'at once',
      (_, response) => {
        fail(response)
        throw boom()
      },
    ],
    [
      'later',
      async (_, response) => {
        await null
        fail(response)
        throw boom()
      },
    ],
    ['what says that it is an outage', async () => Promise.reject(boom({ status: 503 }))],
    ['nothing that is an error', async () => Promise.reject(undefined)],
  ])('%s: what is stored goes out, and nobody outside hears of it', async (_name, failing) => {
    const thrown: unknown[] = []
    const { get } = await outage(failing, surviving(thrown))
    const response = await get()
    expect([response.status, response.text]).toEqual([200, 'a page'])
    expect(response.reason).toBe('OK')
    expect(response.cacheStatus).toBe('restale; fwd=stale; detail=stale-if-error')
    expect([response.header('x-failure'), response.header('x-own')]).toEqual([undefined, 'yes'])
    expect(thrown).toEqual([])
  })

  test.each([{ status: 404 }, { statusCode: 410 }, { status: 501 }])(
    'what says %o has answered, and nothing stands in for that',
    async (fields) => {
      const thrown: unknown[] = []
      const { get } = await outage(async () => Promise.reject(boom(fields)), surviving(thrown))
      const response = await get()
      expect([response.status, response.text]).toEqual([500, 'sorry'])
      expect(thrown).toEqual([expect.objectContaining(fields)])
    },
  )

  test('behind a head that is out: nothing can stand in any more', async () => {
    const thrown: unknown[] = []
    const { get } = await outage(async (_, response) => {
      response.write('half a')
      throw boom()
    }, surviving(thrown))
    expect((await get()).text).toBe('half asorry')
    expect(thrown).toHaveLength(1)
  })
})
