import type { CachedOptions } from '@restale/core'
import { describe, expect, it } from 'vitest'
import { barrier, counter, deferred, isPending, setup, tick } from './support.ts'

const timeout = expect.objectContaining({ name: 'CacheError', code: 'ERR_RESTALE_TIMEOUT' })

/** A function that is held until its gate opens, and whose callers wait 1,000 ms for it. */
function slow(options: Partial<CachedOptions<[], number, { revalidate: number }>> = {}) {
  const parts = setup()
  const { read } = counter()
  const gate = barrier()
  const run = async () => {
    await gate.pass()
    return read()
  }
  const get = parts.cache.cached(run, { key: 'slow', hardTimeoutMs: 1_000, ...options })
  return { ...parts, gate, get }
}

describe('hardTimeoutMs', () => {
  it('is how long a caller waits: then it gets an error that says which function and how long', async () => {
    const { clock, gate, get } = slow()
    const call = get()
    clock.advance(999)
    expect(await isPending(call)).toBe(true)
    clock.advance(1)
    await expect(call).rejects.toEqual(timeout)
    await expect(call).rejects.toThrow(
      'The cached function "slow" took longer than its hardTimeoutMs, 1000 ms.',
    )
    gate.open()
  })

  it('does not end the run: what it gives is stored for those who come later', async () => {
    const { clock, gate, get } = slow()
    const call = get()
    clock.advance(1_000)
    await expect(call).rejects.toEqual(timeout)
    gate.open()
    await tick()
    expect(await get()).toBe(1)
    expect(gate.reached).toBe(1)
  })

  it('counts for each caller from its own call, whether it leads or follows', async () => {
    const { clock, gate, get } = slow()
    const leader = get()
    clock.advance(600)
    const follower = get()
    await tick()
    clock.advance(400)
    await expect(leader).rejects.toEqual(timeout)
    expect(await isPending(follower)).toBe(true)
    clock.advance(599)
    expect(await isPending(follower)).toBe(true)
    clock.advance(1)
    await expect(follower).rejects.toEqual(timeout)
    expect(gate.reached).toBe(1)
    gate.open()
  })

  it('of one caller does not take the value away from those who still wait', async () => {
    const { clock, gate, get } = slow()
    const leader = get()
    clock.advance(600)
    const followers = [get(), get()]
    await tick()
    clock.advance(400)
    await expect(leader).rejects.toEqual(timeout)
    gate.open()
    expect(await Promise.all(followers)).toEqual([1, 1])
  })

  it('counts on while a caller waits for one run after another', async () => {
    const { cache, clock, gate, get } = slow({ tags: (_args, _result) => ['t'] })
    const first = get()
    await gate.reachedBy(1)
    clock.advance(900)
    await cache.updateTag('t')
    const second = get()
    await tick()
    // Its tags are known at the end only: the second waits for it, and then for a run of its own.
    clock.advance(50)
    gate.release()
    expect(await first).toBe(1)
    await gate.reachedBy(2)
    clock.advance(949)
    expect(await isPending(second)).toBe(true)
    clock.advance(1)
    await expect(second).rejects.toEqual(timeout)
    gate.open()
  })

  it('does not touch hits, nor stale values: they start no timer', async () => {
    const { cache, clock, gate, get, settled } = slow({ tags: ['t'] })
    gate.open()
    await get()
    const hit = get()
    expect(clock.timers).toBe(0)
    expect(await hit).toBe(1)
    await cache.revalidateTag('t', 'max')
    const stale = get()
    // That of the refill alone, which is given up some time.
    expect(clock.timers).toBe(1)
    expect(await stale).toBe(1)
    await settled()
    expect(clock.timers).toBe(0)
  })

  it('leaves no timer behind, however the call ends', async () => {
    const { cache, clock } = setup()
    const gates = [deferred<string>(), deferred<string>(), deferred<string>()]
    let runs = 0
    const get = cache.cached(() => gates[runs++]?.promise, {
      key: 'x',
      hardTimeoutMs: 1_000,
      life: { revalidate: 0 },
    })
    const value = [get(), get()]
    expect(clock.timers).toBeGreaterThan(0)
    gates[0]?.resolve('value')
    await Promise.all(value)
    expect(clock.timers).toBe(0)
    const failing = [get(), get()]
    gates[1]?.reject(new Error('no'))
    await Promise.allSettled(failing)
    expect(clock.timers).toBe(0)
    const late = Promise.allSettled([get(), get()])
    await tick()
    clock.advance(1_000)
    expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    // That of the run, which goes on.
    expect(clock.timers).toBe(1)
    gates[2]?.resolve('late')
    await tick()
    expect(clock.timers).toBe(0)
  })

  it('does not turn what is thrown synchronously into anything else', async () => {
    const { cache, clock } = setup()
    const error = new Error('at once')
    const get = cache.cached(
      () => {
        throw error
      },
      { key: 'x', hardTimeoutMs: 1_000 },
    )
    await expect(get()).rejects.toBe(error)
    expect(clock.timers).toBe(0)
  })

  it('lets a run that fails after it fail unheard, and the next call try again', async () => {
    const { cache, clock } = setup()
    const first = deferred<string>()
    let runs = 0
    const get = cache.cached(() => (++runs === 1 ? first.promise : 'second'), {
      key: 'x',
      hardTimeoutMs: 1_000,
    })
    const call = get()
    clock.advance(1_000)
    await expect(call).rejects.toEqual(timeout)
    // Were it unhandled, it would fail the test.
    first.reject(new Error('too late'))
    await tick()
    expect(await get()).toBe('second')
  })

  it('holds while the cache is off, too', async () => {
    const { cache, clock } = setup({ enabled: false })
    const gate = barrier()
    const get = cache.cached(() => gate.pass().then(() => 'value'), { key: 'x', hardTimeoutMs: 1_000 })
    const late = get()
    clock.advance(1_000)
    await expect(late).rejects.toEqual(timeout)
    gate.open()
    expect(await get()).toBe('value')
    expect(clock.timers).toBe(0)
    expect(gate.reached).toBe(2)
  })
})

