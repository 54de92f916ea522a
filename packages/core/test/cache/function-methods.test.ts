import type { Cache, CachedFunction } from '@restale/core'
import { describe, expect, it, vi } from 'vitest'
import { engineOf } from '../../src/cache/engine-of.ts'
import { FillScope, inertScope, runInScope } from '../../src/cache/scope.ts'
import { barrier, counter, deferred, isPending, long, route, setup, tick } from './support.ts'

/** A function of an id whose value is the number of the run. */
function numbered() {
  const parts = setup()
  const source = counter()
  const get = parts.cache.cached((_id: string) => source.read(), { key: 'x', tags: ['t'], life: long })
  return { ...parts, source, get }
}

/** A function whose runs end when the test says so. */
function gated() {
  const parts = setup()
  const runs: ReturnType<typeof deferred<string>>[] = []
  const get = parts.cache.cached(
    () => {
      const run = deferred<string>()
      runs.push(run)
      return run.promise
    },
    { key: 'x', life: long },
  )
  return { ...parts, get, runs }
}

describe('revalidate', () => {
  it('is soft: the value once more at once, and one run behind', async () => {
    const { get, settled, source } = numbered()
    await get('a')
    await get.revalidate('a')
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual([1, 1, 1])
    await settled()
    expect(await get('a')).toBe(2)
    expect(source.reads).toBe(2)
  })

  it('is in force when it returns, before it is awaited', async () => {
    const { get, kinds, settled } = numbered()
    await get('a')
    void get.revalidate('a')
    void get('a')
    expect(kinds().at(-1)).toBe('stale')
    await settled()
  })

  it('has no deadline of its own', async () => {
    const { clock, get, settled } = numbered()
    await get('a')
    await get.revalidate('a')
    clock.advance((long.expire - 1) * 1_000)
    expect(await get('a')).toBe(1)
    await settled()
  })

  it('counts a run that is under way as older: its value is stale when it comes', async () => {
    const { get, runs, settled } = gated()
    const first = get()
    await get.revalidate()
    const joined = get()
    await tick()
    expect(runs).toHaveLength(1)
    runs[0]?.resolve('first')
    expect([await first, await joined]).toEqual(['first', 'first'])
    expect(get.peek()?.freshness).toBe('stale')
    expect(await get()).toBe('first')
    await tick()
    runs[1]?.resolve('second')
    await settled()
    expect(await get()).toBe('second')
  })

  it('leaves the values of other arguments, and of other functions, as they are', async () => {
    const { cache, get, source } = numbered()
    const other = cache.cached(source.read as (id: string) => number, { key: 'other', life: long })
    expect([await get('a'), await get('b'), await other('a')]).toEqual([1, 2, 3])
    await get.revalidate('a')
    expect(get.peek('b')?.freshness).toBe('fresh')
    expect(other.peek('a')?.freshness).toBe('fresh')
    await get.delete('a')
    expect([await get('b'), await other('a')]).toEqual([2, 3])
  })

  it('of arguments for which nothing is held does nothing', async () => {
    const { get } = numbered()
    await get.revalidate('a')
    expect(await get('a')).toBe(1)
    expect(get.peek('a')?.freshness).toBe('fresh')
  })
})

describe('delete', () => {
  it('is hard: who asks next waits for a new value', async () => {
    const { get } = numbered()
    await get('a')
    void get.delete('a')
    expect(await Promise.all([get('a'), get('a')])).toEqual([2, 2])
    expect(await get('a')).toBe(2)
  })

  it('frees the memory at once', async () => {
    const { cache, get } = numbered()
    const { memory } = engineOf(cache)
    await get('a')
    const { bytes } = memory
    await get('b')
    await get.delete('b')
    expect(memory.size).toBe(1)
    expect(memory.bytes).toBe(bytes)
  })

  it('never lets what an older run writes late be served', async () => {
    const { get, runs } = gated()
    const first = get()
    await get.delete()
    const second = get()
    await tick()
    expect(runs).toHaveLength(2)
    runs[1]?.resolve('second')
    expect(await second).toBe('second')
    runs[0]?.resolve('first')
    expect(await first).toBe('first')
    expect(await get()).toBe('second')
  })

  it('never lets it be served either if nobody has asked meanwhile', async () => {
    const { get, kinds, runs } = gated()
    const first = get()
    await get.delete()
    runs[0]?.resolve('first')
    expect(await first).toBe('first')
    expect(get.peek()).toBeUndefined()
    expect(kinds()).toEqual(['miss', 'invalidated', 'refused'])
    const second = get()
    await tick()
    runs[1]?.resolve('second')
    expect(await second).toBe('second')
  })

  it('keeps those who ask later from joining an older run; those who waited already get its value', async () => {
    const { get, runs } = gated()
    const before = [get(), get()]
    await get.delete()
    const after = [get(), get()]
    await tick()
    expect(runs).toHaveLength(2)
    runs[0]?.resolve('first')
    expect(await Promise.all(before)).toEqual(['first', 'first'])
    expect(await isPending(Promise.race(after))).toBe(true)
    runs[1]?.resolve('second')
    expect(await Promise.all(after)).toEqual(['second', 'second'])
  })

  it('keeps a refill that runs behind from bringing older data back', async () => {
    const { get, runs, settled } = gated()
    const cold = get()
    runs[0]?.resolve('cold')
    await cold
    await get.revalidate()
    await get()
    await tick()
    await get.delete()
    const after = get()
    await tick()
    runs[1]?.resolve('read before the delete')
    await settled()
    expect(await isPending(after)).toBe(true)
    runs[2]?.resolve('new')
    expect(await after).toBe('new')
    expect(await get()).toBe('new')
  })

  it('is not softened by a revalidate that comes after it', async () => {
    const { get } = numbered()
    await get('a')
    await get.delete('a')
    await get.revalidate('a')
    expect(await get('a')).toBe(2)
  })
})

