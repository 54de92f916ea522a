// The example over real sockets.
import { createCache } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { createApp } from '../src/app.ts'
import { openDepartures } from '../src/departures.ts'

const secret = 'at least sixteen characters'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

async function start() {
  const clock = fakeClock()
  const cache = createCache({ clock })
  const departures = openDepartures(cache)
  const app = await createApp(cache, departures, secret)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => app.close())
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(url + path, init)
    const cacheStatus = response.headers.get('cache-status')
    return { status: response.status, cacheStatus, body: await response.text() }
  }
  return { app, cache, departures, ask }
}

const board = (delay: number) => JSON.stringify({ trains: [{ to: 'Bergen', at: '08:25', delay }] })

test('miss, hit, and a write that is seen at once', async () => {
  const { ask, departures } = await start()
  const path = '/stations/oslo'
  const stored = { cacheStatus: 'restale; fwd=uri-miss; stored', body: board(0) }
  expect(await ask(path)).toMatchObject({ status: 200, ...stored })
  expect(await ask(path)).toMatchObject({ cacheStatus: 'restale; hit; ttl=60', body: stored.body })
  expect(departures.reads).toBe(1)
  const json = { 'content-type': 'application/json' }
  const written = await ask(path, { method: 'PUT', body: '{"delay":10}', headers: json })
  expect(written.status).toBe(204)
  expect(await ask(path)).toMatchObject({ cacheStatus: 'restale; fwd=stale; stored', body: board(10) })
  expect((await ask('/stations/none')).status).toBe(404)
  const health = { cacheStatus: null, body: '{"reads":3}' }
  expect(await ask('/health')).toMatchObject(health)
})

test('the endpoint makes a station stale: once more at hit speed, then fresh', async () => {
  const { ask, cache, departures } = await start()
  const path = '/stations/oslo'
  await ask(path)
  const authorization = `Bearer ${secret}`
  const asked = await ask('/api/revalidate?tag=station:oslo', { headers: { authorization } })
  expect(asked.status).toBe(200)
  expect((await ask(path)).cacheStatus).toMatch(/hit; ttl=-/)
  await settled(cache)
  expect(departures.reads).toBe(2)
  expect((await ask(path)).cacheStatus).toMatch(/hit; ttl=\d/)
})

test('closing the server closes the cache', async () => {
  const { app, cache } = await start()
  await app.close()
  expect(cache.enabled).toBe(false)
})

test('it starts, tells where it listens, and stops when it is told to', async () => {
  vi.stubEnv('PORT', '0')
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const before = process.listeners('SIGTERM')
  await import('../src/main.ts')
  const url = /http:\S+(?=\.)/.exec(String(log.mock.calls[0]))?.[0]
  expect((await fetch(`${url}/stations/oslo`)).status).toBe(200)
  const stop = process.listeners('SIGTERM').filter((listener) => !before.includes(listener))
  for (const listener of stop) await listener('SIGTERM')
  await expect(fetch(`${url}/stations/oslo`)).rejects.toThrow()
})