describe('a value that is made of a call that took too long', () => {
  const fallback = (options: { tags?: readonly string[] } = {}) => {
    const parts = slow(options)
    const outer = parts.cache.cached(
      async () => {
        try {
          return `made of ${await parts.get()}`
        } catch {
          return 'made of nothing'
        }
      },
      { key: 'outer', tags: ['o'] },
    )
    return { ...parts, outer }
  }

  it.each(['leads', 'follows'])('is not stored, when the call %s', async (how) => {
    const { clock, gate, get, outer } = fallback()
    const leader = how === 'follows' ? get().catch(() => {}) : undefined
    const call = outer()
    await tick()
    clock.advance(1_000)
    expect(await call).toBe('made of nothing')
    gate.open()
    await leader
    await tick()
    expect(await outer()).toBe('made of 1')
  })

  it('is not stored either while the inner cache is off: it may be one of another', async () => {
    const off = setup({ enabled: false })
    const gate = barrier()
    const inner = off.cache.cached(() => gate.pass(), { key: 'inner', hardTimeoutMs: 1_000 })
    const { cache } = setup()
    const { read } = counter()
    const outer = cache.cached(() => inner().catch(read), { key: 'outer' })
    const first = outer()
    off.clock.advance(1_000)
    expect(await first).toBe(1)
    const second = outer()
    await gate.reachedBy(2)
    off.clock.advance(1_000)
    expect(await second).toBe(2)
    gate.open()
  })

  it('does not replace a good one: what was stored before stays', async () => {
    const { cache, clock, gate, get, outer, settled } = fallback()
    gate.release()
    const first = outer()
    await gate.reachedBy(1)
    gate.release()
    expect(await first).toBe('made of 1')
    await get.delete()
    await cache.revalidateTag('o', 'max')
    expect(await outer()).toBe('made of 1')
    await gate.reachedBy(2)
    clock.advance(1_000)
    await settled()
    expect(outer.peek()?.value).toBe('made of 1')
    gate.open()
    await tick()
    // It is not tried again at once.
    clock.advance(1_000)
    expect(await outer()).toBe('made of 1')
    await settled()
    expect(await outer()).toBe('made of 2')
  })
})
