import { describe, expect, it } from 'vitest'
import { engineOf } from '../../src/cache/engine-of.ts'
import { FillScope, runInScope } from '../../src/cache/scope.ts'
import { barrier } from '../cache/support.ts'
import type { Answer } from './support.ts'
import { minute, setupFetch, tagged, ticks } from './support.ts'

const untouched = { stale: 300, revalidate: 900, expire: Number.POSITIVE_INFINITY }

const validating: Answer = (response, { headers }, number) => {
  response.setHeader('ETag', '"v1"')
  if (headers['if-none-match'] === '"v1"') response.writeHead(304).end()
  else response.end(`reply ${number}`)
}

/** What a fetch leaves with the value around it. */
async function left(context: Awaited<ReturnType<typeof setupFetch>>, init: object, path = '') {
  const { cache, text, url } = context
  const { tags, life } = await cache.collect(() => text(url + path, init))
  return { tags, life }
}

describe('tags and an explicit life reach what is around', () => {
  const expected = { tags: ['t'], life: { ...untouched, revalidate: 60 } }

  it('on a miss and on a hit', async () => {
    const context = await setupFetch()
    expect(await left(context, minute)).toEqual(expected)
    expect(await left(context, minute)).toEqual(expected)
    context.clock.advance(50_000)
    expect((await left(context, minute)).life.revalidate).toBe(10)
  })

  it('when it is stale, and what is around is not stored then', async () => {
    const context = await setupFetch()
    const { cache, text, url, clock, settled } = context
    await text(url, minute)
    clock.advance(60_000)
    const scope = new FillScope('response', engineOf(cache), 'a response')
    expect(await runInScope(scope, () => text(url, minute))).toBe('reply 1')
    expect([...scope.tags]).toEqual(['t'])
    expect(scope).toMatchObject({ unstorable: 'it uses a stale value', isRefusedForNow: true })
    expect(scope.life(untouched).revalidate).toBe(0)
    await settled()
  })

  it('from a fresh exchange where only that will do', async () => {
    const { cache, text, url, clock } = await setupFetch()
    await text(url, minute)
    clock.advance(60_000)
    const scope = new FillScope('response', engineOf(cache), 'a response')
    scope.optIn()
    expect(await runInScope(scope, () => text(url, minute))).toBe('reply 2')
    expect(scope.unstorable).toBeUndefined()
    const inFunction = cache.cached(() => text(url, minute), { key: 'f' })
    clock.advance(60_000)
    expect(await inFunction()).toBe('reply 3')
  })

  it('after a 304', async () => {
    const context = await setupFetch({ answer: validating })
    const { cache, text, url, clock, origin } = context
    await text(url, { next: { revalidate: 60, tags: ['old'] } })
    clock.advance(60_000)
    const outer = cache.cached(() => text(url, minute), { key: 'outer' })
    expect(await cache.collect(outer)).toMatchObject({ tags: ['t', 'old'], life: { revalidate: 60 } })
    expect(origin.count).toBe(2)
    await cache.updateTag('old')
    expect(await outer()).toBe('reply 3')
  })

  it('from a fill that somebody else started', async () => {
    const gate = barrier()
    const context = await setupFetch({
      answer: async (response) => {
        await gate.pass()
        response.end()
      },
    })
    const first = context.text(context.url, minute)
    const followers = left(context, minute)
    await gate.reachedBy(1)
    await ticks()
    gate.open()
    await first
    expect(await followers).toEqual(expected)
  })

  it('from a failure', async () => {
    const { cache, url } = await setupFetch({ answer: (response) => response.destroy() })
    const { tags } = await cache.collect(() => cache.fetch(url, minute).catch(() => 'nothing'))
    expect(tags).toEqual(['t'])
  })

  it('where the cache is off', async () => {
    expect(await left(await setupFetch({ enabled: false }), minute)).toEqual(expected)
  })

  it('where the request is too long to be cached', async () => {
    const context = await setupFetch({ memory: { maxEntryBytes: 10 } })
    expect(await left(context, { ...minute, method: 'POST', body: 'x'.repeat(11) })).toEqual(expected)
  })
})

