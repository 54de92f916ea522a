import type { FetchInit } from '@restale/core'
import { createCache } from '@restale/core'
import { describe, expect, it, vi } from 'vitest'
import { warnings } from '../cache/support.ts'
import { setupFetch } from './support.ts'

describe('a call is cached', () => {
  it.each<[string, FetchInit]>([
    ['revalidate', { next: { revalidate: 60 } }],
    ['a fraction of a second', { next: { revalidate: 0.5 } }],
    ['revalidate: false', { next: { revalidate: false } }],
    ['revalidate: Infinity', { next: { revalidate: Number.POSITIVE_INFINITY } }],
    ['force-cache', { cache: 'force-cache' }],
    ['tags alone', { next: { tags: ['t'] } }],
    ['HEAD with tags alone', { method: 'HEAD', next: { tags: ['t'] } }],
    ['a method in small letters', { method: 'get', next: { tags: ['t'] } }],
    ['POST with revalidate', { method: 'POST', body: 'b', next: { revalidate: 60 } }],
    ['POST with force-cache', { method: 'POST', body: 'b', cache: 'force-cache' }],
    ['DELETE with revalidate: false', { method: 'DELETE', next: { revalidate: false } }],
  ])('with %s', async (_what, init) => {
    const { text, url, origin } = await setupFetch()
    expect(await text(url, init)).toBe(await text(url, init))
    expect(origin.count).toBe(1)
  })
})

describe('a call is not cached', () => {
  it.each<[string, FetchInit | undefined]>([
    ['nothing said', undefined],
    ['an empty init', {}],
    ['an empty next', { next: {} }],
    ['no tags', { next: { tags: [] } }],
    ['cache: default', { cache: 'default' }],
    ['revalidate: 0', { next: { revalidate: 0, tags: ['t'] } }],
    ['no-store', { cache: 'no-store', next: { tags: ['t'] } }],
    ['no-cache', { cache: 'no-cache', next: { tags: ['t'] } }],
    ['reload', { cache: 'reload', next: { tags: ['t'] } }],
    ['POST with tags alone', { method: 'POST', body: 'b', next: { tags: ['t'] } }],
    ['POST with upstreamLife alone', { method: 'POST', body: 'b', next: { upstreamLife: true } }],
    ['upstreamTags alone', { next: { upstreamTags: true } }],
    ['upstreamLife: false', { next: { upstreamLife: false } }],
  ])('with %s', async (_what, init) => {
    const { text, url, origin } = await setupFetch()
    expect([await text(url, init), await text(url, init)]).toEqual(['reply 1', 'reply 2'])
    expect(origin.count).toBe(2)
  })

  it('does not touch what is stored', async () => {
    const { text, url } = await setupFetch()
    await text(url, { next: { tags: ['t'] } })
    expect(await text(url, { cache: 'no-store' })).toBe('reply 2')
    expect(await text(url, { next: { tags: ['t'] } })).toBe('reply 1')
  })
})

describe('what contradicts itself is not cached, with a warning', () => {
  it.each<[string, FetchInit]>([
    ['force-cache and 0', { cache: 'force-cache', next: { revalidate: 0 } }],
    ['no-store and a life', { cache: 'no-store', next: { revalidate: 60 } }],
    ['reload and false', { cache: 'reload', next: { revalidate: false } }],
    ['no-cache and a life', { cache: 'no-cache', next: { revalidate: 1 } }],
  ])('%s', async (_what, init) => {
    const given = warnings()
    const { text, url, origin } = await setupFetch()
    await text(`${url}?secret=1`, init)
    await text(`${url}?secret=2`, init)
    expect(origin.count).toBe(2)
    expect(given).toHaveLength(1)
    expect(given[0]).toMatch(/^RESTALE_FETCH_CONFLICT: fetch http/)
    expect(given[0]).not.toContain('secret')
  })

  it('no-store and 0 agree', async () => {
    const given = warnings()
    const { text, url } = await setupFetch()
    await text(url, { cache: 'no-store', next: { revalidate: 0 } })
    expect(given).toEqual([])
  })
})

