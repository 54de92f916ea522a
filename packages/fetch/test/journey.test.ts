import { AsyncResource } from 'node:async_hooks'
import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { isRefill as isRefillIn, responseCache as middleware } from '../src/hono.ts'
import { isRefill, responseCache } from '../src/index.ts'

const life = { revalidate: 60, expire: 300 }
const url = 'http://test/page'

let clock: FakeClock
let cache: Cache

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
})

type Handle = (isRefill: boolean) => Response
type Ask = () => Response | Promise<Response>

function inHono(handle: Handle): Ask {
  const app = new Hono()
  app.get('/page', middleware(cache, { life }), (c) => handle(isRefillIn(c)))
  return () => app.request(url)
}

function bare(handle: Handle): Ask {
  const fetch = responseCache(cache, (request: Request) => handle(isRefill(request)), { life })
  return () => fetch(new Request(url))
}

describe.each([
  ['in Hono', inHono],
  ['around a function', bare],
])('what a request has left behind, %s', (_, make) => {
  /** A page whose first run, and whose refill, leave a job that asks for the same page later. */
  function leaving() {
    const seen: boolean[] = []
    const jobs: (() => Promise<Response>)[] = []
    const ask = make((isAgain) => {
      seen.push(isAgain)
      jobs.push(bound(async () => ask()))
      return new Response(`run ${seen.length}`)
    })
    return { seen, jobs, ask }
  }

  test('asks by requests of its own', async () => {
    const { jobs, ask } = leaving()
    await ask()
    const hit = await jobs[0]?.()
    expect(hit?.headers.get('cache-status')).toBe('restale; hit; ttl=60')
    expect(await hit?.text()).toBe('run 1')
  })

  test('asks by requests of its own after a refill, which are none', async () => {
    const { seen, jobs, ask } = leaving()
    await ask()
    clock.advance(61_000)
    await ask()
    await settled(cache)
    const hit = await jobs[1]?.()
    expect(hit?.headers.get('cache-status')).toBe('restale; hit; ttl=60')
    clock.advance(301_000)
    const miss = await jobs[1]?.()
    expect(miss?.headers.get('cache-status')).toBe('restale; fwd=stale; stored')
    expect(seen).toEqual([false, true, false])
  })

  test('of a request that went past the cache asks by one of its own', async () => {
    const { jobs, ask } = leaving()
    const skipping = responseCache(cache, () => ask(), { skip: () => true, name: 'outer' })
    await skipping(new Request(url))
    expect((await jobs[0]?.())?.headers.get('cache-status')).toBe('restale; hit; ttl=60')
  })
})

/** Runs later, in the context of now, as timers and queues do. */
function bound<Result>(run: () => Result): () => Result {
  return AsyncResource.bind(run)
}
