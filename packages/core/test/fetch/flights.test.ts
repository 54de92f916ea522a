import { describe, expect, it } from 'vitest'
import { barrier, isPending } from '../cache/support.ts'
import { minute, setupFetch, tagged, ticks } from './support.ts'

describe('many calls at once', () => {
  it('ask upstream once, and each gets a response of its own', async () => {
    const gate = barrier()
    const { cache, url, origin, kinds } = await setupFetch({
      answer: async (response) => {
        await gate.pass()
        response.end('shared')
      },
    })
    const calls = Array.from({ length: 1_000 }, () => cache.fetch(url, tagged))
    await gate.reachedBy(1)
    gate.open()
    const replies = await Promise.all(calls)
    expect(new Set(replies).size).toBe(1_000)
    expect(new Set(await Promise.all(replies.map((reply) => reply.text())))).toEqual(new Set(['shared']))
    expect(origin.count).toBe(1)
    expect(kinds().filter((kind) => kind === 'stored')).toHaveLength(1)
  })

  it('for two URLs do not wait for each other', async () => {
    const gate = barrier()
    const { text, url } = await setupFetch({
      answer: async (response, request) => {
        if (request.url === '/slow') await gate.pass()
        response.end('done')
      },
    })
    const slow = text(`${url}slow`, tagged)
    await text(`${url}fast`, tagged)
    expect(await isPending(slow)).toBe(true)
    gate.open()
    await slow
  })

  it('do not wait where nothing is stored', async () => {
    const gate = barrier()
    const { text, url } = await setupFetch({
      answer: async (response) => {
        await gate.pass()
        response.end('done')
      },
    })
    const calls = [text(url), text(url)]
    await gate.reachedBy(2)
    gate.open()
    await Promise.all(calls)
  })

  it('of different tags share one entry, whose own tags decide', async () => {
    const { cache, text, url } = await setupFetch()
    await text(url, { next: { tags: ['a'] } })
    expect(await text(url, { next: { tags: ['b'], revalidate: 1 } })).toBe('reply 1')
    await cache.updateTag('b')
    expect(await text(url, { next: { tags: ['b'] } })).toBe('reply 1')
    await cache.updateTag('a')
    expect(await text(url, { next: { tags: ['b'] } })).toBe('reply 2')
    await cache.updateTag('b')
    expect(await text(url, { next: { tags: ['a'] } })).toBe('reply 3')
  })
})

describe('forgetting everything', () => {
  it('forgets what is stored, with and without tags', async () => {
    const { cache, text, url } = await setupFetch()
    await text(url, tagged)
    await text(`${url}untagged`, { next: { revalidate: 60 } })
    cache.clear()
    expect(await text(url, tagged)).toBe('reply 3')
    expect(await text(`${url}untagged`, { next: { revalidate: 60 } })).toBe('reply 4')
  })

  it('keeps what is under way out', async () => {
    const gate = barrier()
    const { cache, text, url } = await setupFetch({
      answer: async (response, _request, number) => {
        if (number === 1) await gate.pass()
        response.end(`reply ${number}`)
      },
    })
    const first = text(url, { next: { revalidate: 60 } })
    await gate.reachedBy(1)
    cache.clear()
    expect(await text(url, { next: { revalidate: 60 } })).toBe('reply 2')
    gate.open()
    expect(await first).toBe('reply 1')
    expect(await text(url, { next: { revalidate: 60 } })).toBe('reply 2')
  })
})

describe('events', () => {
  it('tell of every step under one key', async () => {
    const { cache, text, url, clock, events, settled } = await setupFetch()
    await text(url, minute)
    await text(url, minute)
    clock.advance(60_000)
    await text(url, minute)
    await settled()
    await cache.updateTag('t')
    await text(url, minute)
    expect(events.map(({ kind }) => kind)).toEqual([
      'miss',
      'stored',
      'hit',
      'stale',
      'stored',
      'invalidated',
      'miss',
      'stored',
    ])
    const keys = events.flatMap((event) => ('key' in event ? [event.key] : []))
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toContain(url)
  })

  it('say why a reply was refused', async () => {
    const { text, url, events } = await setupFetch({ answer: (response) => response.writeHead(404).end() })
    await text(url, tagged)
    expect(events.slice(1)).toEqual([{ kind: 'refused', key: expect.any(String), reason: 'status-404' }])
  })
})

it('the cache waits for its refills when it closes', async () => {
  const gate = barrier()
  const { cache, text, url, clock, origin } = await setupFetch()
  await text(url, minute)
  clock.advance(60_000)
  origin.answer = async (response) => {
    await gate.pass()
    response.end('new')
  }
  await text(url, minute)
  await gate.reachedBy(1)
  const closed = cache.close()
  await ticks()
  expect(await isPending(closed)).toBe(true)
  gate.open()
  await closed
})