describe('what is wrong rejects before anything is asked', () => {
  it.each<[string, unknown, string]>([
    ['revalidate that is negative', { revalidate: -1 }, 'ERR_RESTALE_INVALID_LIFE'],
    ['revalidate: NaN', { revalidate: Number.NaN }, 'ERR_RESTALE_INVALID_LIFE'],
    ['revalidate: true', { revalidate: true }, 'ERR_RESTALE_INVALID_LIFE'],
    ['revalidate in words', { revalidate: '60' }, 'ERR_RESTALE_INVALID_LIFE'],
    ['revalidate: null', { revalidate: null }, 'ERR_RESTALE_INVALID_LIFE'],
    ['one string for tags', { tags: 'posts' }, 'ERR_RESTALE_INVALID_OPTION'],
    ['tags: null', { tags: null }, 'ERR_RESTALE_INVALID_OPTION'],
    ['a name that is none', { revalidat: 60 }, 'ERR_RESTALE_INVALID_OPTION'],
    ['upstreamTags in words', { upstreamTags: 'yes' }, 'ERR_RESTALE_INVALID_OPTION'],
    ['upstreamLife as a number', { upstreamLife: 1 }, 'ERR_RESTALE_INVALID_OPTION'],
    ['no object at all', 'posts', 'ERR_RESTALE_INVALID_OPTION'],
  ])('%s', async (_what, next, code) => {
    const { cache, url, origin } = await setupFetch()
    await expect(cache.fetch(url, { next } as FetchInit)).rejects.toMatchObject({ code })
    expect(origin.count).toBe(0)
  })

  it('rejects what fetch rejects', async () => {
    const { cache, url } = await setupFetch()
    await expect(cache.fetch('/relative', { next: { tags: ['t'] } })).rejects.toThrow(TypeError)
    await expect(cache.fetch('/relative')).rejects.toThrow(TypeError)
    await expect(cache.fetch(url.replace('//', '//user:secret@'), { next: { tags: ['t'] } })).rejects.toThrow(
      TypeError,
    )
    await expect(cache.fetch(url, { method: 'GET', body: 'b', cache: 'force-cache' })).rejects.toThrow(
      TypeError,
    )
  })

  it('keeps a tag that is wrong out of the cache, with a warning', async () => {
    const given = warnings()
    const { text, url, origin } = await setupFetch()
    const init = { next: { revalidate: 60, tags: ['', 'fine'] } }
    await text(`${url}wrong-tag?secret=1`, init)
    await text(`${url}wrong-tag?secret=1`, init)
    expect(origin.count).toBe(2)
    expect(given.join()).not.toContain('secret')
    expect(given).toEqual([expect.stringMatching(/^RESTALE_INVALID_TAG: fetch GET .* is not cached/)])
  })

  it('checks the options of createCache', () => {
    const wrong = [
      { fetch: 'node-fetch' },
      { upstreamTags: 1 },
      { upstreamLife: null },
      { upstreamLive: true },
    ]
    for (const fetch of wrong) {
      expect(() => createCache({ fetch: fetch as never })).toThrow(
        expect.objectContaining({ code: 'ERR_RESTALE_INVALID_OPTION' }),
      )
    }
  })
})

describe('the input', () => {
  it('is a string, a URL or a Request, which are the same', async () => {
    const { text, url, origin } = await setupFetch()
    const init = { next: { tags: ['t'] } }
    await text(url, init)
    expect(await text(new URL(url), init)).toBe('reply 1')
    expect(await text(new Request(url), init)).toBe('reply 1')
    expect(origin.count).toBe(1)
  })

  it('may be a Request that asks to be cached itself', async () => {
    const { text, url, origin } = await setupFetch()
    const request = (headers = {}) => new Request(url, { cache: 'force-cache', headers } as RequestInit)
    const ask = () => text(request({ 'x-a': '1' }))
    expect([await ask(), await ask()]).toEqual(['reply 1', 'reply 1'])
    expect(origin.last.headers['x-a']).toBe('1')
    expect(await text(request(), { cache: 'no-store' })).toBe('reply 2')
  })

  it('may be a Request as the second argument too, as for fetch', async () => {
    const { cache, text, url, origin } = await setupFetch()
    const request = (mode: NonNullable<FetchInit['cache']>) => {
      const init = { method: 'POST', headers: { 'x-a': '1' }, body: 'sent', cache: mode }
      return new Request('http://elsewhere.test/', init as RequestInit)
    }
    expect(await text(url, request('default'))).toBe('reply 1')
    expect(origin.last).toMatchObject({ method: 'POST', body: Buffer.from('sent') })
    expect(await text(url, request('force-cache'))).toBe('reply 2')
    expect(await text(url, request('force-cache'))).toBe('reply 2')
    expect(origin.last).toMatchObject({ method: 'POST', body: Buffer.from('sent') })
    expect(origin.last.headers['x-a']).toBe('1')
    await expect(cache.fetch(url, null as never)).resolves.toBeInstanceOf(Response)
  })

  it('is not changed, and may change afterwards', async () => {
    const { cache, url, text } = await setupFetch()
    const tags = ['a']
    const init = Object.freeze({ next: Object.freeze({ tags }), headers: { 'x-a': '1' } })
    const reply = cache.fetch(url, init)
    tags[0] = 'b'
    await (await reply).text()
    await cache.updateTag('b')
    expect(await text(url, init)).toBe('reply 1')
    await cache.updateTag('a')
    expect(await text(url, init)).toBe('reply 2')
  })

  it('is used up as by fetch, on a hit too', async () => {
    const { cache, url } = await setupFetch()
    const init = { next: { revalidate: 60 } }
    const request = () => new Request(url, { method: 'POST', body: 'b' })
    await (await cache.fetch(request(), init)).text()
    const second = request()
    await (await cache.fetch(second, init)).text()
    expect(second.bodyUsed).toBe(true)
    await expect(cache.fetch(second, init)).rejects.toThrow(TypeError)
  })
})

