import { describe, expect, it } from 'vitest'
import { barrier } from '../cache/support.ts'
import type { Answer, Received } from './support.ts'
import { minute, setupFetch, ticks } from './support.ts'

const lastModified = 'Sun, 06 Nov 1994 08:49:37 GMT'

/** An origin that answers 304 to its own ETag; its body says which request it was made for. */
const validating: Answer = (response, { headers }, number) => {
  response.setHeader('ETag', '"v1"')
  if (headers['if-none-match'] === '"v1"') response.writeHead(304, { 'X-Renewed': String(number) }).end()
  else response.setHeader('X-Made', String(number)).end(`reply ${number}`)
}

const conditions = ({ headers }: Received) => ({
  etag: headers['if-none-match'],
  since: headers['if-modified-since'],
})

/** Stored, and stale by age. */
async function setupStale(answer: Answer = validating, next: object = minute.next) {
  const context = await setupFetch({ answer })
  await context.text(context.url, { next })
  context.clock.advance(60_000)
  return context
}

describe('a refill of a stored reply', () => {
  it.each<[string, Record<string, string>, ReturnType<typeof conditions>]>([
    ['an ETag', { ETag: 'W/"a"' }, { etag: 'W/"a"', since: undefined }],
    ['a Last-Modified', { 'Last-Modified': lastModified }, { etag: undefined, since: lastModified }],
    ['both', { ETag: '"a"', 'Last-Modified': lastModified }, { etag: '"a"', since: undefined }],
    ['neither', { Date: lastModified }, { etag: undefined, since: undefined }],
  ])('with %s asks with it', async (_what, headers, expected) => {
    const { text, url, origin, settled } = await setupStale((response) => {
      response.writeHead(200, headers).end('body')
    })
    expect(conditions(origin.last)).toEqual({ etag: undefined, since: undefined })
    await text(url, minute)
    await settled()
    expect(conditions(origin.last)).toEqual(expected)
    expect(origin.count).toBe(2)
  })

  it('renews it with a 304: its status and body stay, its headers are updated', async () => {
    const { cache, text, url, origin, settled, clock, kinds } = await setupStale()
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    const renewed = await cache.fetch(url, minute)
    expect(renewed).toMatchObject({ status: 200, statusText: 'OK', url, redirected: false })
    expect(renewed.headers.get('x-made')).toBe('1')
    expect(renewed.headers.get('x-renewed')).toBe('2')
    expect(await renewed.text()).toBe('reply 1')
    expect(kinds()).toEqual(['miss', 'stored', 'stale', 'stored', 'hit'])
    // … for another life.
    clock.advance(59_999)
    await text(url, minute)
    expect(kinds().at(-1)).toBe('hit')
    expect(origin.count).toBe(2)
  })

  it('renews what an invalidation has made stale', async () => {
    const { cache, text, url, origin, settled, kinds } = await setupFetch({ answer: validating })
    await text(url, minute)
    await cache.revalidateTag('t', 'max')
    expect(await text(url, minute)).toBe('reply 1')
    await settled()
    expect(conditions(origin.last).etag).toBe('"v1"')
    expect(await text(url, minute)).toBe('reply 1')
    expect(kinds().at(-1)).toBe('hit')
    expect(origin.count).toBe(2)
  })

  it('replaces it with a 200', async () => {
    const { text, url, origin, settled } = await setupStale()
    origin.answer = (response) => response.setHeader('ETag', '"v2"').end('new')
    await text(url, minute)
    await settled()
    expect(await text(url, minute)).toBe('new')
  })

  it('renews it for who has to wait, too', async () => {
    const { cache, url, origin } = await setupStale()
    const outer = cache.cached(async () => (await cache.fetch(url, minute)).text(), { key: 'outer' })
    expect(await outer()).toBe('reply 1')
    expect(conditions(origin.last).etag).toBe('"v1"')
    expect(origin.count).toBe(2)
  })

  it('gives a renewed reply to those who wait', async () => {
    const gate = barrier()
    const { cache, url, origin } = await setupStale()
    origin.answer = async (...given) => {
      await gate.pass()
      validating(...given)
    }
    const outer = (key: string) =>
      cache.cached(async () => (await cache.fetch(url, minute)).text(), { key })()
    const calls = [outer('a'), outer('b')]
    await gate.reachedBy(1)
    gate.open()
    expect(await Promise.all(calls)).toEqual(['reply 1', 'reply 1'])
    expect(origin.count).toBe(2)
  })

  it('does so for HEAD', async () => {
    const { cache, url, origin, settled, clock } = await setupFetch({ answer: validating })
    const init = { ...minute, method: 'HEAD' }
    await cache.fetch(url, init)
    clock.advance(60_000)
    await cache.fetch(url, init)
    await settled()
    expect(conditions(origin.last).etag).toBe('"v1"')
    expect(await cache.fetch(url, init)).toMatchObject({ status: 200, body: null })
  })

  it('does not for a method whose conditions mean something else', async () => {
    const { text, url, origin, settled, clock } = await setupFetch({ answer: validating })
    const init = { ...minute, method: 'POST', body: 'query' }
    await text(url, init)
    clock.advance(60_000)
    await text(url, init)
    await settled()
    expect(conditions(origin.last)).toEqual({ etag: undefined, since: undefined })
    expect(await text(url, init)).toBe('reply 2')
  })

  it('does not after a redirect', async () => {
    const { text, url, origin, settled } = await setupStale((response, request, number) => {
      if (request.url === '/') response.writeHead(302, { Location: '/there' }).end()
      else validating(response, request, number, undefined as never)
    })
    await text(url, minute)
    await settled()
    expect(origin.count).toBe(4)
    for (const request of origin.requests) expect(conditions(request).etag).toBeUndefined()
  })

  it('leaves alone the conditions of the caller', async () => {
    const { cache, url, origin, settled, clock } = await setupFetch({ answer: validating })
    const init = { ...minute, headers: { 'If-None-Match': '"mine"' } }
    await (await cache.fetch(url, init)).text()
    clock.advance(60_000)
    await (await cache.fetch(url, init)).text()
    await settled()
    expect(conditions(origin.last).etag).toBe('"mine"')
  })

  it('that gets a 304 to the conditions of the caller keeps the old one', async () => {
    const { cache, url, settled, clock, origin } = await setupFetch({ answer: validating })
    const init = { ...minute, headers: { 'If-None-Match': '"v2"' } }
    await (await cache.fetch(url, init)).text()
    origin.answer = (response) => response.writeHead(304, { ETag: '"v2"' }).end()
    clock.advance(60_000)
    await (await cache.fetch(url, init)).text()
    await settled()
    expect(await (await cache.fetch(url, init)).text()).toBe('reply 1')
  })

  it('is made again after it was renewed many times', async () => {
    const { text, url, origin, settled, clock } = await setupStale()
    for (let count = 2; count < 8; count++) {
      expect(await text(url, minute)).toBe('reply 1')
      await settled()
      expect(origin.count).toBe(count)
      clock.advance(60_000)
    }
  })

  it('lives on for as long as the 304 says', async () => {
    const next = { tags: ['t'], upstreamLife: true }
    const { text, url, origin, settled, clock, kinds } = await setupFetch({
      answer: (response, _request, number) => {
        const life = (seconds: number) => `max-age=${seconds}, stale-while-revalidate=600`
        response.setHeader('ETag', '"v1"')
        if (number > 1) response.writeHead(304, { 'Cache-Control': life(100) }).end()
        else response.writeHead(200, { 'Cache-Control': life(90), Age: '30' }).end('body')
      },
    })
    await text(url, { next })
    clock.advance(60_000)
    await text(url, { next })
    await settled()
    expect(kinds()).toEqual(['miss', 'stored', 'stale', 'stored'])
    // The age of the first reply says nothing about the second.
    clock.advance(99_999)
    await text(url, { next })
    expect(kinds().at(-1)).toBe('hit')
    clock.advance(1)
    await text(url, { next })
    expect(kinds().at(-1)).toBe('stale')
    await settled()
    expect(origin.count).toBe(3)
  })

  it('that may not be stored any more, says the 304, is removed, and shared with nobody', async () => {
    const gate = barrier()
    const next = { ...minute.next, upstreamLife: true }
    const { cache, url, origin } = await setupStale(validating, next)
    origin.answer = async (response, _request, number) => {
      if (number === 2) {
        await gate.pass()
        response.writeHead(304, { 'Cache-Control': 'private' }).end()
      } else response.end('new')
    }
    const outer = (key: string) =>
      cache.cached(async () => (await cache.fetch(url, { next })).text(), { key })()
    const calls = [outer('a'), outer('b')]
    await gate.reachedBy(1)
    await ticks()
    gate.open()
    expect(await Promise.all(calls)).toEqual(['reply 1', 'new'])
  })
})

