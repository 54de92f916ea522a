import type { ServerResponse } from 'node:http'
import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { apartFromClient } from '../src/apart-from-client.ts'
import { responseCache as middleware } from '../src/hono.ts'
import { responseCache } from '../src/index.ts'
import { listen } from './listen.ts'

const life = { revalidate: 60, expire: 300 }

interface Bindings {
  readonly outgoing: ServerResponse
}
type Handler = (outgoing: ServerResponse) => Response
type Fetch = (request: Request, environment: never) => Response | Promise<Response>

let clock: FakeClock
let cache: Cache
let runs = 0

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
  runs = 0
})

function inHono(handle: Handler): Fetch {
  const app = new Hono<{ Bindings: Bindings }>()
  app.get('/', middleware(cache, { life }), (c) => handle(c.env.outgoing))
  return app.fetch as Fetch
}

function beside(handle: Handler): Fetch {
  const app = new Hono<{ Bindings: { server: Bindings } }>()
  app.get('/', middleware(cache, { life }), (c) => handle(c.env.server.outgoing))
  return (request, server) => app.fetch(request, { server })
}

function bare(handle: Handler): Fetch {
  return responseCache(cache, (_: Request, { outgoing }: Bindings) => handle(outgoing), { life }) as Fetch
}

describe.each([
  ['in Hono', inHono],
  ['in Hono, beside bindings', beside],
  ['around a function', bare],
])('the response of Node in a refill, %s', (_, make) => {
  async function refilled(handle: Handler): Promise<Response[]> {
    const server = await listen(make(handle), { cache, parts: [], trustsProxy: false })
    const ask = () => fetch(`http://127.0.0.1:${server.port}/`)
    try {
      const first = await ask()
      clock.advance(61_000)
      const stale = await ask()
      await settled(cache)
      return [first, stale, await ask()]
    } finally {
      await server.close()
    }
  }

  test('takes headers, which come to nobody', async () => {
    const [first, stale, hit] = await refilled((outgoing) => {
      outgoing.setHeader('X-Run', ++runs)
      return new Response(`run ${outgoing.getHeader('X-Run')}`)
    })
    expect(first?.headers.get('x-run')).toBe('1')
    expect(stale?.headers.get('x-run')).toBeNull()
    expect(await stale?.text()).toBe('run 1')
    expect(hit?.headers.get('cache-status')).toBe('restale; hit; ttl=60')
    expect(await hit?.text()).toBe('run 2')
  })

  test('takes what is written, and nobody dies of it', async () => {
    const [, , hit] = await refilled((outgoing) => {
      if (++runs > 1) {
        outgoing.writeHead(200, { 'X-Run': 'second' })
        outgoing.write('more')
        outgoing.end('to nobody')
      }
      return new Response(`run ${runs}`)
    })
    expect(await hit?.text()).toBe('run 2')
  })
})

describe('an environment', () => {
  test('without a response stays the object that it is', () => {
    for (const env of [undefined, null, {}, { server: {} }, 'text']) expect(apartFromClient(env)).toBe(env)
  })

  test('of HTTP/2 has no response, which cannot be without its stream', () => {
    const outgoing = { setHeader: () => {} }
    expect(apartFromClient({ incoming: 1, outgoing, own: 2 })).toEqual({ incoming: 1, own: 2 })
  })
})
