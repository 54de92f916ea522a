import type { CacheEvent } from '@restale/core'
import { describe, expect, it, vi } from 'vitest'
import { barrier } from '../cache/support.ts'
import type { Answer } from './support.ts'
import { minute, setupFetch, tagged, ticks } from './support.ts'

/** A reply is stored and has become stale; what comes then is up to the test. */
async function setupStale(then: Answer, options: Parameters<typeof setupFetch>[0] = {}) {
  const context = await setupFetch(options)
  expect(await context.text(context.url, minute)).toBe('reply 1')
  context.clock.advance(60_000)
  context.origin.answer = then
  context.events.length = 0
  return context
}

const failed = (events: readonly CacheEvent[]) => events.filter(({ kind }) => kind === 'refill-failed')

describe('a first reply', () => {
  it.each([201, 203, 206, 300, 400, 401, 403, 404, 410, 412, 416, 418, 429, 500, 503])(
    'with status %i is shared by those who wait, and not stored',
    async (status) => {
      const { cache, url, origin } = await setupFetch({
        answer: (response, _request, number) => response.writeHead(status).end(`reply ${number}`),
      })
      const replies = await Promise.all([cache.fetch(url, tagged), cache.fetch(url, tagged)])
      for (const reply of replies) {
        expect(reply.status).toBe(status)
        expect(await reply.text()).toBe('reply 1')
      }
      expect(await (await cache.fetch(url, tagged)).text()).toBe('reply 2')
      expect(origin.count).toBe(2)
    },
  )

  it('to a condition of the caller is given as it is', async () => {
    const { cache, url, origin } = await setupFetch({
      answer: (response) => response.writeHead(304, { ETag: '"a"' }).end(),
    })
    const init = { ...tagged, headers: { 'If-None-Match': '"a"' } }
    for (const reply of await Promise.all([cache.fetch(url, init), cache.fetch(url, init)])) {
      expect(reply).toMatchObject({ status: 304, body: null })
    }
    expect(origin.count).toBe(1)
    expect((await cache.fetch(url, init)).status).toBe(304)
    expect(origin.count).toBe(2)
  })

  it('may be a 304 to no condition at all', async () => {
    const { cache, url } = await setupFetch({ answer: (response) => response.writeHead(304).end() })
    expect((await cache.fetch(url, tagged)).status).toBe(304)
  })

  it('that does not come rejects for everybody, and is asked for again', async () => {
    const { cache, text, url, origin } = await setupFetch({
      answer: (response, _request, number) => (number === 1 ? response.destroy() : response.end('whole')),
    })
    const replies = await Promise.allSettled([cache.fetch(url, tagged), cache.fetch(url, tagged)])
    const [first] = replies
    expect(first).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) })
    expect(replies[1]).toEqual(first)
    expect(await text(url, tagged)).toBe('whole')
    expect(origin.count).toBe(2)
  })

  it('that does not come because upstream throws rejects with that', async () => {
    const error = new Error('No route')
    const { cache, url } = await setupFetch({
      fetch: {
        fetch: () => {
          throw error
        },
      },
    })
    await expect(cache.fetch(url, tagged)).rejects.toBe(error)
    await expect(cache.fetch(url)).rejects.toBe(error)
  })
})