describe('what is not cached labels all the same', () => {
  it('with no-store', async () => {
    const context = await setupFetch()
    expect(await left(context, { cache: 'no-store', ...tagged })).toEqual({ tags: ['t'], life: untouched })
    expect(await left(context, { method: 'POST', ...tagged })).toEqual({ tags: ['t'], life: untouched })
    expect(await left(context, {})).toEqual({ tags: [], life: untouched })
  })

  it('with revalidate: 0, which keeps what is around out of the cache', async () => {
    const { cache, text, url, origin } = await setupFetch()
    const outer = cache.cached(() => text(url, { next: { revalidate: 0, tags: ['t'] } }), { key: 'outer' })
    const { tags, life } = await cache.collect(outer)
    expect(tags).toEqual(['t'])
    expect(life.revalidate).toBe(0)
    await outer()
    expect(origin.count).toBe(2)
    // … unless that says itself how long it lives.
    const explicit = cache.cached(() => text(url, { next: { revalidate: 0 } }), { key: 'e', life: 'hours' })
    expect(await explicit()).toBe(await explicit())
  })
})

describe('a life that nobody named', () => {
  it.each<[string, object]>([
    ['tags', tagged],
    ['force-cache', { cache: 'force-cache' }],
  ])('does not touch the one around it: %s', async (_what, init) => {
    const context = await setupFetch()
    expect((await left(context, init)).life).toEqual(untouched)
    context.clock.advance(10_000_000)
    expect((await left(context, init)).life).toEqual(untouched)
  })

  it('is not lengthened by false', async () => {
    const context = await setupFetch()
    expect((await left(context, { next: { revalidate: false } })).life).toEqual(untouched)
  })
})

describe('what is around', () => {
  it('is made again when a tag of the fetch is invalidated', async () => {
    const { cache, text, url } = await setupFetch()
    const outer = cache.cached(async () => `made of ${await text(url, tagged)}`, { key: 'outer' })
    expect([await outer(), await outer()]).toEqual(['made of reply 1', 'made of reply 1'])
    await cache.updateTag('t')
    expect(await outer()).toBe('made of reply 2')
  })

  it('leaves the fetch alone when it is invalidated itself', async () => {
    const { cache, text, url, origin } = await setupFetch()
    const outer = cache.cached(() => text(url, tagged), { key: 'outer', tags: ['o'] })
    await outer()
    await cache.updateTag('o')
    expect(await outer()).toBe('reply 1')
    expect(origin.count).toBe(1)
  })

  it('is not stored where the fetch has a tag that is wrong', async () => {
    const { cache, text, url, origin } = await setupFetch()
    const outer = cache.cached(() => text(`${url}wrong`, { next: { revalidate: 60, tags: [''] } }), {
      key: 'outer',
    })
    await outer()
    await outer()
    expect(origin.count).toBe(2)
  })

  it('is not stored where the fetch belongs to another cache', async () => {
    const { cache, origin } = await setupFetch()
    const other = await setupFetch()
    const outer = cache.cached(() => other.text(other.url, tagged), { key: 'outer' })
    await outer()
    await other.cache.updateTag('t')
    expect(await outer()).toBe('reply 2')
    expect(origin.count).toBe(0)
  })

  it('is not stored where the fetch was given up', async () => {
    const gate = barrier()
    const { cache, url, origin } = await setupFetch({
      answer: async (response) => {
        await gate.pass()
        response.end()
      },
    })
    let runs = 0
    const controllers = [new AbortController(), new AbortController()]
    const outer = cache.cached(
      () =>
        cache.fetch(url, { ...tagged, signal: controllers[runs++]?.signal ?? null }).catch(() => 'nothing'),
      { key: 'outer' },
    )
    for (const [index, controller] of controllers.entries()) {
      const call = outer()
      await gate.reachedBy(index + 1)
      controller.abort()
      await call
    }
    expect(origin.count).toBe(2)
  })

  it('may not invalidate while a custom fetch makes the reply', async () => {
    const { cache } = await setupFetch({
      fetch: {
        fetch: async () => {
          await cache.updateTag('t')
          return new Response('')
        },
      },
    })
    await expect(cache.fetch('http://a.test/', tagged)).rejects.toMatchObject({
      code: 'ERR_RESTALE_INVALIDATION_IN_SCOPE',
    })
  })

  it('is labelled by what a custom fetch uses', async () => {
    const { cache, origin } = await setupFetch({
      fetch: {
        fetch: async (input, init) => {
          cache.cacheTag('from-inside')
          return fetch(input, init)
        },
      },
    })
    const read = () => cache.fetch(`${origin.url}/`, tagged)
    await cache.collect(read)
    expect((await cache.collect(read)).tags).toEqual(['t', 'from-inside'])
  })
})
