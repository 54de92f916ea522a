import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RawRequest } from '../../src/harness/connection.ts'
import { Connection } from '../../src/harness/connection.ts'

/** Tells what it has been sent. */
const server = createServer(async (request, response) => {
  const { method, url, rawHeaders } = request
  response.end(JSON.stringify({ method, url, rawHeaders, body: await text(request) }))
})

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
afterAll(() => {
  server.close().closeAllConnections()
})

async function sent(request: RawRequest): Promise<unknown> {
  const connection = await Connection.open((server.address() as AddressInfo).port)
  connection.send(request)
  const { body } = await connection.response()
  connection.destroy()
  return JSON.parse(body.toString())
}

it('adds nothing to a request but Host', async () => {
  expect(await sent({ path: '/a?b', headers: [['X-Own', '1']] })).toEqual({
    method: 'GET',
    url: '/a?b',
    rawHeaders: ['Host', 'contract.test', 'X-Own', '1'],
    body: '',
  })
})

it('leaves Host to a request that brings its own', async () => {
  expect(await sent({ path: '/', headers: [['host', 'own.test']] })).toMatchObject({
    rawHeaders: ['host', 'own.test'],
  })
})

it('tells the length of a body', async () => {
  expect(await sent({ method: 'POST', path: '/', body: 'über' })).toMatchObject({
    rawHeaders: ['Host', 'contract.test', 'Content-Length', '5'],
    body: 'über',
  })
})

it('sends a body in chunks', async () => {
  expect(await sent({ method: 'POST', path: '/', body: 'über', isChunked: true })).toMatchObject({
    rawHeaders: ['Host', 'contract.test', 'Transfer-Encoding', 'chunked'],
    body: 'über',
  })
})