describe('a refill', () => {
  it.each([404, 410, 301, 201, 400])('with status %i removes what was stored', async (status) => {
    const { cache, url, settled, kinds, text } = await setupStale((response) =>
      response.writeHead(status).end(),
    )
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(kinds()).toEqual(['stale', 'refused'])
    expect((await cache.fetch(url, { ...minute, redirect: 'manual' })).status).toBe(status)
    expect((await cache.fetch(url, minute).catch(() => ({ status }))).status).toBe(status)
  })

  it.each<[string, Answer]>([
    ...[500, 502, 503, 401, 403, 408, 425, 429].map((status): [string, Answer] => [
      `status ${status}`,
      (response) => response.writeHead(status).end('no'),
    ]),
    ['a failing network', (response) => response.destroy()],
    [
      'a body that breaks off',
      (response) => {
        response.writeHead(200, { 'Content-Length': '10' })
        response.write('first', () => response.destroy())
      },
    ],
    ['an error page beyond the cap', (response) => response.writeHead(500).end(Buffer.alloc(20_000))],
    [
      'an error page of unknown length beyond the cap',
      (response) => {
        response.writeHead(500).write(Buffer.alloc(20_000))
        response.end()
      },
    ],
  ])('that fails with %s keeps what was stored, and is tried again later', async (_what, answer) => {
    const { url, text, clock, settled, origin, events } = await setupStale(answer, {
      memory: { maxEntryBytes: 10_000 },
    })
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(failed(events)).toHaveLength(1)
    for (let count = 0; count < 3; count++) expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(origin.count).toBe(2)
    clock.advance(1_000)
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(origin.count).toBe(3)
    // … after twice as long.
    clock.advance(999)
    await text(url, minute)
    await settled()
    expect(origin.count).toBe(3)
    origin.answer = (response) => response.end('well again')
    clock.advance(1_001)
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(await text(url, minute)).toBe('well again')
  })

  it('with 206 keeps what was stored, and is no failure', async () => {
    const { url, text, settled, events } = await setupStale((response) => response.writeHead(206).end('part'))
    await text(url, minute)
    await settled()
    expect(failed(events)).toEqual([])
    expect(await text(url, minute)).toBe('reply 1')
  })

  it('reads what it gets to the end, so that no connection hangs', async () => {
    const ended = barrier()
    const { url, text, settled } = await setupStale((response) => {
      response.once('finish', () => ended.pass())
      response.writeHead(500).end(Buffer.alloc(500_000))
    })
    await text(url, minute)
    await settled()
    await ended.reachedBy(1)
  })

  it('runs once for many, and nobody waits', async () => {
    const gate = barrier()
    const { url, text, settled, origin, kinds } = await setupStale(async (response) => {
      await gate.pass()
      response.end('new')
    })
    const replies = await Promise.all(Array.from({ length: 20 }, () => text(url, minute)))
    expect(new Set(replies)).toEqual(new Set(['reply 1']))
    gate.open()
    await settled()
    expect(origin.count).toBe(2)
    expect(kinds().filter((kind) => kind === 'stale')).toHaveLength(20)
    expect(await text(url, minute)).toBe('new')
  })

  it('runs after an invalidation that leaves it stale', async () => {
    const { cache, url, text, settled } = await setupFetch()
    await text(url, minute)
    await cache.revalidateTag('t', 'max')
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(await text(url, minute)).toBe('reply 2')
  })

  it('does not run after one that expires it', async () => {
    const { cache, url, text, kinds } = await setupFetch()
    await text(url, minute)
    await cache.updateTag('t')
    expect(await text(url, minute)).toBe('reply 2')
    expect(kinds()).not.toContain('stale')
  })

  it('waits while as many run as may', async () => {
    const gate = barrier()
    const { url, text, settled, origin, clock } = await setupFetch({ refill: { maxConcurrent: 1 } })
    const urls = [`${url}a`, `${url}b`]
    for (const each of urls) await text(each, minute)
    clock.advance(60_000)
    origin.answer = async (response) => {
      await gate.pass()
      response.end('new')
    }
    for (const each of urls) await text(each, minute)
    await gate.reachedBy(1)
    await ticks()
    expect(origin.count).toBe(3)
    gate.open()
    await settled()
    await text(urls[1] as string, minute)
    await settled()
    expect(origin.count).toBe(4)
    for (const each of urls) expect(await text(each, minute)).toBe('new')
  })

  it('that takes too long gives up its place, and may still store', async () => {
    const gate = barrier()
    const { url, text, settled, origin, clock, events } = await setupStale(
      async (response) => {
        await gate.pass()
        response.end('late')
      },
      { refill: { maxConcurrent: 1, timeoutMs: 1_000 } },
    )
    expect(await text(url, minute)).toBe('reply 1')
    await gate.reachedBy(1)
    clock.advance(1_000)
    expect(failed(events)).toMatchObject([{ error: { message: expect.stringContaining('took too long') } }])
    await settled()
    gate.open()
    await vi.waitFor(async () => expect(await text(url, minute)).toBe('late'))
    expect(origin.count).toBe(2)
  })
})

describe('a fill that takes too long', () => {
  it('lets go those who wait, and keeps who started it', async () => {
    const gate = barrier()
    const { url, text, clock, origin } = await setupFetch({
      refill: { timeoutMs: 1_000 },
      answer: async (response, _request, number) => {
        if (number === 1) await gate.pass()
        response.end(`reply ${number}`)
      },
    })
    const first = text(url, tagged)
    await gate.reachedBy(1)
    const followers = [text(url, tagged), text(url, tagged)]
    await ticks()
    clock.advance(1_000)
    expect(await Promise.all(followers)).toEqual(['reply 2', 'reply 2'])
    gate.open()
    expect(await first).toBe('reply 1')
    // What began earlier does not replace what began later.
    expect(await text(url, tagged)).toBe('reply 2')
    expect(origin.count).toBe(2)
  })
})

describe('what is older than its life', () => {
  it('is fetched anew only if it has an end by age', async () => {
    const { url, text, clock, settled } = await setupFetch()
    await text(url, minute)
    clock.advance(10 * 365 * 86_400_000)
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(await text(url, minute)).toBe('reply 2')
  })

  it.each<[string, object]>([
    ['revalidate: false', { revalidate: false, tags: ['t'] }],
    ['revalidate: Infinity', { revalidate: Number.POSITIVE_INFINITY }],
    ['tags alone', { tags: ['t'] }],
  ])('does not exist with %s', async (_what, next) => {
    const { url, text, clock, kinds } = await setupFetch()
    await text(url, { next })
    clock.advance(10 * 365 * 86_400_000)
    expect(await text(url, { next })).toBe('reply 1')
    expect(kinds()).toEqual(['miss', 'stored', 'hit'])
  })

  it('is counted from when it was asked for, not from when it came', async () => {
    const gate = barrier()
    const { url, text, clock, kinds } = await setupFetch({
      answer: async (response) => {
        await gate.pass()
        response.end('slow')
      },
    })
    const first = text(url, minute)
    await gate.reachedBy(1)
    clock.advance(59_000)
    gate.open()
    await first
    clock.advance(999)
    await text(url, minute)
    clock.advance(1)
    await text(url, minute)
    expect(kinds()).toEqual(['miss', 'stored', 'hit', 'stale'])
  })
})
