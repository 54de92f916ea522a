import type { CacheOptions, FetchCaching } from '@restale/core'
import { describe, expect, it } from 'vitest'
import { barrier, warnings } from '../cache/support.ts'
import type { Answer } from './support.ts'
import { setupFetch, ticks } from './support.ts'

type Headers = Record<string, string | string[]>

function replying(headers: Headers): Answer {
  return (response, _request, number) => response.writeHead(200, headers).end(`reply ${number}`)
}

async function setupUpstream(headers: Headers, options: CacheOptions = {}) {
  const context = await setupFetch({ ...options, answer: replying(headers) })
  const { cache, url, text } = context
  return {
    ...context,
    ask: (next: FetchCaching) => text(url, { next }),
    tags: async (next: FetchCaching) => (await cache.collect(() => cache.fetch(url, { next }))).tags,
  }
}

describe('the tags of upstream', () => {
  const names: Headers = {
    'Cache-Tag': 'a, b',
    'Surrogate-Key': ['c d', 'e f'],
    'Edge-Cache-Tag': 'g',
    'Cache-Groups': '"h", "i, j"',
  }
  const all = ['a', 'b', 'g', 'c', 'd', 'e', 'f', 'h', 'i, j']

  it.each<[string, CacheOptions, FetchCaching, readonly string[]]>([
    ['stay out by default', {}, { tags: ['own'] }, ['own']],
    ['join where the call says so', {}, { tags: ['own'], upstreamTags: true }, ['own', ...all]],
    ['join where the cache says so', { fetch: { upstreamTags: true } }, { tags: ['own'] }, ['own', ...all]],
    [
      'stay out where the call says so',
      { fetch: { upstreamTags: true } },
      { tags: ['own'], upstreamTags: false },
      ['own'],
    ],
  ])('%s', async (_what, options, next, expected) => {
    const { tags } = await setupUpstream(names, options)
    expect(await tags(next)).toEqual(expected)
    // … on a hit as well.
    expect(await tags(next)).toEqual(expected)
  })

  it('invalidate what they name', async () => {
    const { cache, ask } = await setupUpstream(names)
    const next = { revalidate: 60, upstreamTags: true }
    for (const tag of all) {
      const before = await ask(next)
      expect(await ask(next)).toBe(before)
      await cache.updateTag(tag)
      expect(await ask(next)).not.toBe(before)
    }
  })

  it('label what is made of a reply that is not stored', async () => {
    const { cache, url, ask, tags } = await setupUpstream(names, { fetch: { upstreamTags: true } })
    expect(await tags({ revalidate: 0 })).toEqual(all)
    expect((await cache.collect(() => cache.fetch(url, { method: 'POST', body: 'b' }))).tags).toEqual(all)
    expect((await cache.collect(() => cache.fetch(url))).tags).toEqual(all)
    await ask({ tags: ['t'] })
  })

  it('label whoever waits, too', async () => {
    const gate = barrier()
    const { cache, url } = await setupFetch({
      answer: async (response) => {
        response.setHeader('Cache-Tag', 'a')
        await gate.pass()
        response.end()
      },
    })
    const next = { tags: ['t'], upstreamTags: true }
    const calls = [1, 2].map(() => cache.collect(() => cache.fetch(url, { next })))
    await gate.reachedBy(1)
    await ticks()
    gate.open()
    for (const { tags } of await Promise.all(calls)) expect(tags).toEqual(['t', 'a'])
  })

  it('keep a reply out of the cache that has a wrong one, with a warning', async () => {
    const given = warnings()
    const { ask, url } = await setupUpstream({ 'Cache-Tag': `fine, ${'x'.repeat(257)}` })
    const next = { revalidate: 60, upstreamTags: true }
    expect([await ask(next), await ask(next)]).toEqual(['reply 1', 'reply 2'])
    expect(given).toEqual([expect.stringContaining(`RESTALE_INVALID_TAG: fetch GET ${url} is not cached`)])
  })

  it.each([
    [128, 1_024, 'stored'],
    [128, 896, 'stored'],
    [1, 1_024, 'refused'],
    [128, 897, 'refused'],
    [129, 0, 'refused'],
  ])('%i of the call and %i of the reply are %s', async (own, named, kind) => {
    const given = warnings()
    const tags = Array.from({ length: own }, (_, index) => `own-${index}`)
    // Those of the call that upstream names as well count once.
    const total = own === 128 && named === 1_024 ? 1_024 : own + named
    const names = Array.from({ length: total - own }, (_, index) => `named-${index}`)
    const repeated = named === 1_024 && own === 128 ? tags : []
    const { ask, kinds } = await setupUpstream({ 'Cache-Tag': [...repeated, ...names].join() })
    await ask({ tags, upstreamTags: true })
    expect(kinds().at(-1)).toBe(kind)
    expect(given).toHaveLength(kind === 'refused' ? 1 : 0)
  })
})

