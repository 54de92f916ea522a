import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { engineOf } from '../../src/cache/engine-of.ts'
import { FillScope, runInScope } from '../../src/cache/scope.ts'
import { barrier, counter, deferred, isPending, long, setup, tick, warnings } from './support.ts'

describe('tags of what is nested', () => {
  it('join the value around it, also when the nested call is a hit', async () => {
    const { cache } = setup()
    const inner = cache.cached(() => 1, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(() => inner(), { key: 'outer', tags: ['o'] })
    await inner()
    expect((await cache.collect(outer)).tags).toEqual(['o', 'i'])
    expect((await cache.collect(outer)).tags).toEqual(['o', 'i'])
  })

  it('join through every level', async () => {
    const { cache } = setup()
    const a = cache.cached(() => 1, { key: 'a', tags: ['a'] })
    const b = cache.cached(() => a(), { key: 'b', tags: ['b'] })
    const c = cache.cached(() => b(), { key: 'c', tags: ['c'] })
    expect((await cache.collect(c)).tags).toEqual(['c', 'b', 'a'])
    await cache.updateTag('a')
    expect((await cache.collect(c)).tags).toEqual(['c', 'b', 'a'])
  })

  it('join when the nested call waits for a fill of somebody else', async () => {
    const { cache } = setup()
    const gate = barrier()
    const inner = cache.cached(() => gate.pass(), { key: 'inner', tags: ['i'] })
    const first = inner()
    const collected = cache.collect(inner)
    gate.open()
    await first
    expect((await collected).tags).toEqual(['i'])
  })

  it.each<[string, (read: () => Promise<unknown>) => Promise<unknown>]>([
    ['Promise.all', (read) => Promise.all([read(), read()])],
    ['a timer', (read) => delay(1).then(read)],
    [
      'a listener of an event that is emitted inside',
      async (read) => {
        const emitter = new EventEmitter()
        const done = once(emitter, 'done')
        emitter.on('go', async () => emitter.emit('done', await read()))
        setImmediate(() => emitter.emit('go'))
        await done
      },
    ],
    ['a microtask', (read) => new Promise((resolve) => queueMicrotask(() => resolve(read())))],
  ])('join through %s', async (_what, through) => {
    const { cache } = setup()
    const inner = cache.cached(() => 1, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(async () => void (await through(inner)), { key: 'outer' })
    expect((await cache.collect(outer)).tags).toEqual(['i'])
  })

  it('stay out of values beside it', async () => {
    const { cache } = setup()
    const gates = [barrier(), barrier()]
    const one = cache.cached(
      async () => {
        await gates[0]?.pass()
        cache.cacheTag('one')
      },
      { key: 'one' },
    )
    const two = cache.cached(
      async () => {
        await gates[1]?.pass()
        cache.cacheTag('two')
      },
      { key: 'two' },
    )
    const both = [cache.collect(one), cache.collect(two)]
    gates[1]?.open()
    await tick()
    gates[0]?.open()
    expect((await Promise.all(both)).map(({ tags }) => tags)).toEqual([['one'], ['two']])
  })

  it('join also when the nested call fails and the error is caught: the fallback is made of it', async () => {
    const { cache } = setup()
    let post: string | undefined
    const getPost = cache.cached(
      () => {
        if (post === undefined) throw new Error('not found')
        return post
      },
      { key: 'post', tags: ['post:1'] },
    )
    const page = cache.cached(() => getPost().catch(() => 'no such post'), { key: 'page' })
    expect(await page()).toBe('no such post')
    expect(await page()).toBe('no such post')
    post = 'hello'
    await cache.updateTag('post:1')
    expect(await page()).toBe('hello')
  })

  it('join also when the failure was that of a fill of somebody else', async () => {
    const { cache } = setup()
    const gate = barrier()
    const inner = cache.cached(
      async () => {
        await gate.pass()
        throw new Error('no')
      },
      { key: 'inner', tags: ['i'] },
    )
    const first = inner().catch(() => {})
    const collected = cache.collect(() => inner().catch(() => 'fallback'))
    gate.open()
    await first
    expect(await collected).toMatchObject({ value: 'fallback', tags: ['i'] })
  })
})

describe('the life of what is nested', () => {
  const short = { stale: 1, revalidate: 10, expire: 60 }

  it('shortens the implicit life around it, and never lengthens it', async () => {
    const { cache } = setup()
    const brief = cache.cached(() => 1, { key: 'short', life: short })
    const lasting = cache.cached(() => 1, { key: 'long', life: 'max' })
    const both = cache.cached(async () => [await lasting(), await brief()], { key: 'both' })
    expect((await cache.collect(() => lasting())).life).toEqual({
      stale: 300,
      revalidate: 900,
      expire: 31_536_000,
    })
    expect((await cache.collect(both)).life).toEqual(short)
  })

  it('is overruled field by field by an explicit one, even if that is longer', async () => {
    const { cache } = setup()
    const inner = cache.cached(() => 1, { key: 'inner', life: short })
    const outer = cache.cached(() => inner(), { key: 'outer', life: { revalidate: 1_000 } })
    const { life } = await cache.collect(outer)
    expect(life).toEqual({ stale: 1, revalidate: 900, expire: 60 })
    const { clock, cache: other, settled } = setup()
    const { read } = counter()
    const brief = other.cached(read, { key: 'inner', life: short })
    const lasting = other.cached(() => brief(), { key: 'outer', life: long })
    await lasting()
    clock.advance(61_000)
    expect(await lasting()).toBe(1)
    await settled()
  })

  it('differs from Next.js: only what remains of it counts, so nothing outlives its author’s expire', async () => {
    const { cache, clock } = setup()
    const { read } = counter()
    const inner = cache.cached(read, { key: 'inner', life: { stale: 100, revalidate: 100, expire: 200 } })
    const outer = cache.cached(() => inner(), { key: 'outer' })
    await inner()
    clock.advance(60_000)
    expect((await cache.collect(outer)).life).toEqual({ stale: 40, revalidate: 40, expire: 140 })
    clock.advance(30_000)
    expect((await cache.collect(outer)).life).toEqual({ stale: 10, revalidate: 10, expire: 110 })
    clock.advance(110_000)
    expect(await outer()).toBe(2)
  })

  it('of 0 leaves the value around it unshared too, unless that says its own', async () => {
    const { cache } = setup()
    const { read } = counter()
    const inner = cache.cached(read, { key: 'inner', life: { revalidate: 0 } })
    const implicit = cache.cached(() => inner(), { key: 'implicit' })
    const explicit = cache.cached(() => inner(), { key: 'explicit', life: long })
    expect([await implicit(), await implicit()]).toEqual([1, 2])
    expect([await explicit(), await explicit()]).toEqual([3, 3])
  })
})

describe('invalidations and nesting', () => {
  it('of the outer tag leave the inner value cached', async () => {
    const { cache } = setup()
    const source = counter()
    const inner = cache.cached(source.read, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(async () => `outer of ${await inner()}`, { key: 'outer', tags: ['o'] })
    await outer()
    await cache.updateTag('o')
    expect(await outer()).toBe('outer of 1')
    expect(source.reads).toBe(1)
  })

  it.each(['hard', 'soft'])('of the inner tag reach the outer value (%s)', async (how) => {
    const { cache, settled } = setup()
    const { read } = counter()
    const inner = cache.cached(read, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(() => inner(), { key: 'outer', tags: ['o'] })
    await outer()
    if (how === 'hard') {
      await cache.updateTag('i')
      expect(await outer()).toBe(2)
    } else {
      await cache.revalidateTag('i', 'max')
      expect(await outer()).toBe(1)
      await settled()
      expect(await outer()).toBe(2)
    }
  })

  it('a stale nested value is refilled in the foreground inside a fill, never baked in', async () => {
    const { cache } = setup()
    const { read } = counter()
    const inner = cache.cached(read, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(() => inner(), { key: 'outer' })
    await inner()
    await cache.revalidateTag('i', 'max')
    expect(await outer()).toBe(2)
    expect(await inner()).toBe(2)
  })

  it('a stale nested value whose refill is under way already is waited for inside a fill', async () => {
    const { cache } = setup()
    const { read } = counter()
    const gate = barrier()
    let isHeld = false
    const inner = cache.cached(
      async () => {
        if (isHeld) await gate.pass()
        return read()
      },
      { key: 'inner', tags: ['i'] },
    )
    const outer = cache.cached(() => inner(), { key: 'outer' })
    await inner()
    await cache.revalidateTag('i', 'max')
    isHeld = true
    expect(await inner()).toBe(1)
    await gate.reachedBy(1)
    const value = outer()
    expect(await isPending(value)).toBe(true)
    gate.open()
    expect(await value).toBe(2)
    expect(gate.reached).toBe(1)
  })

  it('a fill does not take what was softly invalidated while it was made before the fill began', async () => {
    const { cache } = setup()
    const { read } = counter()
    const gate = barrier()
    const inner = cache.cached(
      async () => {
        const value = read()
        await gate.pass()
        return value
      },
      { key: 'inner', tags: ['i'] },
    )
    const outer = cache.cached(() => inner(), { key: 'outer' })
    const first = inner()
    await cache.revalidateTag('i', 'max')
    const value = outer()
    await tick()
    gate.open()
    expect(await first).toBe(1)
    expect(await value).toBe(2)
    expect(await outer()).toBe(2)
  })

  it('what waits inside a fill for a fill that failed tries itself if it could not have joined it', async () => {
    const { cache } = setup()
    const gates = [deferred<string>(), deferred<string>(), deferred<string>()]
    let runs = 0
    const get = cache.cached(() => gates[runs++]?.promise, { key: 'x', tags: ['t'] })
    const first = get()
    await cache.updateTag('t')
    const second = get()
    await cache.updateTag('t')
    const third = get()
    await tick()
    expect(runs).toBe(2)
    gates[1]?.reject(new Error('second'))
    await expect(second).rejects.toThrow('second')
    await tick()
    expect(runs).toBe(3)
    gates[2]?.resolve('third')
    expect(await third).toBe('third')
    gates[0]?.resolve('first')
    expect(await first).toBe('first')
    expect(await get()).toBe('third')
  })
})

describe('what may not be stored keeps what is made of it from being stored', () => {
  it('a value of another cache: its invalidations would not reach', async () => {
    const { cache: other } = setup()
    const { cache, events } = setup()
    const { read } = counter()
    const foreign = other.cached(read, { key: 'foreign', tags: ['t'], life: { revalidate: 0 } })
    const outer = cache.cached(() => foreign(), { key: 'outer' })
    expect([await outer(), await outer()]).toEqual([1, 2])
    expect(events.filter(({ kind }) => kind === 'refused')[0]).toMatchObject({
      reason: expect.stringContaining('another cache'),
    })
  })

  it('a value that was refused for a value of another cache', async () => {
    const { cache: other } = setup()
    const { cache } = setup()
    const foreign = other.cached(() => 1, { key: 'foreign', tags: ['t'] })
    const { read } = counter()
    const middle = cache.cached(async () => `${read()}/${await foreign()}`, { key: 'middle' })
    const outer = cache.cached(() => middle(), { key: 'outer' })
    expect([await outer(), await outer()]).toEqual(['1/1', '2/1'])
  })

  it('a value that has an invalid tag', async () => {
    warnings()
    const { cache } = setup()
    const { read } = counter()
    const inner = cache.cached(
      () => {
        cache.cacheTag('')
        return read()
      },
      { key: 'nesting/invalid' },
    )
    const outer = cache.cached(() => inner(), { key: 'outer' })
    expect([await outer(), await outer()]).toEqual([1, 2])
  })

  it('a value that has an invalid tag, when it came from a fill of somebody else', async () => {
    warnings()
    const { cache } = setup()
    const gate = barrier()
    const inner = cache.cached(
      async () => {
        await gate.pass()
        cache.cacheTag('')
        return gate.reached
      },
      { key: 'nesting/invalid-joined' },
    )
    const outer = cache.cached(() => inner(), { key: 'outer' })
    const calls = [inner(), outer()]
    gate.open()
    await Promise.all(calls)
    expect(await outer()).toBe(2)
  })

  it('a label that is meant for another cache', async () => {
    const { cache: other } = setup()
    const { cache } = setup()
    const { read } = counter()
    const get = cache.cached(
      () => {
        other.cacheTag('t')
        return read()
      },
      { key: 'x' },
    )
    expect([await get(), await get()]).toEqual([1, 2])
  })
})

describe('a response that has not asked to be cached yet', () => {
  const response = (cache: Parameters<typeof engineOf>[0]) =>
    new FillScope('response', engineOf(cache), 'GET /')

  it('takes a stale value at once and may then not be stored', async () => {
    const { cache, settled } = setup()
    const get = cache.cached(counter().read, { key: 'x', tags: ['t'] })
    await get()
    await cache.revalidateTag('t', 'max')
    const scope = response(cache)
    expect(await runInScope(scope, get)).toBe(1)
    expect(scope.unstorable).toBe('it uses a stale value')
    await settled()
  })

  it('may not be stored either when it joins a fill that turned stale before the response began', async () => {
    const { cache } = setup()
    const gate = barrier()
    const get = cache.cached(() => gate.pass(), { key: 'x', tags: ['t'] })
    const first = get()
    await cache.revalidateTag('t', 'max')
    const scope = response(cache)
    const second = runInScope(scope, get)
    gate.open()
    await Promise.all([first, second])
    expect(gate.reached).toBe(1)
    expect(scope.unstorable).toBe('it uses a stale value')
  })
})

describe('after a scope has closed', () => {
  it('a cacheTag that comes late removes the entry', async () => {
    const { cache } = setup()
    const { read } = counter()
    const late = barrier()
    const get = cache.cached(
      () => {
        late.pass().then(() => cache.cacheTag('late'))
        return read()
      },
      { key: 'x' },
    )
    expect([await get(), await get()]).toEqual([1, 1])
    late.open()
    await tick()
    expect(await get()).toBe(2)
  })

  it('a late cacheTag does not touch the entry that has replaced it', async () => {
    const { cache } = setup()
    const { read } = counter()
    const late = barrier()
    const get = cache.cached(
      () => {
        const value = read()
        if (value === 1) late.pass().then(() => cache.cacheTag('late'))
        return value
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    await cache.updateTag('t')
    await get()
    late.open()
    await tick()
    expect(await get()).toBe(2)
  })

  it('what still runs in its context reads stale values at once, like anybody', async () => {
    const { cache, settled } = setup()
    const gate = barrier()
    const read = counter().read
    const get = cache.cached(read, { key: 'x', tags: ['t'] })
    const seen = deferred<number>()
    const starter = cache.cached(
      () => {
        gate.pass().then(async () => seen.resolve(await get()))
        return 1
      },
      { key: 'starter' },
    )
    await get()
    await starter()
    await cache.revalidateTag('t', 'max')
    gate.open()
    expect(await seen.promise).toBe(1)
    await settled()
  })
})

describe('collect', () => {
  it('tells the value, the tags and the life', async () => {
    const { cache } = setup({ profiles: { feed: { stale: 0, revalidate: 60, expire: 3_600 } } })
    const inner = cache.cached(() => 'x', { key: 'inner', tags: ['i'] })
    const collected = await cache.collect(async () => {
      cache.cacheTag('a', 'b')
      cache.cacheLife('feed')
      return inner()
    })
    expect(collected).toEqual({
      value: 'x',
      tags: ['a', 'b', 'i'],
      life: { stale: 0, revalidate: 60, expire: 3_600 },
    })
  })

  it('gives the default life if nothing says another', async () => {
    const { cache } = setup()
    expect((await cache.collect(() => 1)).life).toEqual({
      stale: 300,
      revalidate: 900,
      expire: Number.POSITIVE_INFINITY,
    })
  })

  it('passes on what it learns to the value around it', async () => {
    const { cache } = setup()
    const outer = cache.cached(
      async () => {
        await cache.collect(() => {
          cache.cacheTag('inside')
          cache.cacheLife({ revalidate: 5 })
        })
      },
      { key: 'outer' },
    )
    expect(await cache.collect(outer)).toMatchObject({ tags: ['inside'], life: { revalidate: 5 } })
  })

  it('passes it on also if the code in it fails', async () => {
    const { cache } = setup()
    const outer = cache.cached(
      () =>
        cache
          .collect(() => {
            cache.cacheTag('inside')
            throw new Error('no')
          })
          .catch(() => 'fallback'),
      { key: 'outer' },
    )
    expect(await cache.collect(outer)).toMatchObject({ value: 'fallback', tags: ['inside'] })
  })

  it('inside a fill reads only what is fresh', async () => {
    const { cache } = setup()
    const inner = cache.cached(counter().read, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(async () => (await cache.collect(inner)).value, { key: 'outer' })
    await inner()
    await cache.revalidateTag('i', 'max')
    expect([await outer(), await outer()]).toEqual([2, 2])
  })

  it('inside a fill keeps the value around it from being stored if a tag comes late', async () => {
    const { cache } = setup()
    const { read } = counter()
    const outer = cache.cached(
      async () => {
        await cache.collect(() => {
          queueMicrotask(() => setImmediate(() => cache.cacheTag('late')))
        })
        await tick()
        await tick()
        return read()
      },
      { key: 'outer' },
    )
    expect([await outer(), await outer()]).toEqual([1, 2])
  })

  it('passes on what the code throws', async () => {
    const { cache } = setup()
    const error = new Error('no')
    await expect(
      cache.collect(() => {
        throw error
      }),
    ).rejects.toBe(error)
  })
})
