// The example over real sockets.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCache } from '@restale/core'
import { settled } from '@restale/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createSite } from '../src/site.ts'

const secret = 'at least sixteen characters'

test('miss, hit, a write that is seen at once, and the endpoint', async () => {
  const cache = createCache()
  const { listener, reads } = createSite(cache, secret)
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close().closeAllConnections()
    await cache.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    return {
      status: response.status,
      cacheStatus: response.headers.get('cache-status'),
      body: await response.text(),
    }
  }

  expect((await ask('/')).cacheStatus).toBe('restale; fwd=uri-miss; stored')
  expect((await ask('/')).cacheStatus).toMatch(/^restale; hit; ttl=\d+$/)
  expect(reads()).toBe(1)
  expect((await ask('/', { method: 'PUT', body: 'Changed' })).status).toBe(204)
  expect(await ask('/')).toMatchObject({ cacheStatus: 'restale; fwd=stale; stored', body: 'Changed\n' })

  const revalidate = '/api/revalidate?tag=motto'
  expect((await ask(revalidate)).status).toBe(401)
  expect((await ask(revalidate, { headers: { Authorization: `Bearer ${secret}` } })).status).toBe(200)
  expect((await ask('/')).cacheStatus).toBe('restale; hit; ttl=-1')
  await settled(cache)
  expect((await ask('/')).cacheStatus).toMatch(/^restale; hit; ttl=\d+$/)
  expect(reads()).toBe(3)
  expect((await ask('/elsewhere')).status).toBe(404)
})