describe('what fetches', () => {
  it('is the option where there is one', async () => {
    const upstream = vi.fn(async (...[input]: Parameters<typeof fetch>) => new Response(`of ${input}`))
    const { text } = await setupFetch({ fetch: { fetch: upstream } })
    expect(await text('http://nowhere.test/#there', { next: { tags: ['t'] } })).toBe(
      'of http://nowhere.test/#there',
    )
    expect(await text('http://nowhere.test/')).toBe('of http://nowhere.test/')
    expect(await text('http://nowhere.test/', { next: { tags: ['t'] } })).toBe(
      'of http://nowhere.test/#there',
    )
    expect(upstream).toHaveBeenCalledTimes(2)
  })

  it('may be the global fetch as it is at the time of the call', async () => {
    const { text } = await setupFetch()
    vi.stubGlobal('fetch', async () => new Response('stubbed'))
    try {
      expect(await text('http://nowhere.test/', { next: { tags: ['t'] } })).toBe('stubbed')
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('is the original one where the cached one has taken its place', async () => {
    const { cache, url, origin } = await setupFetch()
    vi.stubGlobal('fetch', cache.fetch)
    try {
      expect(await (await fetch(url)).text()).toBe('reply 1')
      expect(await (await fetch(url, { next: { tags: ['t'] } } as RequestInit)).text()).toBe('reply 2')
      expect(await (await fetch(url, { next: { tags: ['t'] } } as RequestInit)).text()).toBe('reply 2')
      expect(origin.count).toBe(2)
    } finally {
      vi.unstubAllGlobals()
    }
  })

  it('gets options of its own that a call gives, and none of ours', async () => {
    const inits: (RequestInit | undefined)[] = []
    const upstream: typeof fetch = async (_input, init) => {
      inits.push(init)
      return new Response('')
    }
    const { text } = await setupFetch({ fetch: { fetch: upstream } })
    const dispatcher = {} as NonNullable<RequestInit['dispatcher']>
    await text('http://nowhere.test/', { dispatcher, next: { tags: ['t'] }, cache: 'force-cache' })
    await text('http://nowhere.test/', { dispatcher, next: {} })
    await text('http://nowhere.test/', { dispatcher, next: {}, cache: 'no-store' })
    await text('http://nowhere.test/?mode', { dispatcher, mode: 'same-origin', next: { tags: ['t'] } })
    for (const init of inits) {
      expect(init).toMatchObject({ dispatcher })
      expect(init).not.toHaveProperty('next')
    }
    expect(inits[0]).not.toHaveProperty('cache')
    expect(inits[1]).not.toHaveProperty('cache')
    expect(inits[2]).toMatchObject({ cache: 'no-store' })
    expect(inits[3]).toMatchObject({ mode: 'same-origin' })
  })

  it('sees what a Request says besides', async () => {
    const inits: (RequestInit | undefined)[] = []
    const upstream: typeof fetch = async (_input, init) => {
      inits.push(init)
      return new Response('')
    }
    const { text } = await setupFetch({ fetch: { fetch: upstream } })
    const said = { mode: 'same-origin', redirect: 'error', credentials: 'omit', keepalive: true } as const
    await text(new Request('http://nowhere.test/', said), { next: { tags: ['t'] } })
    expect(inits[0]).toMatchObject(said)
  })
})

describe('a cache that is off', () => {
  it('passes every call', async () => {
    const { text, url, cache } = await setupFetch({ enabled: false })
    const init = { next: { tags: ['t'] } }
    expect([await text(url, init), await text(url, init)]).toEqual(['reply 1', 'reply 2'])
    expect((await cache.collect(() => cache.fetch(url, init))).tags).toEqual(['t'])
  })

  it('stores nothing any more once it is closed', async () => {
    const { text, url, cache } = await setupFetch()
    const init = { next: { tags: ['t'] } }
    await text(url, init)
    await cache.close()
    expect([await text(url, init), await text(url, init)]).toEqual(['reply 2', 'reply 3'])
  })
})

it('keeps the entries of two caches apart', async () => {
  const { text, url } = await setupFetch()
  const other = createCache()
  const init = { next: { tags: ['t'] } }
  await text(url, init)
  expect(await (await other.fetch(url, init)).text()).toBe('reply 2')
})
