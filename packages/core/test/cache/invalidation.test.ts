import type { Cache } from '@restale/core'
import { describe, expect, it } from 'vitest'
import { counter, long, setup, tick, warnings } from './support.ts'

function cachedCounter(cache: Cache, tags: readonly string[], key = 'x') {
  const { read } = counter()
  return cache.cached(read, { key, tags, life: { stale: 0, revalidate: 1e9, expire: 2e9 } })
}

describe('input is checked before anything happens', () => {
  const wrong: [string, (cache: Cache) => unknown, string][] = [
    ['an empty tag', (cache) => cache.updateTag(''), 'ERR_RESTALE_INVALID_TAG'],
    ['a tag of 257 characters', (cache) => cache.updateTag('x'.repeat(257)), 'ERR_RESTALE_INVALID_TAG'],
    ['a tag that is no string', (cache) => cache.updateTag(7 as never), 'ERR_RESTALE_INVALID_TAG'],
    ['no tag', (cache) => cache.updateTag(undefined as never), 'ERR_RESTALE_INVALID_TAG'],
    ['one wrong tag of several', (cache) => cache.updateTag(['t', '']), 'ERR_RESTALE_INVALID_TAG'],
    [
      'a hole among the tags',
      (cache) => cache.updateTag(new Array(1) as string[]),
      'ERR_RESTALE_INVALID_TAG',
    ],
    ['a wrong tag, softly', (cache) => cache.revalidateTag(['t', ''], 'max'), 'ERR_RESTALE_INVALID_TAG'],
    [
      'an unknown profile',
      (cache) => cache.revalidateTag('t', 'nope' as 'max'),
      'ERR_RESTALE_UNKNOWN_PROFILE',
    ],
    [
      'toString as profile',
      (cache) => cache.revalidateTag('t', 'toString' as 'max'),
      'ERR_RESTALE_UNKNOWN_PROFILE',
    ],
    ['expire: -1', (cache) => cache.revalidateTag('t', { expire: -1 }), 'ERR_RESTALE_INVALID_LIFE'],
    ['expire: NaN', (cache) => cache.revalidateTag('t', { expire: Number.NaN }), 'ERR_RESTALE_INVALID_LIFE'],
    [
      'expire: "1"',
      (cache) => cache.revalidateTag('t', { expire: '1' as never }),
      'ERR_RESTALE_INVALID_LIFE',
    ],
    ['null as profile', (cache) => cache.revalidateTag('t', null as never), 'ERR_RESTALE_INVALID_LIFE'],
    ['a relative path', (cache) => cache.revalidatePath('blog'), 'ERR_RESTALE_INVALID_PATH'],
    ['a path that is none', (cache) => cache.revalidatePath(undefined as never), 'ERR_RESTALE_INVALID_PATH'],
    [
      'a path longer than 1,024, which differs from Next.js',
      (cache) => cache.revalidatePath(`/${'x'.repeat(1_024)}`),
      'ERR_RESTALE_INVALID_PATH',
    ],
    [
      'an unknown path type',
      (cache) => cache.revalidatePath('/', 'route' as never),
      'ERR_RESTALE_INVALID_PATH',
    ],
  ]

  it.each(wrong)(
    '%s: throws at the call, and no entry and no event tells of it',
    async (_what, call, code) => {
      const { cache, kinds } = setup()
      const get = cachedCounter(cache, ['t'])
      await get()
      expect(() => call(cache)).toThrow(expect.objectContaining({ name: 'CacheError', code }))
      expect(await get()).toBe(1)
      expect(kinds()).toEqual(['miss', 'stored', 'hit'])
    },
  )

  it('differs from Next.js: an unknown profile is an error that lists the known ones, own ones too', () => {
    const { cache } = setup({ profiles: { feed: { revalidate: 1 } } })
    const known = 'default, seconds, minutes, hours, days, weeks, max, feed'
    expect(() => cache.revalidateTag('t', 'nope' as 'max')).toThrow(known)
  })

  it('a path of 1,024 characters is right', async () => {
    const { cache } = setup()
    await expect(cache.revalidatePath(`/${'x'.repeat(1_023)}`)).resolves.toMatchObject({
      reach: 'everywhere',
    })
  })
})

