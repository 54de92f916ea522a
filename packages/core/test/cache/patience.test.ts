import { describe, expect, it } from 'vitest'
import { barrier, deferred, isPending, setup, tick } from './support.ts'

const life = { stale: 0, revalidate: 3_600, expire: 86_400 }

describe('arguments', () => {
  it('are those of the call, whatever the caller does to them before a refill behind it runs', async () => {
    const { cache, clock, settled } = setup()
    const list = cache.cached(async (query: { page: number }) => `page ${query.page}`, {
      key: 'list',
      life: { revalidate: 60, expire: 6_000 },
    })
    for (const page of [1, 2, 3]) await list({ page })
    clock.advance(61_000)
    const query = { page: 1 }
    for (; query.page <= 3; query.page++) await list(query)
    await settled()
    for (const page of [1, 2, 3]) expect(await list({ page })).toBe(`page ${page}`)
  })

  it('are those of the call, whatever the caller does to them while the function waits', async () => {
    const { cache } = setup()
    const gate = barrier()
    const read = cache.cached(
      async (query: { page: number }) => {
        await gate.pass()
        return query.page
      },
      { key: 'read', life },
    )
    const query = { page: 1 }
    const first = read(query)
    query.page = 2
    gate.open()
    expect(await first).toBe(1)
    expect(read.peek({ page: 1 })?.value).toBe(1)
  })

  it('that are long make a short key, one of its own for each', () => {
    const { cache } = setup()
    const read = cache.cached((text: string) => text, { key: 'read' })
    const [a, b] = [read.key(`${'x'.repeat(100_000)}a`), read.key(`${'x'.repeat(100_000)}b`)]
    expect(a.length).toBeLessThan(512)
    expect(a).not.toBe(b)
  })

  it('that are optional in the tags function do not hide the result from it', async () => {
    const { cache } = setup()
    let team = 'red'
    const read = cache.cached((id: string) => ({ id, team }), {
      key: 'read',
      tags: ([id], result = { id: '', team: '' }) => [`a:${id}`, `team:${result.team}`],
      life,
    })
    await read('1')
    team = 'blue'
    await cache.updateTag('team:red')
    expect((await read('1')).team).toBe('blue')
  })
})

describe('what is made of a stale value', () => {
  it.each(['stands in', 'was peeked at'])(
    'that %s is for nobody who comes after the deadline of that value',
    async (how) => {
      const { cache, clock } = setup()
      const gate = barrier()
      let source = 'old'
      let isDown = false
      const inner = cache.cached(
        async () => {
          if (isDown) throw new Error('down')
          return source
        },
        { key: 'inner', tags: ['t'], life, staleIfError: 1e6 },
      )
      const outer = cache.cached(
        async () => {
          const value = how === 'stands in' ? await inner() : (inner.peek()?.value ?? (await inner()))
          await gate.pass()
          return value
        },
        { key: 'outer', life },
      )
      await inner()
      source = 'new'
      isDown = true
      cache.revalidateTag('t', { expire: 10 })
      const before = outer()
      await gate.reachedBy(1)
      clock.advance(11_000)
      isDown = false
      const after = outer()
      await tick()
      gate.open()
      expect(await before).toBe('old')
      expect(await after).toBe('new')
    },
  )
})

describe('who waits for a fill that was given up', () => {
  /** Each run is ended by the test. */
  function slow() {
    const runs: ReturnType<typeof deferred<string>>[] = []
    const parts = setup({ refill: { timeoutMs: 1_000 } })
    const read = parts.cache.cached(
      () => {
        const run = deferred<string>()
        runs.push(run)
        return run.promise
      },
      { key: 'slow', life },
    )
    return { ...parts, runs, read }
  }

  it('gets what it stores after all', async () => {
    const { read, runs, clock } = slow()
    const calls = [read(), read(), read()]
    clock.advance(1_000)
    await tick()
    expect(runs).toHaveLength(2)
    runs[0]?.resolve('first')
    await calls[0]
    // The second run is given up, too; what the first has stored is there by then.
    clock.advance(1_000)
    expect(await calls[2]).toBe('first')
    expect(runs).toHaveLength(2)
    runs[1]?.resolve('second')
    expect(await calls[1]).toBe('second')
  })

  it('goes on alone when another is given up', async () => {
    const { read, runs, clock } = slow()
    const calls = Array.from({ length: 5 }, () => read())
    for (let round = 0; round < 2; round++) {
      clock.advance(1_000)
      await tick()
    }
    // The first, the one that went on, and all the others at once.
    expect(runs).toHaveLength(5)
    for (const [index, run] of runs.entries()) run.resolve(`run ${index}`)
    expect(await Promise.all(calls)).toEqual(['run 0', 'run 1', 'run 2', 'run 3', 'run 4'])
  })
})

describe('a refill that is given up', () => {
  it('does not keep the cache from closing', async () => {
    const { cache, clock } = setup({ refill: { timeoutMs: 1_000 } })
    let isHanging = false
    const read = cache.cached(() => (isHanging ? new Promise<string>(() => {}) : 'value'), {
      key: 'hanging',
      life: { revalidate: 1, expire: 6_000 },
    })
    await read()
    isHanging = true
    clock.advance(1_000)
    await read()
    await tick()
    clock.advance(1_000)
    expect(await isPending(cache.close())).toBe(false)
  })
})

describe('a function that hangs, with staleIfError', () => {
  it('is not waited for at each call', async () => {
    const { cache, clock } = setup()
    let isHanging = false
    let runs = 0
    const read = cache.cached(
      () => {
        runs++
        return isHanging ? new Promise<string>(() => {}) : 'value'
      },
      { key: 'hanging', life: { revalidate: 1, expire: 2 }, hardTimeoutMs: 100, staleIfError: 1e6 },
    )
    await read()
    isHanging = true
    clock.advance(3_000)
    const first = read()
    await tick()
    clock.advance(100)
    expect(await first).toBe('value')
    for (let call = 0; call < 5; call++) expect(await read()).toBe('value')
    expect(runs).toBe(2)
  })
})
