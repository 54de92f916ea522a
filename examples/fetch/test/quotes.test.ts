// The example as it is started, asked over a real socket.

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { cache } from '../src/cache.ts'

const secret = 'a secret of the test'
let server: Server
let url: string

beforeAll(async () => {
  server = serve({ fetch: createApp(secret).fetch, port: 0, hostname: '127.0.0.1' }) as Server
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await cache.close()
})

const stored = 'restale; fwd=uri-miss; stored'
const renewed = 'restale; fwd=stale; stored'

async function ask(path: string, init?: RequestInit) {
  const response = await fetch(`${url}${path}`, init)
  return { status: response.status, cache: response.headers.get('cache-status'), body: await response.text() }
}

test('a quote is read once, until it is changed', async () => {
  const first = await ask('/quotes/1')
  expect(first).toMatchObject({ status: 200, cache: stored })
  expect(await ask('/quotes/1')).toMatchObject({ cache: 'restale; hit; ttl=60', body: first.body })
  expect((await ask('/reads')).body).toBe('{"reads":1}')

  const quote = { author: 'me', text: 'mine' }
  const put = { method: 'PUT', body: JSON.stringify(quote) }
  expect(await ask('/quotes/1', put)).toMatchObject({ status: 204 })
  const changed = await ask('/quotes/1')
  expect(changed.cache).toBe(renewed)
  expect(JSON.parse(changed.body)).toEqual(quote)
})

test('a quote that is not there is asked for each time', async () => {
  for (let time = 1; time <= 2; time++) {
    expect(await ask('/quotes/none')).toMatchObject({
      status: 404,
      cache: expect.stringContaining('status-404'),
    })
  }
})

test('whoever has the secret can say that a quote has changed', async () => {
  await ask('/quotes/2')
  const call = '/api/revalidate?tag=quote:2&expire=0'
  expect(await ask(call)).toMatchObject({ status: 401 })
  expect(await ask(call, { headers: { Authorization: `Bearer ${secret}` } })).toMatchObject({ status: 200 })
  expect((await ask('/quotes/2')).cache).toBe(renewed)
})