describe('the result', () => {
  it('tells the version, the tags once each, and how far it reaches', async () => {
    const { cache } = setup()
    const first = await cache.revalidateTag(['a', 'b', 'a'], 'max')
    expect(first).toEqual({ version: expect.any(Number), tags: ['a', 'b'], reach: 'everywhere' })
    const second = await cache.updateTag('c')
    expect(second.tags).toEqual(['c'])
    expect(second.version).toBeGreaterThan(first.version)
    const third = await cache.revalidatePath('/blog')
    expect(third).toEqual({ version: expect.any(Number), tags: [], reach: 'everywhere' })
    expect(third.version).toBeGreaterThan(second.version)
  })

  it('of functions that were destructured is the same', async () => {
    const { cache } = setup()
    const { cached, cacheTag, updateTag, revalidateTag, revalidatePath, collect, clear, close } = cache
    const get = cached(
      () => {
        cacheTag('t')
        return 1
      },
      { key: 'x' },
    )
    expect((await collect(get)).tags).toEqual(['t'])
    expect(await updateTag('t')).toMatchObject({ tags: ['t'] })
    expect(await revalidateTag('t', 'max')).toMatchObject({ tags: ['t'] })
    expect(await revalidatePath('/')).toMatchObject({ tags: [] })
    clear()
    await close()
  })

  it('never is a rejection, also after the cache was closed', async () => {
    const { cache } = setup()
    await cache.close()
    await expect(cache.updateTag('t')).resolves.toMatchObject({ tags: ['t'] })
  })

  it('is told as an event, too', async () => {
    const { cache, events } = setup()
    await cache.revalidateTag(['a', 'a'], 'max')
    await cache.updateTag('b')
    await cache.revalidatePath('/Blog/', 'layout')
    expect(events).toEqual([
      { kind: 'invalidated', version: 1, tags: ['a'], paths: [], keys: [], isHard: false },
      { kind: 'invalidated', version: 2, tags: ['b'], paths: [], keys: [], isHard: true },
      { kind: 'invalidated', version: 3, tags: [], paths: ['layout:/blog'], keys: [], isHard: true },
    ])
  })
})

describe('several tags', () => {
  it('are one atomic invalidation: one version, one event, all entries', async () => {
    const { cache, events } = setup()
    const a = cachedCounter(cache, ['a'], 'a')
    const b = cachedCounter(cache, ['b'], 'b')
    const c = cachedCounter(cache, ['c'], 'c')
    await Promise.all([a(), b(), c()])
    const { version } = await cache.updateTag(['a', 'b'])
    expect(events.filter(({ kind }) => kind === 'invalidated')).toEqual([
      expect.objectContaining({ version, tags: ['a', 'b'] }),
    ])
    expect([await a(), await b(), await c()]).toEqual([2, 2, 1])
  })

  it('of none invalidate nothing', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    expect(await cache.updateTag([])).toMatchObject({ tags: [] })
    expect(await get()).toBe(1)
  })
})

describe('an invalidation', () => {
  it('differs from Next.js: it is in force before the call returns, not at the end of the request', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    void cache.updateTag('t')
    const after = get()
    expect(await after).toBe(2)
  })

  it('differs from Next.js: it stays in force if the code then throws', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    const handler = async () => {
      await cache.updateTag('t')
      throw new Error('afterwards')
    }
    await handler().catch(() => {})
    expect(await get()).toBe(2)
  })

  it('differs from Next.js: what was created in the same millisecond before it is invalidated', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.updateTag('t')
    expect(await get()).toBe(2)
    expect(await get()).toBe(2)
  })

  it('works by tag, case by case, and leaves others alone', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['Posts'])
    await get()
    await cache.updateTag(['posts', 'POSTS', 'Post'])
    expect(await get()).toBe(1)
  })

  it('of a tag leaves untagged functions alone, and a path leaves every function alone', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, [])
    await get()
    await cache.updateTag('t')
    await cache.revalidatePath('/', 'layout')
    expect(await get()).toBe(1)
  })
})

