import type { Cache, CachedOptions } from '@restale/core'
import { describe, expect, it } from 'vitest'
import { barrier, deferred, route, setup, tick } from './support.ts'

const life = { stale: 0, revalidate: 10, expire: 60 }
/** Seconds: 60 of its life, and 40 beyond. */
const staleIfError = 40

/** A function whose source can be down. The value is the number of the run. */
function unsteady(options: Partial<CachedOptions<[], number, typeof life>> = {}) {
  const parts = setup()
  const source = { isDown: false, runs: 0, error: new Error('down') }
  const run = () => {
    source.runs++
    if (source.isDown) throw source.error
    return source.runs
  }
  const get = parts.cache.cached(run, { key: 'x', tags: ['t'], life, staleIfError, ...options })
  return { ...parts, source, get }
}

describe('staleIfError', () => {
  it.each([
    ['one second beyond expire', 61_000],
    ['right before the end', 99_999],
  ])('gives the old value when the function fails, %s', async (_when, age) => {
    const { clock, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(age)
    expect(await get()).toBe(1)
    expect(source.runs).toBe(2)
  })

  it.each([
    ['at its end', 100_000],
    ['after it', 1e9],
  ])('gives the failure %s', async (_when, age) => {
    const { clock, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(age)
    await expect(get()).rejects.toBe(source.error)
  })

  it('counts to when the function has failed, not to when it was called', async () => {
    const { cache, clock } = setup()
    const failing = deferred<number>()
    let runs = 0
    const get = cache.cached(() => (++runs === 1 ? 1 : failing.promise), { key: 'x', life, staleIfError })
    await get()
    clock.advance(99_000)
    const call = get()
    clock.advance(1_000)
    failing.reject(new Error('down'))
    await expect(call).rejects.toThrow('down')
  })

  it('of Infinity gives it however old it is', async () => {
    const { clock, get, source } = unsteady({ staleIfError: Number.POSITIVE_INFINITY })
    await get()
    source.isDown = true
    clock.advance(1e15)
    expect(await get()).toBe(1)
  })

  it.each([0, undefined])('of %s does not give it at expire', async (none) => {
    const { clock, get, source } = unsteady({ staleIfError: none as number })
    await get()
    source.isDown = true
    clock.advance(59_999)
    expect(await get()).toBe(1)
    clock.advance(1)
    await expect(get()).rejects.toBe(source.error)
  })

  it('gives nothing where there has never been a value', async () => {
    const { get, source } = unsteady()
    source.isDown = true
    await expect(get()).rejects.toBe(source.error)
    expect(source.runs).toBe(1)
    await expect(get()).rejects.toBe(source.error)
    expect(source.runs).toBe(2)
  })

  it('takes the new value as soon as there is one', async () => {
    const { clock, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(61_000)
    await get()
    source.isDown = false
    clock.advance(1_000)
    expect(await get()).toBe(3)
    expect(await get()).toBe(3)
  })

  it('does not touch calls whose function works: they wait for it', async () => {
    const { clock, get } = unsteady()
    await get()
    clock.advance(61_000)
    expect(await get()).toBe(2)
  })

  it('gives what another run has brought meanwhile, if that is newer', async () => {
    const { cache, clock } = setup()
    const failing = deferred<number>()
    let runs = 0
    const run = () => (++runs === 2 ? failing.promise : runs)
    const get = cache.cached(run, { key: 'x', tags: ['t'], life, staleIfError })
    await get()
    clock.advance(61_000)
    const call = get()
    await cache.updateTag('t')
    expect(await get()).toBe(3)
    failing.reject(new Error('down'))
    expect(await call).toBe(3)
  })

  it('gives each caller a copy of its own', async () => {
    const { cache, clock } = setup()
    let isDown = false
    const get = cache.cached(
      () => {
        if (isDown) throw new Error('down')
        return { list: [1] }
      },
      { key: 'x', life, staleIfError },
    )
    await get()
    isDown = true
    clock.advance(61_000)
    for (const value of await Promise.all([get(), get(), get()])) {
      expect(value).toEqual({ list: [1] })
      value.list.push(2)
    }
    expect(await get()).toEqual({ list: [1] })
  })
})

describe('what an invalidation has expired never stands in', () => {
  const hard: [string, (cache: Cache) => unknown][] = [
    ['updateTag', (cache) => cache.updateTag('t')],
    ['revalidateTag with expire: 0', (cache) => cache.revalidateTag('t', { expire: 0 })],
  ]

  it.each(hard)('%s before the failing run', async (_what, invalidate) => {
    const { cache, clock, get, source } = unsteady()
    await get()
    clock.advance(61_000)
    await invalidate(cache)
    source.isDown = true
    await expect(get()).rejects.toBe(source.error)
  })

  it.each(hard)('%s during it', async (_what, invalidate) => {
    const { cache, clock } = setup()
    const failing = deferred<number>()
    let runs = 0
    const get = cache.cached(() => (++runs === 1 ? 1 : failing.promise), {
      key: 'x',
      tags: ['t'],
      life,
      staleIfError,
    })
    await get()
    clock.advance(61_000)
    const call = get()
    await invalidate(cache)
    failing.reject(new Error('down'))
    await expect(call).rejects.toThrow('down')
  })

  it.each(hard)('%s while the function is not tried', async (_what, invalidate) => {
    const { cache, clock, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(61_000)
    expect(await get()).toBe(1)
    await invalidate(cache)
    await expect(get()).rejects.toBe(source.error)
    expect(source.runs).toBe(3)
  })

  it('.delete() of the entry', async () => {
    const { clock, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(61_000)
    expect(await get()).toBe(1)
    await get.delete()
    await expect(get()).rejects.toBe(source.error)
  })

  it('clear()', async () => {
    const { cache, get, source } = unsteady()
    await get()
    source.isDown = true
    cache.clear()
    await expect(get()).rejects.toBe(source.error)
  })

  it('the deadline of a soft call, once it has come', async () => {
    const { cache, clock, get, source, settled } = unsteady()
    await get()
    source.isDown = true
    await cache.revalidateTag('t', { expire: 30 })
    clock.advance(29_999)
    expect(await get()).toBe(1)
    await settled()
    clock.advance(1)
    await expect(get()).rejects.toBe(source.error)
  })

  it('but what a soft call has made stale does, also beyond its own expire', async () => {
    const { cache, clock, get, source } = unsteady()
    await get()
    source.isDown = true
    await cache.revalidateTag('t', {})
    clock.advance(70_000)
    expect(await get()).toBe(1)
  })

  it('a hard call for another tag does not matter', async () => {
    const { cache, clock, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(61_000)
    await cache.updateTag('other')
    expect(await get()).toBe(1)
  })
})

describe('while an old value stands in', () => {
  it('the function is not tried at every call, but after pauses that grow, until the end', async () => {
    const { clock, get, source } = unsteady({ staleIfError: 600 })
    await get()
    source.isDown = true
    clock.advance(60_000)
    const attempts: number[] = []
    for (let second = 0; second < 600; second++) {
      const before = source.runs
      expect(await get()).toBe(1)
      if (source.runs > before) attempts.push(second)
      clock.advance(1_000)
    }
    const gaps = attempts.slice(1).map((at, index) => at - (attempts[index] as number))
    for (const [index, gap] of gaps.entries()) {
      const longest = Math.min(2 ** index, 60)
      expect(gap).toBeGreaterThanOrEqual(Math.floor(longest / 2))
      expect(gap).toBeLessThanOrEqual(longest + 1)
    }
    expect(attempts.length).toBeGreaterThan(10)
    expect(attempts.length).toBeLessThan(30)
    await expect(get()).rejects.toBe(source.error)
  })

  it('everyone who waits for the run that fails gets it, and it runs once', async () => {
    const { cache, clock } = setup()
    const failing = deferred<number>()
    let runs = 0
    const get = cache.cached(() => (++runs === 1 ? 1 : failing.promise), { key: 'x', life, staleIfError })
    await get()
    clock.advance(61_000)
    const calls = [get(), get(), get()]
    await tick()
    failing.reject(new Error('down'))
    expect(await Promise.all(calls)).toEqual([1, 1, 1])
    expect(runs).toBe(2)
  })

  it('the events are: a miss and a failed refill; then it is served stale, until the next try', async () => {
    const { clock, events, get, source } = unsteady()
    await get()
    source.isDown = true
    clock.advance(61_000)
    events.length = 0
    await get()
    await get()
    const key = get.key()
    expect(events).toEqual([
      { kind: 'miss', key },
      { kind: 'refill-failed', key, error: source.error, retryAt: expect.any(Number) },
      { kind: 'stale', key },
    ])
    const { retryAt } = events[1] as { retryAt: number }
    expect(retryAt).toBeGreaterThanOrEqual(clock.now() + 500)
    expect(retryAt).toBeLessThanOrEqual(clock.now() + 1_000)
    events.length = 0
    clock.advance(retryAt - clock.now())
    await get()
    expect(events.map(({ kind }) => kind)).toEqual(['miss', 'refill-failed'])
  })

  it('nothing that is made of it is stored', async () => {
    const { cache, clock, get, source } = unsteady()
    let outerRuns = 0
    const outer = cache.cached(
      async () => {
        outerRuns++
        return get()
      },
      { key: 'outer', life: { revalidate: 1_000, expire: 2_000 } },
    )
    await get()
    source.isDown = true
    clock.advance(61_000)
    expect([await outer(), await outer()]).toEqual([1, 1])
    expect(outerRuns).toBe(2)
    source.isDown = false
    clock.advance(1_000)
    expect([await outer(), await outer()]).toEqual([3, 3])
    expect(outerRuns).toBe(3)
  })

  it('no response that is made of it is stored', async () => {
    const { cache, clock, get, source } = unsteady()
    let runs = 0
    const request = route(cache, async () => `response ${++runs} of ${await get()}`)
    await get()
    source.isDown = true
    clock.advance(61_000)
    expect(await request('/')).toBe('response 1 of 1')
    source.isDown = false
    clock.advance(1_000)
    expect(await request('/')).toBe('response 2 of 3')
    expect(await request('/')).toBe('response 2 of 3')
  })
})

describe('a stale value inside of a fill, which wants it fresh', () => {
  const nested = (options: Partial<CachedOptions<[], number, typeof life>> = {}) => {
    const parts = unsteady(options)
    const outer = parts.cache.cached(async () => `made of ${await parts.get()}`, {
      key: 'outer',
      tags: ['o'],
    })
    return { ...parts, outer }
  }

  it('stands in when its refill fails', async () => {
    const { cache, get, outer, source } = nested()
    await get()
    source.isDown = true
    await cache.revalidateTag('t', 'max')
    expect(await outer()).toBe('made of 1')
    expect(source.runs).toBe(2)
    expect(outer.peek()).toBeUndefined()
  })

  it('does not without staleIfError', async () => {
    const { cache, get, outer, source } = nested({ staleIfError: undefined as never })
    await get()
    source.isDown = true
    await cache.revalidateTag('t', 'max')
    await expect(outer()).rejects.toBe(source.error)
  })

  it('does not replace what was stored around it, also when it is older than its expire', async () => {
    const { cache, clock, outer, settled, source } = nested()
    const around = cache.cached(async () => `around, ${await outer()}`, {
      key: 'around',
      life: { revalidate: 30, expire: 1_000 },
    })
    await around()
    source.isDown = true
    for (const age of [35_000, 70_000]) {
      clock.advance(age)
      expect(await around()).toBe('around, made of 1')
      await settled()
      expect(around.peek()).toMatchObject({ value: 'around, made of 1', freshness: 'stale' })
    }
    expect(source.runs).toBe(3)
  })

  it('leaves the older value around it as it is, and the next refill brings a new one', async () => {
    const { cache, clock, outer, settled, source } = nested()
    expect(await outer()).toBe('made of 1')
    source.isDown = true
    clock.advance(15_000)
    await cache.revalidateTag('t', 'max')
    expect(await outer()).toBe('made of 1')
    await settled()
    expect(source.runs).toBe(2)
    expect(outer.peek()).toMatchObject({ value: 'made of 1', freshness: 'stale' })
    source.isDown = false
    clock.advance(1_000)
    expect(await outer()).toBe('made of 1')
    await settled()
    expect(await outer()).toBe('made of 3')
  })
})

describe('together with hardTimeoutMs', () => {
  it('the old value is given when the function takes too long', async () => {
    const { cache, clock } = setup()
    const gate = barrier()
    let runs = 0
    const get = cache.cached(
      async () => {
        const run = ++runs
        if (run > 1) await gate.pass()
        return run
      },
      { key: 'x', life, staleIfError, hardTimeoutMs: 1_000 },
    )
    await get()
    clock.advance(61_000)
    const calls = [get(), get()]
    await tick()
    clock.advance(1_000)
    expect(await Promise.all(calls)).toEqual([1, 1])
    gate.open()
    await tick()
    expect(await get()).toBe(2)
    expect(runs).toBe(2)
  })

  it('the error is given when it is too old, or a hard call has expired it', async () => {
    const { cache, clock } = setup()
    const gate = barrier()
    let runs = 0
    const get = cache.cached(
      async () => {
        const run = ++runs
        if (run > 1) await gate.pass()
        return run
      },
      { key: 'x', tags: ['t'], life, staleIfError, hardTimeoutMs: 1_000 },
    )
    await get()
    clock.advance(99_500)
    const late = get()
    clock.advance(1_000)
    await expect(late).rejects.toMatchObject({ code: 'ERR_RESTALE_TIMEOUT' })
    gate.open()
    await tick()
    await cache.updateTag('t')
    expect(await get()).toBe(3)
  })

  it('the function is tried again after a pause when it fails in time', async () => {
    const { clock, get, source } = unsteady({ hardTimeoutMs: 1_000 })
    await get()
    source.isDown = true
    clock.advance(61_000)
    expect([await get(), await get(), await get()]).toEqual([1, 1, 1])
    expect(source.runs).toBe(2)
    expect(clock.timers).toBe(0)
  })
})
