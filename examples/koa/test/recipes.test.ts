// The example over real sockets.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createCache } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../src/app.ts'
import { openRecipes } from '../src/recipes.ts'

const secret = 'at least sixteen characters'

async function start() {
  const clock = fakeClock()
  const cache = createCache({ clock })
  const recipes = openRecipes(cache)
  const server = createApp(cache, recipes, secret).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close().closeAllConnections()
    await cache.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    const cacheStatus = response.headers.get('cache-status')
    return { status: response.status, cacheStatus, body: await response.text() }
  }
  return { clock, cache, recipes, ask }
}

test('miss, hit, and a write that is seen at once', async () => {
  const { ask, recipes } = await start()
  const path = '/recipes/pancakes'
  const stored = { cacheStatus: 'restale; fwd=uri-miss; stored', body: 'Milk, flour, eggs' }
  expect(await ask(path)).toMatchObject({ status: 200, ...stored })
  expect(await ask(path)).toMatchObject({ cacheStatus: 'restale; hit; ttl=60', body: stored.body })
  expect(recipes.reads).toBe(1)
  expect((await ask(path, { method: 'PUT', body: 'Batter' })).status).toBe(204)
  expect(await ask(path)).toMatchObject({ cacheStatus: 'restale; fwd=stale; stored', body: 'Batter' })
  expect((await ask('/recipes/none')).status).toBe(404)
})

test('the endpoint makes a recipe stale: once more at hit speed, then fresh', async () => {
  const { ask, cache, recipes } = await start()
  const path = '/recipes/pancakes'
  await ask(path)
  const revalidate = '/api/revalidate?tag=recipe:pancakes'
  expect((await ask(revalidate)).status).toBe(401)
  expect((await ask(revalidate, { headers: { Authorization: `Bearer ${secret}` } })).status).toBe(200)
  expect((await ask(path)).cacheStatus).toBe('restale; hit; ttl=-1')
  await settled(cache)
  expect((await ask(path)).cacheStatus).toBe('restale; hit; ttl=60')
  expect(recipes.reads).toBe(2)
})
