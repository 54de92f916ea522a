import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect } from 'node:net'
import { createCache } from '@restale/core'
import { expect, onTestFinished, test } from 'vitest'
import { endpointHandler } from '../src/endpoint.ts'
import { listen } from './support.ts'

const secret = 'a secret of some length'
const head = [
  'POST / HTTP/1.1',
  'Host: x',
  `Authorization: Bearer ${secret}`,
  'Content-Type: application/json',
]

/** What the endpoint answers to parts of a request, sent one after the other. */
async function answer(parts: readonly string[]): Promise<string> {
  const cache = createCache()
  onTestFinished(() => cache.close())
  const handle = endpointHandler(cache, { secret })
  const port = await listen((request, response) => void handle(request, response, { path: '', query: '' }))
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  for (const part of parts) socket.write(part)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk.toString()
}

test('a body that comes in pieces is put together', async () => {
  const body = JSON.stringify({ tag: 'ü' })
  const bytes = Buffer.from(body)
  const response = await answer([
    [...head, `Content-Length: ${bytes.length}`, '', body.slice(0, 3)].join('\r\n'),
    body.slice(3),
  ])
  expect(response).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(response).toContain('"revalidated":true')
})

test('a body over the limit is refused before the rest of it has come', async () => {
  const announced = await answer([[...head, 'Content-Length: 10000000', '', 'x'.repeat(70_000)].join('\r\n')])
  expect(announced).toMatch(/^HTTP\/1\.1 413 /)
  const chunked = await answer([
    [...head, 'Transfer-Encoding: chunked', '', '20000', 'x'.repeat(0x20000), ''].join('\r\n'),
  ])
  expect(chunked).toMatch(/^HTTP\/1\.1 413 /)
})

test('without the secret the body is not waited for', async () => {
  const lines = head.filter((line) => !line.startsWith('Authorization'))
  const response = await answer([[...lines, 'Content-Length: 1000', '', ''].join('\r\n')])
  expect(response).toMatch(/^HTTP\/1\.1 401 /)
})
