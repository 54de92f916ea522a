import { CacheError, createCache } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import { describe, expect, it, test } from 'vitest'
import { barrier, counter, isPending, setup, tick } from './support.ts'

describe('options', () => {
  it.each<[string, unknown, string]>([
    ['options', null, 'options'],
    ['options', 'x', 'options'],
    ['enabled', { enabled: 'yes' }, 'enabled'],
    ['enabled', { enabled: null }, 'enabled'],
    ['version', { version: 7 }, 'version'],
    ['version', { version: null }, 'version'],
    ['clock', { clock: null }, 'clock'],
    ['clock', { clock: Date.now }, 'clock'],
    ['clock', { clock: {} }, 'clock'],
    ['clock.schedule', { clock: { now: Date.now, schedule: true } }, 'clock.schedule'],
    ['memory', { memory: null }, 'memory'],
    ['memory', { memory: 64 }, 'memory'],
    ['memory.maxBytes', { memory: { maxBytes: 0 } }, 'memory.maxBytes'],
    ['memory.maxBytes', { memory: { maxBytes: '1' } }, 'memory.maxBytes'],
    ['memory.maxEntryBytes', { memory: { maxEntryBytes: 1.5 } }, 'memory.maxEntryBytes'],
    ['memory.maxMarks', { memory: { maxMarks: Number.NaN } }, 'memory.maxMarks'],
    ['memory.maxMarks', { memory: { maxMarks: Number.POSITIVE_INFINITY } }, 'memory.maxMarks'],
    ['refill', { refill: null }, 'refill'],
    ['refill', { refill: true }, 'refill'],
    ['refill.maxConcurrent', { refill: { maxConcurrent: -1 } }, 'refill.maxConcurrent'],
    ['refill.timeoutMs', { refill: { timeoutMs: null } }, 'refill.timeoutMs'],
    ['profiles', { profiles: null }, 'profiles'],
    ['profiles', { profiles: 'feed' }, 'profiles'],
  ])('a wrong %s throws, by its name: %o', (_name, options, named) => {
    const create = () => createCache(options as object)
    expect(create).toThrow(CacheError)
    expect(create).toThrow(
      expect.objectContaining({
        code: 'ERR_RESTALE_INVALID_OPTION',
        message: expect.stringContaining(`${named} must be`),
      }),
    )
  })

  it('a wrong profile throws, by its name', () => {
    expect(() => createCache({ profiles: { feed: { revalidate: -1 } } })).toThrow(
      expect.objectContaining({
        code: 'ERR_RESTALE_INVALID_LIFE',
        message: expect.stringContaining('"feed"'),
      }),
    )
  })

  it('are not needed, and undefined is as good as absent', async () => {
    const options = {
      enabled: undefined,
      version: undefined,
      clock: undefined,
      memory: undefined,
      refill: {},
    }
    const cache = createCache(options as object)
    expect([cache.enabled, cache.version]).toEqual([true, ''])
    expect(await cache.cached(() => 1, { key: 'x' })()).toBe(1)
  })

  it('are left as they were given', () => {
    const options = Object.freeze({
      memory: Object.freeze({ maxBytes: 1_000_000 }),
      refill: Object.freeze({}),
      profiles: Object.freeze({ feed: Object.freeze({ revalidate: 1 }) }),
    })
    expect(() => createCache(options)).not.toThrow()
  })
})

describe('profiles', () => {
  it('of one’s own are merged over the built-in ones; what they leave out comes from default', async () => {
    const cache = createCache({
      profiles: { feed: { revalidate: 60 }, hours: { stale: 1 }, default: { stale: 2 } },
    })
    const lifeOf = async (name: 'feed' | 'hours' | 'default') =>
      (await cache.collect(() => cache.cacheLife(name))).life
    expect(await lifeOf('feed')).toEqual({ stale: 2, revalidate: 60, expire: Number.POSITIVE_INFINITY })
    expect(await lifeOf('hours')).toEqual({ stale: 1, revalidate: 3_600, expire: 86_400 })
    expect((await cache.collect(() => 1)).life).toMatchObject({ stale: 2, revalidate: 900 })
  })

  it.each([
    ['default', 300, 900, Number.POSITIVE_INFINITY],
    ['seconds', 30, 1, 60],
    ['minutes', 300, 60, 3_600],
    ['hours', 300, 3_600, 86_400],
    ['days', 300, 86_400, 604_800],
    ['weeks', 300, 604_800, 2_592_000],
    ['max', 300, 2_592_000, 31_536_000],
  ] as const)('%s has the numbers of Next.js', async (name, stale, revalidate, expire) => {
    const { cache } = setup()
    expect((await cache.collect(() => cache.cacheLife(name))).life).toEqual({ stale, revalidate, expire })
  })
})

describe('enabled: false', () => {
  it('runs everything, looks nothing up, stores nothing, shares nothing', async () => {
    const { cache, kinds } = setup({ enabled: false })
    const gate = barrier()
    const get = cache.cached((_n: number) => gate.pass().then(() => gate.reached), { key: 'x' })
    const calls = [get(1), get(1)]
    await tick()
    expect(gate.reached).toBe(2)
    gate.open()
    await Promise.all(calls)
    expect(await get(1)).toBe(3)
    expect(cache.enabled).toBe(false)
    expect(kinds()).toEqual([])
  })

  it('still checks what is said', () => {
    const { cache } = setup({ enabled: false })
    expect(() => cache.updateTag('')).toThrow()
    expect(() => cache.cached(() => 1, { key: '' })).toThrow()
    expect(() => cache.cacheTag('t')).toThrow()
  })
})

