import { CacheError, createCache } from '@restale/core'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { barrier, counter, deferred, isPending, long, setup, tick, warnings } from './support.ts'

describe('a cached function', () => {
  it('runs once for the same arguments', async () => {
    const { cache } = setup()
    const double = vi.fn((n: number) => n * 2)
    const cachedDouble = cache.cached(double, { key: 'double' })
    expect(await cachedDouble(2)).toBe(4)
    expect(await cachedDouble(2)).toBe(4)
    expect(await cachedDouble(3)).toBe(6)
    expect(double.mock.calls).toEqual([[2], [3]])
  })

  it('keeps functions with different keys apart', async () => {
    const { cache } = setup()
    const a = cache.cached((n: number) => `a${n}`, { key: 'a' })
    const b = cache.cached((n: number) => `b${n}`, { key: 'b' })
    expect([await a(1), await b(1)]).toEqual(['a1', 'b1'])
  })

  it('caches undefined and null as values', async () => {
    const { cache } = setup()
    const fn = vi.fn((value: null | undefined) => value)
    const read = cache.cached(fn, { key: 'nothing' })
    expect([await read(undefined), await read(undefined), await read(null), await read(null)]).toEqual([
      undefined,
      undefined,
      null,
      null,
    ])
    expect(fn).toHaveBeenCalledTimes(2)
  })

  it('rejects an argument that cannot be part of a key, and does not run', async () => {
    const { cache } = setup()
    const fn = vi.fn((_callback: () => void) => 1)
    const read = cache.cached(fn, { key: 'callback' })
    await expect(read(() => {})).rejects.toMatchObject({ code: 'ERR_RESTALE_INVALID_ARGUMENT' })
    expect(fn).not.toHaveBeenCalled()
  })

  it('turns what is thrown synchronously into a rejection', async () => {
    const { cache } = setup()
    const read = cache.cached(
      () => {
        throw new Error('at once')
      },
      { key: 'sync' },
    )
    const promise = read()
    await expect(promise).rejects.toThrow('at once')
  })

  it.each([
    ['no function', () => createCache().cached(1 as never, { key: 'x' }), 'ERR_RESTALE_INVALID_OPTION'],
    ['no options', () => createCache().cached(() => 1, undefined as never), 'ERR_RESTALE_INVALID_OPTION'],
    ['no key', () => createCache().cached(() => 1, {} as never), 'ERR_RESTALE_INVALID_OPTION'],
    ['an empty key', () => createCache().cached(() => 1, { key: '' }), 'ERR_RESTALE_INVALID_OPTION'],
    [
      'tags that are one string',
      () => createCache().cached(() => 1, { key: 'x', tags: 'posts' as never }),
      'ERR_RESTALE_INVALID_OPTION',
    ],
    [
      'an unknown profile',
      () => createCache().cached(() => 1, { key: 'x', life: 'nope' as never }),
      'ERR_RESTALE_UNKNOWN_PROFILE',
    ],
    [
      'a profile that only Object.prototype has',
      () => createCache().cached(() => 1, { key: 'x', life: 'toString' as never }),
      'ERR_RESTALE_UNKNOWN_PROFILE',
    ],
    [
      'a life that is negative',
      () => createCache().cached(() => 1, { key: 'x', life: { revalidate: -1 } }),
      'ERR_RESTALE_INVALID_LIFE',
    ],
    [
      'revalidate beyond expire',
      () => createCache().cached(() => 1, { key: 'x', life: { revalidate: 2, expire: 1 } }),
      'ERR_RESTALE_INVALID_LIFE',
    ],
  ])('is refused at definition: %s', (_what, define, code) => {
    expect(define).toThrow(CacheError)
    expect(define).toThrow(expect.objectContaining({ code }))
  })

  it('leaves the key free after a definition that was refused', () => {
    const { cache } = setup()
    expect(() => cache.cached(() => 1, { key: 'x', life: 'nope' as never })).toThrow()
    expect(() => cache.cached(() => 1, { key: 'x' })).not.toThrow()
  })

  it('cannot share its key with another function of the same cache', () => {
    const { cache } = setup()
    cache.cached(() => 1, { key: 'x' })
    expect(() => cache.cached(() => 2, { key: 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_DUPLICATE_KEY' }),
    )
    expect(() => setup().cache.cached(() => 2, { key: 'x' })).not.toThrow()
  })
})

describe('time', () => {
  const life = { stale: 0, revalidate: 10, expire: 60 }

  it('makes a value stale at revalidate and expired at expire, as RFC 9111 §4.2 counts', async () => {
    const { cache, clock, kinds, settled } = setup()
    const { read } = counter()
    const get = cache.cached(read, { key: 'x', life })
    await get()
    clock.advance(9_999)
    expect(await get()).toBe(1)
    clock.advance(1)
    expect(await get()).toBe(1)
    await settled()
    clock.advance(60_000)
    expect(await get()).toBe(3)
    expect(kinds().filter((kind) => kind !== 'stored')).toEqual(['miss', 'hit', 'stale', 'miss'])
  })

  it('counts the age from the start of the fill, not from its end', async () => {
    const { cache, clock, settled } = setup()
    const { read } = counter()
    const source = barrier()
    const get = cache.cached(
      async () => {
        await source.pass()
        return read()
      },
      { key: 'x', life },
    )
    const first = get()
    clock.advance(9_000)
    source.open()
    expect(await first).toBe(1)
    clock.advance(1_000)
    expect(await get()).toBe(1)
    await settled()
    expect(await get()).toBe(2)
  })

  it('never lets `stale` decide anything here', async () => {
    const { cache, clock, kinds } = setup()
    const get = cache.cached(counter().read, { key: 'x', life: { stale: 0, revalidate: 100, expire: 200 } })
    await get()
    clock.advance(99_000)
    await get()
    expect(kinds()).toEqual(['miss', 'stored', 'hit'])
  })

  it('takes Infinity as never', async () => {
    const { cache, clock } = setup()
    const get = cache.cached(counter().read, { key: 'x', life: { revalidate: Number.POSITIVE_INFINITY } })
    await get()
    clock.advance(1e15)
    expect(await get()).toBe(1)
  })

  it.each([{ revalidate: 0 }, { expire: 0 }])(
    'does not share a value of life %o beyond the calls that wait for it already',
    async (zero) => {
      const { cache } = setup()
      const { read } = counter()
      const source = barrier()
      const get = cache.cached(
        async () => {
          await source.pass()
          return read()
        },
        { key: 'x', life: zero },
      )
      const waiting = [get(), get()]
      source.open()
      expect(await Promise.all(waiting)).toEqual([1, 1])
      expect(await get()).toBe(2)
    },
  )

  it('takes a stored value away when its refill says that it has no life any more', async () => {
    const { cache, settled } = setup()
    const { read } = counter()
    let revalidate = 100
    const get = cache.cached(
      () => {
        cache.cacheLife({ revalidate })
        return read()
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    revalidate = 0
    await cache.revalidateTag('t', 'max')
    expect(await get()).toBe(1)
    await settled()
    expect(await get()).toBe(3)
  })

  it('keeps the minimum of each field when cacheLife is called several times, together with the options', async () => {
    const { cache } = setup()
    const { life } = await cache.collect(() => {
      cache.cacheLife({ revalidate: 50, expire: 500 })
      cache.cacheLife({ stale: 7, revalidate: 60 })
      cache.cacheLife({ expire: 100 })
    })
    expect(life).toEqual({ stale: 7, revalidate: 50, expire: 100 })
    const get = cache.cached(() => cache.cacheLife({ revalidate: 5 }), { key: 'x', life: 'hours' })
    expect((await cache.collect(get)).life).toEqual({ stale: 300, revalidate: 5, expire: 86_400 })
  })
})

describe('one fill', () => {
  it('serves 1,000 concurrent cold calls with one run', async () => {
    const { cache } = setup()
    const { read, ...source } = { ...counter(), gate: barrier() }
    const get = cache.cached(
      async () => {
        await source.gate.pass()
        return read()
      },
      { key: 'x' },
    )
    const calls = Array.from({ length: 1_000 }, () => get())
    await tick()
    expect(source.gate.reached).toBe(1)
    source.gate.open()
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]))
    expect(source.gate.reached).toBe(1)
  })

  it('serves 1,000 concurrent stale calls at once, with one run behind them', async () => {
    const { cache, settled } = setup()
    const { read } = counter()
    const gate = barrier()
    let isHeld = false
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
    const values = await Promise.all(Array.from({ length: 1_000 }, () => get()))
    expect(new Set(values)).toEqual(new Set([1]))
    await gate.reachedBy(1)
    await get()
    expect(gate.reached).toBe(1)
    gate.open()
    await settled()
    expect(await get()).toBe(2)
    expect(gate.reached).toBe(1)
  })

  it('differs from unstable_cache and fetch in Next.js: misses of unrelated contexts share a fill', async () => {
    const { cache } = setup()
    const gate = barrier()
    const get = cache.cached(() => gate.pass(), { key: 'x' })
    const calls = [cache.collect(get), cache.collect(get), get()]
    await tick()
    expect(gate.reached).toBe(1)
    gate.open()
    await Promise.all(calls)
  })

  it('gives the stale value before the function behind it has run at all', async () => {
    const { cache, settled } = setup()
    const order: string[] = []
    const get = cache.cached(
      () => {
        order.push('run')
        return order.length
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    await cache.revalidateTag('t', 'max')
    const wrapped = async () => (await (async () => await get())()) as number
    await wrapped()
    order.push('served')
    await settled()
    expect(order).toEqual(['run', 'served', 'run'])
  })

  it('runs a refill outside of the context of whoever triggered it', async () => {
    const { cache, settled } = setup()
    const get = cache.cached(
      () => {
        cache.cacheTag('own')
        return 1
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    await cache.revalidateTag('t', 'max')
    const { tags } = await cache.collect(get)
    await settled()
    expect(tags).toEqual(['t', 'own'])
  })
})

describe('failures', () => {
  it('reach every waiter as the same error, store nothing and do not poison the key', async () => {
    const { cache } = setup()
    const gate = barrier()
    const error = new Error('down')
    let isDown = true
    const get = cache.cached(
      async () => {
        await gate.pass()
        if (isDown) throw error
        return 'up'
      },
      { key: 'x' },
    )
    const calls = [get(), get(), get()]
    gate.open()
    const results = await Promise.allSettled(calls)
    expect(results.map((result) => result.status === 'rejected' && result.reason)).toEqual([
      error,
      error,
      error,
    ])
    expect(gate.reached).toBe(1)
    await expect(get()).rejects.toBe(error)
    expect(gate.reached).toBe(2)
    isDown = false
    expect(await get()).toBe('up')
    expect(await get()).toBe('up')
    expect(gate.reached).toBe(3)
  })

  it.each([undefined, null, 'text', 0])('pass on whatever was thrown: %s', async (thrown) => {
    const { cache } = setup()
    const get = cache.cached(
      () => {
        throw thrown
      },
      { key: 'x' },
    )
    const results = await Promise.allSettled([get(), get()])
    expect(results).toEqual([
      { status: 'rejected', reason: thrown },
      { status: 'rejected', reason: thrown },
    ])
  })

  it('differ from Next.js behind a stale value: backed off, longer each time, until the value expires', async () => {
    const { cache, clock, events, settled } = setup()
    let runs = 0
    let isDown = false
    const get = cache.cached(
      () => {
        runs++
        if (isDown) throw new Error('down')
        return runs
      },
      { key: 'x', tags: ['t'], life: long },
    )
    await get()
    isDown = true
    await cache.revalidateTag('t', { expire: 600 })
    const attempts: number[] = []
    for (let second = 0; second < 600; second++) {
      const before = runs
      expect(await get()).toBe(1)
      await settled()
      if (runs > before) attempts.push(second)
      clock.advance(1_000)
    }
    const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] as number))
    // 1 s, 2 s, 4 s … 60 s, each shortened by up to a half, seen at whole seconds.
    for (const [index, gap] of gaps.entries()) {
      const longest = Math.min(2 ** index, 60)
      expect(gap).toBeGreaterThanOrEqual(Math.floor(longest / 2))
      expect(gap).toBeLessThanOrEqual(longest + 1)
    }
    expect(attempts.length).toBeGreaterThan(10)
    expect(attempts.length).toBeLessThan(30)
    const failed = events.filter((event) => event.kind === 'refill-failed')
    expect(failed).toHaveLength(attempts.length)
    expect(failed[0]).toMatchObject({ error: new Error('down') })
    // Its window has closed: there is nothing to fall back on.
    await expect(get()).rejects.toThrow('down')
    isDown = false
    expect(await get()).toBe(runs)
  })

  it('are forgotten after a success', async () => {
    const { cache, clock, settled } = setup()
    let runs = 0
    let isDown = false
    const get = cache.cached(
      () => {
        runs++
        if (isDown) throw new Error('down')
        return runs
      },
      { key: 'x', tags: ['t'], life: long },
    )
    const invalidateAndRead = async () => {
      await cache.revalidateTag('t', 'max')
      await get()
      await settled()
    }
    await get()
    isDown = true
    await invalidateAndRead()
    clock.advance(1_000)
    isDown = false
    await invalidateAndRead()
    expect(await get()).toBe(3)
    await invalidateAndRead()
    expect(await get()).toBe(4)
  })
})

describe('background fills are bounded', () => {
  const holding = (options: { maxConcurrent?: number; timeoutMs?: number }) => {
    const parts = setup({ refill: options })
    const gate = barrier()
    let isHeld = false
    const { read } = counter()
    const get = parts.cache.cached(
      async (_id: number) => {
        if (isHeld) await gate.pass()
        return read()
      },
      { key: 'x', tags: ['t'], life: long },
    )
    return {
      ...parts,
      gate,
      get,
      hold: () => {
        isHeld = true
      },
    }
  }

  it('in number: beyond refill.maxConcurrent the stale value goes out and nothing starts', async () => {
    const { cache, get, gate, hold, settled } = holding({ maxConcurrent: 2 })
    for (const id of [1, 2, 3]) await get(id)
    await cache.revalidateTag('t', 'max')
    hold()
    expect(await Promise.all([1, 2, 3].map((id) => get(id)))).toEqual([1, 2, 3])
    await tick()
    expect(gate.reached).toBe(2)
    gate.open()
    await settled()
    expect(await get(3)).toBe(3)
    await settled()
    expect(gate.reached).toBe(3)
  })

  it('in time: after refill.timeoutMs the slot is free, the old value stays and is backed off', async () => {
    const { cache, clock, events, get, gate, hold, settled } = holding({ maxConcurrent: 1, timeoutMs: 5_000 })
    await get(1)
    await get(2)
    await cache.revalidateTag('t', 'max')
    hold()
    await get(1)
    await gate.reachedBy(1)
    clock.advance(4_999)
    expect(await get(2)).toBe(2)
    await tick()
    expect(gate.reached).toBe(1)
    clock.advance(1)
    expect(events.filter(({ kind }) => kind === 'refill-failed')).toHaveLength(1)
    expect(await get(1)).toBe(1)
    expect(await get(2)).toBe(2)
    await tick()
    expect(gate.reached).toBe(2)
    gate.open()
    await settled()
  })

  it('in time: a refill that fails after its time was over is not counted twice', async () => {
    const { cache, clock, events, settled } = setup({ refill: { timeoutMs: 1_000 } })
    const gates = [deferred(), deferred()]
    let runs = 0
    const get = cache.cached(() => gates[runs++]?.promise, { key: 'x', tags: ['t'], life: long })
    gates[0]?.resolve()
    await get()
    await cache.revalidateTag('t', 'max')
    await get()
    await tick()
    clock.advance(1_000)
    gates[1]?.reject(new Error('late'))
    await settled()
    expect(events.filter(({ kind }) => kind === 'refill-failed')).toHaveLength(1)
  })

  it('in time: nobody waits for a fill that has been given up', async () => {
    const { cache, clock } = setup({ refill: { timeoutMs: 1_000 } })
    const first = deferred<string>()
    let runs = 0
    const get = cache.cached(() => (++runs === 1 ? first.promise : 'second'), { key: 'x' })
    const starter = get()
    const followers = [get(), get()]
    await tick()
    clock.advance(1_000)
    expect(await Promise.all(followers)).toEqual(['second', 'second'])
    expect(runs).toBe(2)
    expect(await isPending(starter)).toBe(true)
    first.resolve('first')
    expect(await starter).toBe('first')
    // The later starter's value stays.
    expect(await get()).toBe('second')
  })

  it('in time: a fill that was given up still stores its value if nothing newer came', async () => {
    const { cache, clock } = setup({ refill: { timeoutMs: 1_000 } })
    const first = deferred<string>()
    const get = cache.cached(() => first.promise, { key: 'x' })
    const starter = get()
    clock.advance(1_000)
    first.resolve('first')
    await starter
    expect(await get()).toBe('first')
  })

  it('in time: a fill that was given up does not bring back what a later one took away', async () => {
    const { cache, clock } = setup({ refill: { timeoutMs: 1_000 } })
    const first = deferred<string>()
    let runs = 0
    const get = cache.cached(
      () => {
        if (++runs === 1) return first.promise
        if (runs === 2) cache.cacheLife({ revalidate: 0 })
        return `run ${runs}`
      },
      { key: 'x' },
    )
    const starter = get()
    clock.advance(1_000)
    expect(await get()).toBe('run 2')
    first.resolve('first')
    await starter
    expect(await get()).toBe('run 3')
  })

  it('in time: what a nested call found in a slow fill still labels the value around it', async () => {
    const { cache, clock } = setup({ refill: { timeoutMs: 1_000 } })
    const slow = deferred()
    const inner = cache.cached(() => slow.promise, { key: 'inner', tags: ['i'], life: { revalidate: 50 } })
    const collected = cache.collect(inner)
    clock.advance(1_000)
    slow.resolve()
    expect(await collected).toMatchObject({ tags: ['i'], life: { revalidate: 49 } })
  })
})

describe('copies', () => {
  it('keep callers from changing what others get', async () => {
    const { cache } = setup()
    const gate = barrier()
    const get = cache.cached(
      async () => {
        await gate.pass()
        return { list: [1], at: new Date(0) }
      },
      { key: 'x' },
    )
    const calls = [get(), get()]
    gate.open()
    for (const value of await Promise.all(calls)) {
      expect(value).toEqual({ list: [1], at: new Date(0) })
      value.list.push(2)
      value.at.setTime(1)
    }
    const hit = await get()
    hit.list.push(3)
    expect(await get()).toEqual({ list: [1], at: new Date(0) })
  })

  it('keep the function from changing later what it gave', async () => {
    const { cache } = setup()
    const held = { n: 1 }
    const get = cache.cached(() => held, { key: 'x' })
    await get()
    held.n = 2
    expect(await get()).toEqual({ n: 1 })
  })

  it('are not made with clone: false', async () => {
    const { cache } = setup()
    class Point {}
    const given = { point: new Point() }
    const get = cache.cached(() => given, { key: 'x', clone: false })
    expect(await get()).toBe(given)
    expect(await get()).toBe(given)
  })

  it('that cannot be made leave the value uncached, with one warning that says why', async () => {
    const given = warnings()
    const { cache, events } = setup()
    class Point {}
    let runs = 0
    const gate = barrier()
    const get = cache.cached(
      async () => {
        runs++
        await gate.pass()
        return { point: new Point() }
      },
      { key: 'copies/uncopyable' },
    )
    const calls = [get(), get()]
    gate.open()
    for (const value of await Promise.all(calls)) expect(value.point).toBeInstanceOf(Point)
    await get()
    // Each its own: one caller must not see what another does to it.
    expect(runs).toBe(3)
    expect(given).toEqual([
      expect.stringContaining(
        'RESTALE_UNCOPYABLE: cached function "copies/uncopyable" is not cached: it gave an instance of Point at value.point',
      ),
    ])
    expect(events.filter(({ kind }) => kind === 'refused')).toHaveLength(3)
  })

  it('that cannot be made do not keep what was made of the value from being cached', async () => {
    warnings()
    const { cache } = setup()
    class Point {
      x = 1
    }
    const inner = cache.cached(() => new Point(), { key: 'copies/inner' })
    let runs = 0
    const outer = cache.cached(
      async () => {
        runs++
        return (await inner()).x
      },
      { key: 'outer' },
    )
    await outer()
    await outer()
    expect(runs).toBe(1)
  })
})

describe('what may not be stored any more', () => {
  it('takes the old value away: a refill that is refused does not leave it stale for good', async () => {
    warnings()
    const { cache, settled } = setup({ memory: { maxEntryBytes: 4_096 } })
    let length = 10
    let runs = 0
    const get = cache.cached(
      () => {
        runs++
        return 'x'.repeat(length)
      },
      { key: 'x', tags: ['t'], life: { revalidate: 10, expire: Number.POSITIVE_INFINITY } },
    )
    await get()
    length = 10_000
    await cache.revalidateTag('t', 'max')
    expect(await get()).toHaveLength(10)
    await settled()
    expect(await get()).toHaveLength(10_000)
    expect(runs).toBe(3)
  })

  it('takes the old value away also when the refill has an invalid tag', async () => {
    warnings()
    const { cache, settled } = setup()
    let tag = 'ok'
    const get = cache.cached(
      () => {
        cache.cacheTag(tag)
        return tag
      },
      { key: 'refused/tag', tags: ['t'] },
    )
    await get()
    tag = ''
    await cache.revalidateTag('t', 'max')
    expect(await get()).toBe('ok')
    await settled()
    expect(await get()).toBe('')
  })
})

describe('tags of the options', () => {
  it('are made of the arguments, before the function runs', async () => {
    const { cache } = setup()
    const get = cache.cached((id: string) => id, {
      key: 'x',
      tags: (args) => {
        expectTypeOf(args).toEqualTypeOf<[id: string]>()
        return [`post:${args[0]}`]
      },
    })
    expect((await cache.collect(() => get('7'))).tags).toEqual(['post:7'])
  })

  it('are made of the arguments and the result', async () => {
    const { cache } = setup()
    const get = cache.cached((id: string) => ({ author: id.toUpperCase() }), {
      key: 'x',
      tags: ([id], post) => [`post:${id}`, `author:${post.author}`],
    })
    expect((await cache.collect(() => get('a'))).tags).toEqual(['post:a', 'author:A'])
    const runs = vi.fn(get)
    await runs('a')
    await cache.updateTag('author:A')
    expect((await cache.collect(() => get('a'))).tags).toContain('author:A')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no tags')
      },
      'its tags function failed: Error: no tags',
    ],
    ['gives one string', () => 'posts' as never, 'its tags function'],
    ['gives nothing', () => undefined as never, 'its tags function'],
  ])(
    'that %s leave the value uncached, with one warning, and the caller gets it',
    async (what, tags, message) => {
      const given = warnings()
      const { cache } = setup()
      const { read } = counter()
      const early = cache.cached(read, { key: `early ${what}`, tags: () => tags() })
      const late = cache.cached(read, { key: `late ${what}`, tags: (_args, _result) => tags() })
      expect([await early(), await early(), await late(), await late()]).toEqual([1, 2, 3, 4])
      expect(given).toEqual([expect.stringContaining(message), expect.stringContaining(message)])
    },
  )
})