describe('the life that upstream gives', () => {
  const life = { upstreamLife: true }

  /** What a second call gets so many seconds later. */
  it.each<[string, Headers, [seconds: number, kind: string][]]>([
    [
      'max-age',
      { 'Cache-Control': 'max-age=10' },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
    [
      's-maxage before max-age',
      { 'Cache-Control': 'max-age=99, s-maxage=10' },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
    [
      'max-age before Expires',
      { 'Cache-Control': 'max-age=10', Date: 'Sun, 06 Nov 1994 08:49:37 GMT', Expires: '0' },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
    [
      'Expires after Date',
      { Date: 'Sun, 06 Nov 1994 08:49:37 GMT', Expires: 'Sun, 06 Nov 1994 08:49:47 GMT' },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
    [
      'Age',
      { 'Cache-Control': 'max-age=15', Age: '5' },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
    [
      'stale-while-revalidate',
      { 'Cache-Control': 'max-age=10, stale-while-revalidate=20' },
      [
        [9.9, 'hit'],
        [10, 'stale'],
        [29.9, 'stale'],
        [30, 'miss'],
      ],
    ],
    [
      'must-revalidate',
      { 'Cache-Control': 'max-age=10, stale-while-revalidate=20, must-revalidate' },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
    [
      'the shorter of two',
      { 'Cache-Control': ['max-age=10', 'max-age=99'] },
      [
        [9.9, 'hit'],
        [10, 'miss'],
      ],
    ],
  ])('follows %s', async (_what, headers, expected) => {
    for (const [seconds, kind] of expected) {
      const { ask, clock, kinds } = await setupUpstream(headers)
      await ask(life)
      expect(kinds()).toEqual(['miss', 'stored'])
      clock.advance(seconds * 1_000)
      await ask(life)
      expect(kinds()[2]).toBe(kind)
    }
  })

  it.each<[string, Headers]>([
    ['max-age=0', { 'Cache-Control': 'max-age=0' }],
    ['s-maxage=0', { 'Cache-Control': 'max-age=10, s-maxage=0' }],
    ['Expires in the past', { Expires: 'Sun, 06 Nov 1994 08:49:37 GMT' }],
    ['Expires: 0', { Expires: '0' }],
    ['an Age beyond it', { 'Cache-Control': 'max-age=10, stale-while-revalidate=20', Age: '10' }],
    ['no life at all', { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }],
    ['a life that is none', { 'Cache-Control': 'max-age=soon' }],
    ['no-store', { 'Cache-Control': 'no-store, max-age=10' }],
    ['no-cache', { 'Cache-Control': 'no-cache, max-age=10' }],
    ['private', { 'Cache-Control': 'private, max-age=10' }],
  ])('is none with %s, and nothing is stored', async (_what, headers) => {
    const { ask, kinds } = await setupUpstream(headers)
    expect([await ask(life), await ask(life)]).toEqual(['reply 1', 'reply 2'])
    expect(kinds()).not.toContain('stored')
  })

  it('is not what the call itself says', async () => {
    const { ask, clock, kinds } = await setupUpstream({ 'Cache-Control': 'max-age=10' })
    const next = { ...life, revalidate: 60 }
    await ask(next)
    clock.advance(59_999)
    await ask(next)
    expect(kinds().at(-1)).toBe('hit')
  })

  it('leaves alone what has tags, where it is none', async () => {
    const { ask, clock, kinds } = await setupUpstream({})
    await ask({ ...life, tags: ['t'] })
    clock.advance(1e10)
    await ask({ ...life, tags: ['t'] })
    expect(kinds().at(-1)).toBe('hit')
  })

  it.each(['no-store', 'no-cache', 'private'])('%s holds whatever the call says', async (directive) => {
    const headers = { 'Cache-Control': `max-age=10, ${directive}` }
    const { ask, origin } = await setupUpstream(headers, { fetch: life })
    await ask({ revalidate: 60 })
    await ask({ tags: ['t'] })
    expect(origin.count).toBe(2)
    // … unless it says that upstream is not asked.
    await ask({ revalidate: 60, upstreamLife: false })
    await ask({ revalidate: 60, upstreamLife: false })
    expect(origin.count).toBe(3)
  })

  it.each([200, 404])('keeps apart what is private, also with status %i', async (status) => {
    const gate = barrier()
    const { text, url, origin } = await setupFetch({
      answer: async (response, _request, number) => {
        await gate.pass()
        response.writeHead(status, { 'Cache-Control': 'private' }).end(`reply ${number}`)
      },
    })
    const calls = [1, 2, 3].map(() => text(url, { next: life }))
    await gate.reachedBy(1)
    await ticks()
    gate.open()
    expect((await Promise.all(calls)).sort()).toEqual(['reply 1', 'reply 2', 'reply 3'])
    expect(origin.count).toBe(3)
  })

  it('does not opt in where only the cache says so', async () => {
    const { ask, origin } = await setupUpstream({ 'Cache-Control': 'max-age=10' }, { fetch: life })
    await ask({})
    await ask({})
    expect(origin.count).toBe(2)
  })

  it('limits what is made of it', async () => {
    const { cache, url } = await setupUpstream({ 'Cache-Control': 'max-age=10, stale-while-revalidate=20' })
    const { life: made } = await cache.collect(() => cache.fetch(url, { next: life }))
    expect(made).toEqual({ stale: 10, revalidate: 10, expire: 30 })
  })

  it.each(['no-store', 'private', 'max-age=0'])(
    'of %s keeps what is made of it out of the cache',
    async (directive) => {
      const { cache, text, url, origin } = await setupUpstream({ 'Cache-Control': directive })
      const outer = cache.cached(() => text(url, { next: { tags: ['t'], upstreamLife: true } }), {
        key: 'outer',
      })
      await outer()
      await outer()
      expect(origin.count).toBe(2)
    },
  )

  it('that ends removes what was stored, when it is private by then', async () => {
    const { ask, origin, clock, settled } = await setupUpstream({
      'Cache-Control': 'max-age=10, stale-while-revalidate=20',
    })
    await ask(life)
    origin.answer = replying({ 'Cache-Control': 'private' })
    clock.advance(10_000)
    expect(await ask(life)).toBe('reply 1')
    await settled()
    expect(await ask(life)).toBe('reply 3')
  })
})