describe('version', () => {
  it('is part of every key, and cannot be spelled to look like another’s', async () => {
    const keyOf = async (version: string, key: string) => {
      const { cache, events } = setup({ version })
      await cache.cached((_a: string) => 1, { key })('a')
      const [event] = events
      return event !== undefined && 'key' in event ? event.key : undefined
    }
    const keys = await Promise.all([
      keyOf('', 'x'),
      keyOf('1', 'x'),
      keyOf('11', 'x'),
      keyOf('1', '1x'),
      keyOf('1:1', 'x'),
      keyOf('', '11:x'),
      keyOf('11:x', '1:x'),
    ])
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('clear', () => {
  it('forgets entries', async () => {
    const { cache } = setup()
    const get = cache.cached(counter().read, { key: 'x' })
    await get()
    cache.clear()
    expect(await get()).toBe(2)
    expect(await get()).toBe(2)
  })

  it('forgets fills in flight: who waits gets the value, who comes later does not, and it is not stored', async () => {
    const { cache } = setup()
    const { read } = counter()
    const gate = barrier()
    const get = cache.cached(
      async () => {
        const value = read()
        await gate.pass()
        return value
      },
      { key: 'x' },
    )
    const before = get()
    cache.clear()
    const after = get()
    await tick()
    expect(gate.reached).toBe(2)
    gate.open()
    expect([await before, await after, await get()]).toEqual([1, 2, 2])
  })

  it('forgets registered keys, and functions made before go on working', async () => {
    const { cache } = setup()
    const first = cache.cached(() => 1, { key: 'x' })
    await first()
    cache.clear()
    const second = cache.cached(() => 2, { key: 'x' })
    expect(await second()).toBe(2)
    expect(await first()).toBe(2)
  })

  it('forgets a background fill, too: what it makes is not stored', async () => {
    const { cache, settled } = setup()
    const { read } = counter()
    const gate = barrier()
    let isHeld = false
    const get = cache.cached(
      async () => {
        const value = read()
        if (isHeld) await gate.pass()
        return value
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    await cache.revalidateTag('t', 'max')
    isHeld = true
    await get()
    await gate.reachedBy(1)
    cache.clear()
    gate.open()
    await settled()
    expect(await get()).toBe(3)
  })
})

describe('close', () => {
  it('resolves when what runs in the background has ended; the cache is off from the call on', async () => {
    const { cache } = setup()
    const gate = barrier()
    let isHeld = false
    const { read } = counter()
    const get = cache.cached(
      async () => {
        if (isHeld) await gate.pass()
        return read()
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    await cache.revalidateTag('t', 'max')
    isHeld = true
    await get()
    await gate.reachedBy(1)
    const closed = cache.close()
    expect(cache.enabled).toBe(false)
    expect(await isPending(closed)).toBe(true)
    gate.open()
    await closed
    expect([await get(), await get()]).toEqual([3, 4])
  })

  it('can be called again', async () => {
    const { cache } = setup()
    await cache.close()
    await expect(cache.close()).resolves.toBeUndefined()
  })

  it('is what `await using` does', async () => {
    const cache = createCache({ clock: fakeClock() })
    await cache[Symbol.asyncDispose]()
    expect(cache.enabled).toBe(false)
  })
})

describe('settled', () => {
  it('is at once if nothing runs behind, and waits for what was started behind meanwhile', async () => {
    const { cache } = setup()
    await settled(cache)
    const gates = [barrier(), barrier()]
    const { read } = counter()
    const get = cache.cached(
      async (n: number) => {
        const value = read()
        if (value > 2) await gates[n]?.pass()
        return value
      },
      { key: 'x', tags: ['t'] },
    )
    await get(0)
    await get(1)
    await cache.revalidateTag('t', 'max')
    await get(0)
    const done = settled(cache)
    await gates[0]?.reachedBy(1)
    await get(1)
    gates[0]?.open()
    expect(await isPending(done)).toBe(true)
    gates[1]?.open()
    await done
  })

  it('wants a cache that createCache has made', async () => {
    await expect(settled({} as never)).rejects.toMatchObject({ code: 'ERR_RESTALE_INVALID_OPTION' })
  })
})

describe('names of options', () => {
  test.each<[string, () => unknown]>([
    ['createCache: options cannot have "ttl"', () => createCache({ ttl: 3 } as never)],
    ['createCache: memory cannot have "max"', () => createCache({ memory: { max: 3 } } as never)],
    ['createCache: refill cannot have "timeout"', () => createCache({ refill: { timeout: 3 } } as never)],
    [
      'cached(): options cannot have "revalidate"',
      () => createCache().cached(async () => 1, { key: 'k', revalidate: 60 } as never),
    ],
  ])('one that does not exist throws: %s', (message, make) => {
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_INVALID_OPTION' }))
  })
})
