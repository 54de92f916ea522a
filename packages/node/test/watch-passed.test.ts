import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { HeaderLines } from '@restale/core/http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { watchPassed } from '../src/index.ts'
import { exchange } from './support.ts'

type Seen = [status: number, lines: HeaderLines][]

const ways: [way: string, act: (response: ServerResponse) => unknown, status: number][] = [
  ['writeHead', (response) => response.writeHead(201, { 'X-Kind': 'a' }).end('x'), 201],
  ['write', (response) => headed(response, 200).write('x') && response.end('y'), 200],
  ['end', (response) => headed(response, 200).end('x'), 200],
  ['end without a body', (response) => headed(response, 200).end(), 200],
  ['an empty 204', (response) => headed(response, 204).end(), 204],
  ['flushHeaders', (response) => headed(response, 202).flushHeaders() ?? response.end(), 202],
  ['a stream', (response) => Readable.from(['x', 'y']).pipe(headed(response, 200)), 200],
  [
    'a head behind an informational one',
    (response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      headed(response, 200).end('x')
    },
    200,
  ],
]

function headed(response: ServerResponse, status: number): ServerResponse {
  response.statusCode = status
  response.setHeader('X-Kind', 'a')
  return response
}

function watched(seen: Seen, act: (response: ServerResponse) => unknown) {
  return (_request: unknown, response: ServerResponse): void => {
    watchPassed(response, (status, lines) => {
      expect(response.headersSent).toBe(false)
      seen.push([status, lines.map((part) => part.toLowerCase())])
    })
    act(response)
  }
}

describe.each(ways)('%s', (_way, act, status) => {
  test('is seen once, over HTTP/1.1', async () => {
    const seen: Seen = []
    const { statusLine } = await exchange(watched(seen, act), { method: 'POST' })
    expect(statusLine).not.toBe('')
    expect(seen).toEqual([[status, ['x-kind', 'a']]])
  })

  test('is seen once, over HTTP/2', async () => {
    const seen: Seen = []
    const server = createServer(watched(seen, act) as never).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const stream = session.request({ ':path': '/', ':method': 'DELETE' })
    const [headers] = await once(stream, 'response')
    await stream.resume().toArray()
    expect([headers[':status'], headers['x-kind']]).toEqual([status, 'a'])
    expect(seen).toEqual([[status, ['x-kind', 'a']]])
  })
})