describe('the tags of a renewed reply', () => {
  it('are those of the old one, of the call and of the 304', async () => {
    const options = { revalidate: 60, upstreamTags: true }
    const { cache, url, text, settled } = await setupStale(
      (response, { headers }) => {
        response.setHeader('ETag', '"v1"')
        if (headers['if-none-match']) response.writeHead(304, { 'Cache-Tag': 'from-304' }).end()
        else response.setHeader('Cache-Tag', 'from-200').end('body')
      },
      { ...options, tags: ['old'] },
    )
    const init = { next: { ...options, tags: ['new'] } }
    await text(url, init)
    await settled()
    const { tags } = await cache.collect(() => cache.fetch(url, init))
    expect([...tags].sort()).toEqual(['from-200', 'from-304', 'new', 'old'])
  })
})

describe('nothing is renewed', () => {
  it('that was invalidated before', async () => {
    const { cache, text, url, origin } = await setupStale()
    await cache.updateTag('t')
    expect(await text(url, minute)).toBe('reply 2')
    expect(conditions(origin.last).etag).toBeUndefined()
    expect(origin.count).toBe(2)
  })

  it('that was invalidated softly, once its deadline has passed', async () => {
    const { cache, text, url, origin, clock } = await setupStale()
    await cache.revalidateTag('t', { expire: 10 })
    clock.advance(10_000)
    expect(await text(url, minute)).toBe('reply 2')
    expect(conditions(origin.last).etag).toBeUndefined()
  })

  it.each(['before the request', 'before the 304'])(
    'that is invalidated during the refill: %s',
    async (when) => {
      const gate = barrier()
      const { cache, text, url, origin, settled } = await setupStale()
      origin.answer = async (...given) => {
        await gate.pass()
        validating(...given)
      }
      await text(url, minute)
      if (when === 'before the 304') await gate.reachedBy(1)
      await cache.updateTag('t')
      gate.open()
      await settled()
      const made = await text(url, minute)
      expect(made).not.toBe('reply 1')
      expect(await text(url, minute)).toBe(made)
    },
  )

  it('under a tag that only the new call brings, and that was invalidated since', async () => {
    const { cache, text, url, origin, settled } = await setupStale()
    await cache.updateTag('new')
    const init = { next: { revalidate: 60, tags: ['new'] } }
    expect(await text(url, init)).toBe('reply 1')
    await settled()
    expect(conditions(origin.last).etag).toBeUndefined()
    expect(await text(url, init)).toBe('reply 2')
  })

  it('under a tag that only the new call brings, whose deadline has passed since', async () => {
    const { cache, text, url, origin, settled, clock } = await setupStale()
    await cache.revalidateTag('new', { expire: 10 })
    clock.advance(10_000)
    const init = { next: { revalidate: 60, tags: ['new'] } }
    await text(url, init)
    await settled()
    expect(conditions(origin.last).etag).toBeUndefined()
    expect(await text(url, init)).toBe('reply 2')
  })

  it('but under a tag that was invalidated before it was made, something is', async () => {
    const { cache, text, url, origin, settled, clock } = await setupFetch({ answer: validating })
    await cache.updateTag('new')
    await text(url, minute)
    clock.advance(60_000)
    await text(url, { next: { revalidate: 60, tags: ['new'] } })
    await settled()
    expect(conditions(origin.last).etag).toBe('"v1"')
  })

  it('under a tag that only the 304 brings, and that was invalidated since', async () => {
    const next = { ...minute.next, upstreamTags: true }
    const { cache, text, url, origin, settled } = await setupStale((response, { headers }, number) => {
      response.setHeader('ETag', '"v1"').setHeader('Cache-Tag', `made-${number}`)
      if (headers['if-none-match']) response.writeHead(304).end()
      else response.end(`reply ${number}`)
    }, next)
    await cache.updateTag('made-2')
    await text(url, { next })
    await settled()
    expect(origin.requests.map((request) => conditions(request).etag)).toEqual([undefined, '"v1"', undefined])
    expect(await text(url, { next })).toBe('reply 3')
  })

  it('of a key that was forgotten', async () => {
    const { cache, text, url, origin } = await setupStale()
    cache.clear()
    expect(await text(url, minute)).toBe('reply 2')
    expect(conditions(origin.last).etag).toBeUndefined()
  })
})