describe.each(['revalidate', 'delete'] as const)('%s', (method) => {
  it('leaves what was made of the value as it is, functions and responses', async () => {
    const { cache, get } = numbered()
    const outer = cache.cached(async () => `outer of ${await get('a')}`, { key: 'outer', life: long })
    const request = route(cache, async () => `page of ${await outer()}`)
    await request('/')
    await get[method]('a')
    expect(outer.peek()?.freshness).toBe('fresh')
    expect(await outer()).toBe('outer of 1')
    expect(await request('/')).toBe('page of outer of 1')
  })

  it('does not reach the same key as a tag or a path, nor those this key', async () => {
    const { cache, get } = numbered()
    await get('a')
    const tagged = cache.cached(() => 1, { key: 'tagged', tags: [get.key('a')] })
    await tagged()
    await get[method]('a')
    expect(tagged.peek()?.freshness).toBe('fresh')
    await get.delete('a')
    await get('a')
    await cache.updateTag(get.key('a'))
    expect(get.peek('a')?.freshness).toBe('fresh')
  })

  it('gives what an invalidation came to: a version, no tags, and how far it reaches', async () => {
    const { cache, get } = numbered()
    const before = await cache.updateTag('other')
    const invalidation = await get[method]('a')
    expect(invalidation).toEqual({ version: before.version + 1, tags: [], reach: 'everywhere' })
  })

  it('is told as an event, with the key', async () => {
    const { events, get } = numbered()
    await get[method]('a')
    const isHard = method === 'delete'
    expect(events).toEqual([
      { kind: 'invalidated', version: 1, tags: [], paths: [], keys: [get.key('a')], isHard },
    ])
  })

  it('throws at the call for an argument that cannot be part of a key, and nothing happens', async () => {
    const { cache, kinds } = setup()
    const get = cache.cached((_given: unknown) => 1, { key: 'x' })
    expect(() => get[method](() => {})).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_INVALID_ARGUMENT' }),
    )
    expect(kinds()).toEqual([])
  })

  const inside: [string, (cache: Cache, act: () => unknown) => Promise<unknown>][] = [
    ['a cached function', (cache, act) => cache.cached(async () => act(), { key: 'around' })()],
    [
      'a collect inside a cached function',
      (cache, act) => cache.cached(async () => void (await cache.collect(act)), { key: 'around' })(),
    ],
    [
      'a response that has opted in',
      async (cache, act) => {
        const scope = new FillScope('response', engineOf(cache), 'GET /around')
        return runInScope(scope, async () => {
          cache.cacheLife('hours')
          act()
        })
      },
    ],
  ]

  it.each(inside)('throws at the call inside %s, says its name, and nothing happens', async (_what, run) => {
    const { cache, get, kinds } = numbered()
    await get('a')
    const act = vi.fn(() => get[method]('a'))
    await expect(run(cache, act)).rejects.toMatchObject({
      code: 'ERR_RESTALE_INVALIDATION_IN_SCOPE',
      message: expect.stringMatching(new RegExp(`^cached function "x"\\.${method} was called inside`)),
    })
    expect(act).toHaveReturnedTimes(0)
    expect(kinds()).not.toContain('invalidated')
    expect(await get('a')).toBe(1)
  })

  it('works in a request that passed, and in an undecided response, which is then not stored', async () => {
    const { cache, get, kinds } = numbered()
    await runInScope(inertScope, () => get[method]('a'))
    const scope = new FillScope('response', engineOf(cache), 'GET /')
    await runInScope(scope, () => get[method]('a'))
    expect(kinds()).toEqual(['invalidated', 'invalidated'])
    expect(scope.unstorable).toContain(`.${method}`)
  })

  it('never rejects, also after the cache was closed', async () => {
    const { cache, get } = numbered()
    await cache.close()
    await expect(get[method]('a')).resolves.toMatchObject({ tags: [] })
  })
})

