// Two processes with a store between them, each with a handler of its own.
import type { CacheEvent } from '@restale/core'
import { createCache } from '@restale/core'
import type { SharedOptions } from '@restale/core/store'
import { createStore } from '@restale/core/store'
import { fakeClock, settled } from '@restale/core/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Shelf } from '../../core/test/store/shelf.ts'
import type { ResponseCacheOptions } from '../src/index.ts'
import { responseCache, revalidateEndpoint } from '../src/index.ts'

type Distance = 'near' | 'far'
type Make = (request: Request, run: number) => Response

const page: Make = (_request, run) => new Response(`run ${run}`)

async function processOn(
  shelf: Shelf,
  distance: Distance,
  make: Make = page,
  options: ResponseCacheOptions<unknown> & { store?: SharedOptions } = {},
) {
  const { store = {}, ...own } = options
  const clock = fakeClock()
  const cache = createCache({ clock, store: createStore('shelf', () => shelf[distance](), store) })
  const events: CacheEvent[] = []
  onTestFinished(cache.subscribe((event) => events.push(event)))
  onTestFinished(() => cache.close())
  const state = { runs: 0 }
  const handler = responseCache(cache, (request: Request) => make(request, ++state.runs), {
    life: { revalidate: 60, expire: 600 },
    tags: ['page'],
    ...own,
  })
  const ask = async (init: RequestInit = {}, path = '/') => {
    const response = await handler(new Request(`http://site.example${path}`, init))
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
  // It knows the ledger.
  await turns()
  return { cache, clock, events, ask, state }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function quiet(...processes: Awaited<ReturnType<typeof processOn>>[]): Promise<void> {
  await turns()
  for (const { cache } of processes) await settled(cache)
}

const said = ({ headers }: { headers: Headers }) => headers.get('Cache-Status')

describe.each<Distance>(['near', 'far'])('a %s store', (distance) => {
  test('gives a response that another process has made, byte by byte, and line by line', async () => {
    const shelf = new Shelf()
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256)
    const make: Make = () =>
      new Response(bytes, {
        headers: { 'X-Kind': 'é', Link: '</a>; rel=a, </b>; rel=b', ETag: '"1"' },
      })
    const one = await processOn(shelf, distance, make)
    const other = await processOn(shelf, distance, make)
    const first = await one.ask()
    await quiet(one)
    for (let second = 0; second < 10; second++) {
      one.clock.advance(1_000)
      other.clock.advance(1_000)
      shelf.now += 1_000
      await quiet(one, other)
    }
    const second = await other.ask()
    expect(other.state.runs).toBe(0)
    expect(said(second)).toBe('restale; hit; ttl=50')
    expect(second.headers.get('Age')).toBe('10')
    expect([second.status, second.body]).toEqual([first.status, first.body])
    for (const name of ['X-Kind', 'Link', 'ETag'])
      expect(second.headers.get(name)).toBe(first.headers.get(name))
    expect((await other.ask({ headers: { 'If-None-Match': '"1"' } })).status).toBe(304)
  })

  test('gives each variant to whom it is for', async () => {
    const shelf = new Shelf()
    const make: Make = (request) =>
      new Response(`in ${request.headers.get('Accept-Language')}`, { headers: { Vary: 'Accept-Language' } })
    const one = await processOn(shelf, distance, make)
    const other = await processOn(shelf, distance, make)
    const inLanguage = (language: string) => ({ headers: { 'Accept-Language': language } })
    await one.ask(inLanguage('ms'))
    await one.ask(inLanguage('id'))
    await quiet(one)
    expect((await other.ask(inLanguage('ms'))).body).toBe('in ms')
    expect((await other.ask(inLanguage('id'))).body).toBe('in id')
    expect(other.state.runs).toBe(0)
    expect((await other.ask(inLanguage('fr'))).body).toBe('in fr')
    expect(other.state.runs).toBe(1)
  })

  test('answers HEAD, and parts, of what another process has made', async () => {
    const shelf = new Shelf()
    const one = await processOn(shelf, distance)
    const other = await processOn(shelf, distance)
    await one.ask()
    await quiet(one)
    expect((await other.ask()).body).toBe('run 1')
    expect(said(await other.ask({ method: 'HEAD' }))).toMatch(/hit/)
    const part = await other.ask({ headers: { Range: 'bytes=0-2' } })
    expect([part.status, part.body]).toEqual([206, 'run'])
    expect(other.state.runs).toBe(0)
  })

  test('what was made after an invalidation elsewhere is stored at the first request', async () => {
    const shelf = new Shelf()
    const one = await processOn(shelf, distance)
    const other = await processOn(shelf, distance)
    await one.ask()
    await quiet(one)
    await other.ask()
    await one.cache.updateTag('page')
    await quiet(one, other)
    const made = await other.ask()
    expect([made.body, said(made)]).toEqual(['run 1', 'restale; fwd=stale; stored'])
    await quiet(other)
    expect((await one.ask()).body).toBe('run 1')
    expect(one.state.runs).toBe(1)
  })

  test('a refill that another process has done is not done again', async () => {
    const shelf = new Shelf()
    const one = await processOn(shelf, distance)
    const other = await processOn(shelf, distance)
    await one.ask()
    await quiet(one)
    await other.ask()
    await one.cache.revalidateTag('page', 'max')
    await quiet(one, other)
    expect((await one.ask()).body).toBe('run 1')
    await quiet(one)
    expect(one.state.runs).toBe(2)
    await other.ask()
    await quiet(other)
    expect((await other.ask()).body).toBe('run 2')
    expect(other.state.runs).toBe(0)
  })

  test('an unsafe request expires what other processes hold of its URL', async () => {
    const shelf = new Shelf()
    const one = await processOn(shelf, distance)
    const other = await processOn(shelf, distance)
    await one.ask()
    await one.ask({}, '/untouched')
    await quiet(one)
    await other.ask()
    await other.ask({}, '/untouched')
    await one.ask({ method: 'POST' })
    await quiet(one, other)
    await other.ask()
    await other.ask({}, '/untouched')
    expect(other.state.runs).toBe(1)
  })

  test('what a process must not share it does not', async () => {
    const shelf = new Shelf()
    const make: Make = (_request, run) =>
      new Response(`run ${run}`, { headers: { 'Cache-Control': 'private' } })
    const one = await processOn(shelf, distance, make)
    await one.ask()
    await one.ask({ headers: { Cookie: 'session=1' } })
    await quiet(one)
    expect(shelf.calls.write).toBe(0)
    expect([...shelf.items.values()].filter((item) => 'bytes' in item)).toEqual([])
  })

  test('what has become private is gone for all', async () => {
    const shelf = new Shelf()
    const make: Make = (_request, run) =>
      new Response(`run ${run}`, run === 1 ? {} : { headers: { 'Cache-Control': 'private' } })
    const one = await processOn(shelf, distance, make)
    const other = await processOn(shelf, distance)
    await one.ask()
    await quiet(one)
    one.clock.advance(601_000)
    shelf.now += 601_000
    await quiet(one)
    expect((await one.ask()).body).toBe('run 2')
    await quiet(one)
    await other.ask()
    expect(other.state.runs).toBe(1)
  })

  test('a body that somebody changed in the store is made again', async () => {
    const shelf = new Shelf()
    const one = await processOn(shelf, distance)
    const other = await processOn(shelf, distance)
    await one.ask()
    await quiet(one)
    for (const item of shelf.items.values()) if ('bytes' in item) item.bytes[item.bytes.byteLength - 1] = 0
    expect((await other.ask()).body).toBe('run 1')
    expect(other.state.runs).toBe(1)
    expect(other.events.map(({ kind }) => kind)).toContain('refused')
  })

  test('sealed by another secret, it is made again', async () => {
    const shelf = new Shelf()
    const secret = 'x'.repeat(32)
    const one = await processOn(shelf, distance, page, { store: { secret } })
    const same = await processOn(shelf, distance, page, { store: { secret } })
    const other = await processOn(shelf, distance, page, { store: { secret: 'y'.repeat(32) } })
    await one.ask()
    await quiet(one)
    await same.ask()
    await other.ask()
    expect([same.state.runs, other.state.runs]).toEqual([0, 1])
  })
})

test('cut off and asked to serve all the same, it says so', async () => {
  const shelf = new Shelf()
  const one = await processOn(shelf, 'far', page, { store: { onUnverified: 'serve' } })
  await one.ask()
  await quiet(one)
  shelf.before = () => {
    throw new Error('cut off')
  }
  one.clock.advance(10_000)
  expect(said(await one.ask())).toBe('restale; hit; ttl=50; detail=unverified')
})

test('the endpoint answers 503 for what could not be recorded, and it holds here all the same', async () => {
  const shelf = new Shelf()
  const one = await processOn(shelf, 'far')
  const endpoint = revalidateEndpoint(one.cache, { secret: 'a secret of enough characters' })
  const revalidate = async () =>
    (
      await endpoint(
        new Request('http://site.example/api/revalidate?tag=page', {
          headers: { Authorization: 'Bearer a secret of enough characters' },
        }),
      )
    )?.status
  await one.ask()
  shelf.before = () => {
    throw new Error('cut off')
  }
  expect(await revalidate()).toBe(503)
  expect((await one.ask()).body).toBe('run 1')
  await quiet(one)
  expect((await one.ask()).body).toBe('run 2')
  shelf.before = () => {}
  one.clock.advance(1_000)
  await quiet(one)
  expect(await revalidate()).toBe(200)
})