describe('soft', () => {
  it.each<[string, { expire?: number }]>([
    ['{}', {}],
    ['{ expire: Infinity }', { expire: Number.POSITIVE_INFINITY }],
  ])('%s: stale now, and no deadline', async (_what, profile) => {
    const { cache, clock, settled } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.revalidateTag('t', profile)
    clock.advance(9e11)
    expect(await get()).toBe(1)
    await settled()
    expect(await get()).toBe(2)
  })

  it('a profile without expire: stale now, and no deadline', async () => {
    const { cache, clock, settled } = setup({ profiles: { gentle: { stale: 5 } } })
    const { read } = counter()
    const get = cache.cached(read, { key: 'x', tags: ['t'], life: { revalidate: 1e9, expire: 2e9 } })
    await get()
    await cache.revalidateTag('t', 'gentle')
    clock.advance(9e11)
    expect(await get()).toBe(1)
    await settled()
  })

  it('differs from Next.js: one’s own soft call does not make one wait, stale is served', async () => {
    const { cache, settled } = setup()
    const get = cachedCounter(cache, ['t'])
    const handler = async () => {
      await get()
      await cache.revalidateTag('t', 'max')
      return get()
    }
    expect(await handler()).toBe(1)
    await settled()
  })

  it('differs from Next.js: after a hard call it revives nothing', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.updateTag('t')
    await cache.revalidateTag('t', 'max')
    expect(await get()).toBe(2)
  })

  it('differs from Next.js: a second call before the deadline does not push that out', async () => {
    const { cache, clock } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.revalidateTag('t', { expire: 10 })
    clock.advance(9_999)
    await cache.revalidateTag('t', { expire: 10 })
    clock.advance(1)
    expect(await get()).toBe(2)
  })

  it('a second call with a sooner deadline brings it forward', async () => {
    const { cache, clock } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.revalidateTag('t', { expire: 100 })
    await cache.revalidateTag('t', { expire: 1 })
    clock.advance(1_000)
    expect(await get()).toBe(2)
  })

  it('differs from Next.js: its deadline does not touch what was made after the call', async () => {
    const { cache, clock, kinds, settled } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.revalidateTag('t', { expire: 10 })
    await get()
    await settled()
    expect(await get()).toBe(2)
    clock.advance(60_000)
    expect(await get()).toBe(2)
    expect(kinds().at(-1)).toBe('hit')
  })

  it('with expire: 0 is hard', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.revalidateTag('t', { expire: 0 })
    expect(await get()).toBe(2)
  })
})

describe('hard', () => {
  it('differs from Next.js: what one’s own call makes anew stays', async () => {
    const { cache } = setup()
    const get = cachedCounter(cache, ['t'])
    await get()
    await cache.updateTag('t')
    expect([await get(), await get()]).toEqual([2, 2])
    await tick()
    expect(await get()).toBe(2)
  })

  it('with a source that is down fails: there is nothing that may be served', async () => {
    const { cache } = setup()
    let isDown = false
    const get = cache.cached(
      () => {
        if (isDown) throw new Error('down')
        return 1
      },
      { key: 'x', tags: ['t'], life: long },
    )
    await get()
    isDown = true
    await cache.updateTag('t')
    await expect(get()).rejects.toThrow('down')
  })
})

describe('revalidateTag with one argument', () => {
  it('expires at once, and warns once in a process that it is going', async () => {
    const given = warnings()
    const { cache } = setup()
    const revalidateTag = cache.revalidateTag as (tag: string) => Promise<unknown>
    const get = cachedCounter(cache, ['t'])
    await get()
    expect(() => revalidateTag('')).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_INVALID_TAG' }))
    expect(given).toEqual([])
    await revalidateTag('t')
    expect(await get()).toBe(2)
    await revalidateTag('t')
    await (setup().cache.revalidateTag as (tag: string) => Promise<unknown>)('t')
    expect(given).toEqual([
      expect.stringContaining('RESTALE_SINGLE_ARGUMENT: revalidateTag(tag) without a profile'),
    ])
  })
})

describe('a route as Next.js writes it', () => {
  it('is taken as it stands, with a warning', async () => {
    const { cache } = setup()
    const warned = warnings()
    expect((await cache.revalidatePath('/blog/[slug]', 'page')).version).toBe(1)
    expect(warned.join()).toContain('/blog/:slug')
  })
})