describe('key', () => {
  it('is the one that events name', async () => {
    const { cache, events, get, settled } = numbered()
    await get('a')
    await get('a')
    await cache.revalidateTag('t', 'max')
    await get('a')
    await settled()
    const keys = events.flatMap((event) => ('key' in event ? [event.key] : []))
    expect(keys).toHaveLength(5)
    expect(new Set(keys)).toEqual(new Set([get.key('a')]))
  })

  it('tells arguments apart, and functions', async () => {
    const { cache } = setup()
    const one = cache.cached((..._args: unknown[]) => 1, { key: 'one' })
    const two = cache.cached((..._args: unknown[]) => 1, { key: 'two' })
    const keys = [
      one.key(),
      one.key(1),
      one.key('1'),
      one.key(1, 2),
      one.key([1, 2]),
      one.key(undefined),
      one.key(null),
      two.key(),
      two.key(1),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    expect(one.key({ a: 1, b: 2 })).toBe(one.key({ b: 2, a: 1 }))
  })

  it('has the version of the cache in it, so that a deploy reads nothing of another', () => {
    const keyOf = (version: string, key: string) =>
      setup({ version })
        .cache.cached((_id: string) => 1, { key })
        .key('a')
    const keys = [
      keyOf('', 'x'),
      keyOf('1', 'x'),
      keyOf('2', 'x'),
      keyOf('', '1x'),
      keyOf('1', '1:x'),
      keyOf('11:', 'x'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
    expect(keyOf('1', 'x')).toBe(keyOf('1', 'x'))
  })

  it('throws for an argument that cannot be part of it', () => {
    const { cache } = setup()
    const get = cache.cached((_given: unknown) => 1, { key: 'x' })
    expect(() => get.key(Symbol('s'))).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_INVALID_ARGUMENT' }),
    )
  })
})

describe('peek', () => {
  it('gives what is held: the value, how fresh it is, its tags, its life and when it was born', async () => {
    const { clock, get } = numbered()
    const bornAt = clock.now()
    await get('a')
    clock.advance(5_000)
    expect(get.peek('a')).toEqual({ value: 1, freshness: 'fresh', tags: ['t'], life: long, bornAt })
  })

  it('never runs the function, and starts no refill', async () => {
    const { get, settled, source } = numbered()
    expect(get.peek('a')).toBeUndefined()
    await get('a')
    await get.revalidate('a')
    expect(get.peek('a')).toMatchObject({ value: 1, freshness: 'stale' })
    await settled()
    expect(source.reads).toBe(1)
    expect(get.peek('b')).toBeUndefined()
  })

  it('tells no events', async () => {
    const { get, kinds } = numbered()
    get.peek('a')
    await get('a')
    get.peek('a')
    expect(kinds()).toEqual(['miss', 'stored'])
  })

  it('follows the age: fresh, stale, nothing', async () => {
    const { cache, clock } = setup()
    const get = cache.cached(() => 1, { key: 'x', life: { revalidate: 10, expire: 60 } })
    await get()
    const seen = [9_999, 1, 49_999, 1].map((ms) => {
      clock.advance(ms)
      return get.peek()?.freshness
    })
    expect(seen).toEqual(['fresh', 'stale', 'stale', undefined])
  })

  it('gives nothing that an invalidation has expired', async () => {
    const { cache, get } = numbered()
    await get('a')
    await cache.updateTag('t')
    expect(get.peek('a')).toBeUndefined()
  })

  it('gives nothing of a run that is under way', async () => {
    const { get, runs } = gated()
    const first = get()
    expect(get.peek()).toBeUndefined()
    runs[0]?.resolve('first')
    await first
    expect(get.peek()?.value).toBe('first')
  })

  it('gives nothing while the cache is off, and after it was closed', async () => {
    const { cache } = setup({ enabled: false })
    const off = cache.cached(() => 1, { key: 'x' })
    await off()
    expect(off.peek()).toBeUndefined()
    const { cache: closing, get } = numbered()
    await get('a')
    await closing.close()
    expect(get.peek('a')).toBeUndefined()
  })

  it('tells undefined as a value from nothing', async () => {
    const { cache } = setup()
    const get = cache.cached(() => undefined, { key: 'x' })
    expect(get.peek()).toBeUndefined()
    await get()
    expect(get.peek()).toMatchObject({ value: undefined, freshness: 'fresh' })
  })

  it('throws for an argument that cannot be part of a key', () => {
    const { cache } = setup()
    const get = cache.cached((_given: unknown) => 1, { key: 'x' })
    expect(() => get.peek(() => {})).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_INVALID_ARGUMENT' }),
    )
  })

  it('gives nothing whose change would change what is held', async () => {
    const { cache } = setup()
    const get = cache.cached(() => ({ list: [1] }), { key: 'x', tags: ['t'], life: long })
    await get()
    const peeked = get.peek()
    peeked?.value.list.push(2)
    Object.assign(peeked?.tags as object, { 0: 'other' })
    Object.assign(peeked?.life as object, { expire: 0 })
    expect(get.peek()).toMatchObject({ value: { list: [1] }, tags: ['t'], life: long })
    await cache.updateTag('other')
    expect(await get()).toEqual({ list: [1] })
  })

  it('labels the value that uses it, like a hit', async () => {
    const { cache, clock, get } = numbered()
    const outer = cache.cached(() => get.peek('a')?.value, { key: 'outer' })
    await get('a')
    clock.advance(60_000)
    expect(await cache.collect(outer)).toMatchObject({
      value: 1,
      tags: ['t'],
      life: { expire: long.expire - 60 },
    })
    await cache.updateTag('t')
    expect(await outer()).toBeUndefined()
  })

  it('of something stale keeps the value that uses it from being stored', async () => {
    const { cache, get } = numbered()
    const source = counter()
    const outer = cache.cached(() => [get.peek('a')?.freshness, source.read()], { key: 'outer' })
    await get('a')
    await get.revalidate('a')
    expect([await outer(), await outer()]).toEqual([
      ['stale', 1],
      ['stale', 2],
    ])
  })

  it('of another cache keeps it from being stored too', async () => {
    const { get } = numbered()
    await get('a')
    const { cache } = setup()
    const source = counter()
    const outer = cache.cached(() => [get.peek('a')?.value, source.read()], { key: 'outer' })
    expect([await outer(), await outer()]).toEqual([
      [1, 1],
      [1, 2],
    ])
  })
})

describe('a cached function', () => {
  it('has methods that are bound: they can be taken off it', async () => {
    const { get, settled } = numbered()
    const { revalidate, delete: remove, key, peek } = get
    await get('a')
    expect(key('a')).toBe(get.key('a'))
    expect(peek('a')?.value).toBe(1)
    await revalidate('a')
    expect(peek('a')?.freshness).toBe('stale')
    await remove('a')
    expect(peek('a')).toBeUndefined()
    await settled()
  })

  it('is forgotten by clear(): its name is free, and its values are gone', async () => {
    const { cache, get } = numbered()
    await get('a')
    const again = () => cache.cached((_id: string) => 'another function', { key: 'x' })
    expect(again).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_DUPLICATE_KEY' }))
    cache.clear()
    expect(get.peek('a')).toBeUndefined()
    const other: CachedFunction<[string], string> = again()
    expect(await other('a')).toBe('another function')
    expect(again).toThrow(expect.objectContaining({ code: 'ERR_RESTALE_DUPLICATE_KEY' }))
  })

  it('stores nothing of a run that was under way when clear() was called', async () => {
    const { cache, get, runs } = gated()
    const first = get()
    cache.clear()
    const second = get()
    await tick()
    runs[0]?.resolve('first')
    expect(await first).toBe('first')
    expect(get.peek()).toBeUndefined()
    runs[1]?.resolve('second')
    expect(await second).toBe('second')
    expect(get.peek()?.value).toBe('second')
  })

  it('that fails passes the same error on to those who lead, follow and call through another function', async () => {
    const { cache } = setup()
    const gate = barrier()
    const error = new Error('down')
    const inner = cache.cached(
      async () => {
        await gate.pass()
        throw error
      },
      { key: 'inner', hardTimeoutMs: 1_000 },
    )
    const outer = cache.cached(() => inner(), { key: 'outer' })
    const calls = [inner(), inner(), outer(), outer(), cache.collect(inner)]
    gate.open()
    const results = await Promise.allSettled(calls)
    for (const result of results) expect(result).toEqual({ status: 'rejected', reason: error })
    expect(results.every((result) => result.status === 'rejected' && result.reason === error)).toBe(true)
    expect(inner.peek()).toBeUndefined()
    await expect(inner()).rejects.toBe(error)
    expect(gate.reached).toBe(2)
  })
})
