import { EventEmitter, getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { barrier, setup } from '../cache/support.ts'
import { minute, setupFetch } from './support.ts'

describe('a reply of another making', () => {
  it('may lack what a test double leaves out', async () => {
    const double = { ok: true, status: 200, headers: new Headers({ 'x-made': 'by hand' }), body: null }
    const { cache } = setup({ fetch: { fetch: async () => double as unknown as Response } })
    const url = 'https://upstream.example/'
    expect((await cache.fetch(url, minute)).headers.get('x-made')).toBe('by hand')
    expect(await (await cache.fetch(url, minute)).text()).toBe('')
  })

  it('may be given by what stands in the place of the global fetch, and asks the cache', async () => {
    const { cache, url, origin } = await setupFetch()
    const original = globalThis.fetch
    globalThis.fetch = (input, init) => cache.fetch(input, { next: { revalidate: 60 }, ...init })
    try {
      expect(await (await fetch(url)).text()).toBe('reply 1')
      expect(await (await fetch(url)).text()).toBe('reply 1')
      const unstored = { method: 'POST', cache: 'no-store', next: {} }
      expect(await (await fetch(url, unstored as RequestInit)).text()).toBe('reply 2')
      expect(origin.count).toBe(2)
    } finally {
      globalThis.fetch = original
    }
  })
})

describe('what tells of one exchange alone', () => {
  it('is for who made it', async () => {
    const own = { 'x-request-id': 'leader', 'x-ratelimit-remaining': '3', 'retry-after': '3' }
    const { cache, url } = await setupFetch({
      answer: (response) => response.writeHead(200, own).end('body'),
    })
    const leader = await cache.fetch(url, minute)
    await leader.text()
    const reader = await cache.fetch(url, minute)
    for (const [name, value] of Object.entries(own)) {
      expect(leader.headers.get(name)).toBe(value)
      expect(reader.headers.get(name)).toBeNull()
    }
  })
})

describe('a conditional refill', () => {
  it('does not ask for no-cache, at which upstreams look at no condition', async () => {
    const { text, url, origin, clock, settled } = await setupFetch({
      answer: (response) => response.writeHead(200, { ETag: '"a"' }).end('body'),
    })
    await text(url, minute)
    clock.advance(60_000)
    await text(url, minute)
    await settled()
    expect(origin.last.headers['if-none-match']).toBe('"a"')
    expect(origin.last.headers['cache-control']).not.toBe('no-cache')
    expect(origin.last.headers.pragma).toBeUndefined()
  })

  it('does not take a 304 that names another version for what is stored (RFC 9111 §4.3.4)', async () => {
    const { text, url, clock, settled } = await setupFetch({
      answer: (response, { headers }, number) => {
        if (headers['if-none-match'] !== undefined) response.writeHead(304, { ETag: '"b"' }).end()
        else response.writeHead(200, { ETag: number === 1 ? '"a"' : '"b"' }).end(`body ${number}`)
      },
    })
    expect(await text(url, minute)).toBe('body 1')
    clock.advance(60_000)
    await text(url, minute)
    await settled()
    expect(await text(url, minute)).toBe('body 3')
  })
})

describe('a signal that many calls share', () => {
  it('has one listener while they wait, and none afterwards', async () => {
    const gate = barrier()
    const { cache, url } = await setupFetch({
      answer: async (response) => {
        await gate.pass()
        response.end('body')
      },
    })
    const warned = vi.fn()
    process.on('warning', warned)
    const { signal } = new AbortController()
    const calls = Array.from({ length: 20 }, (_, index) =>
      cache.fetch(`${url}${index}`, { ...minute, signal }),
    )
    await gate.reachedBy(20)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    gate.open()
    for (const response of await Promise.all(calls)) await response.text()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warned).not.toHaveBeenCalled()
    process.off('warning', warned)
    expect(EventEmitter.defaultMaxListeners).toBe(10)
  })
})

describe('a fetch that its caller gives up', () => {
  it('does not take from what is made of the failure the good one of before', async () => {
    const gate = barrier()
    let isHanging = false
    const { cache, url, clock, settled } = await setupFetch({
      answer: async (response) => {
        if (isHanging) await gate.pass()
        response.end('body')
      },
    })
    const given: AbortController[] = []
    const page = cache.cached(
      async () => {
        const controller = new AbortController()
        given.push(controller)
        const init = { next: { revalidate: 1 }, signal: controller.signal }
        return cache.fetch(url, init).then(
          (response) => response.text(),
          () => 'fallback',
        )
      },
      { key: 'page', life: { revalidate: 60, expire: 6_000 } },
    )
    expect(await page()).toBe('body')
    isHanging = true
    clock.advance(61_000)
    expect(await page()).toBe('body')
    await gate.reachedBy(1)
    given[1]?.abort()
    await settled()
    expect(page.peek()?.value).toBe('body')
    gate.open()
  })
})
