import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cache } from '@restale/core'
import { settled } from '@restale/core/testing'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { barrier, deferred, long, setup, tick } from './support.ts'

/** A source of growing versions, and a function over it that can be held at each step of a fill. */
function held(how: 'tags in options' | 'tag before reading' | 'tag after reading' | 'tags of the result') {
  const parts = setup()
  const { cache } = parts
  let source = 1
  const beforeRead = barrier()
  const afterRead = barrier()
  const read = cache.cached(
    async () => {
      if (how === 'tag before reading') cache.cacheTag('t')
      await beforeRead.pass()
      const value = source
      await afterRead.pass()
      if (how === 'tag after reading') cache.cacheTag('t')
      return value
    },
    {
      key: 'x',
      life: long,
      ...(how === 'tags in options' ? { tags: ['t'] } : {}),
      ...(how === 'tags of the result' ? { tags: (_args: [], _value: number) => ['t'] } : {}),
    },
  )
  const write = (invalidate: (cache: Cache) => unknown) => {
    source++
    invalidate(cache)
  }
  return { ...parts, read, write, beforeRead, afterRead }
}

const tagging = ['tags in options', 'tag before reading', 'tag after reading', 'tags of the result'] as const

/** Where in a fill the source is written and its tag invalidated. */
const moments = [
  'before start',
  'before reading',
  'before finishing',
  'before storing',
  'after storing',
] as const

const cases = tagging.flatMap((how) => moments.map((moment) => [moment, how] as const))

async function race(
  moment: (typeof moments)[number],
  { read, write, beforeRead, afterRead }: ReturnType<typeof held>,
  invalidate: (cache: Cache) => unknown,
): Promise<{ first: number; joined: number; later: Promise<number> }> {
  if (moment === 'before start') write(invalidate)
  const first = read()
  const joined = read()
  let later: Promise<number> | undefined
  const strike = () => {
    write(invalidate)
    later = read()
  }
  await beforeRead.reachedBy(1)
  if (moment === 'before reading') strike()
  beforeRead.open()
  await afterRead.reachedBy(1)
  if (moment === 'before finishing') strike()
  afterRead.open()
  // The function goes on in a microtask; whatever is done before that one comes between its end and the store.
  if (moment === 'before storing') strike()
  const values = await Promise.all([first, joined])
  if (moment === 'after storing') strike()
  return { first: values[0], joined: values[1], later: later ?? read() }
}

describe('a hard invalidation, in every order of start, read, invalidate, finish and store', () => {
  it.each(cases)(
    '%s (%s): who waits gets that value, who comes later a new one, which stays',
    async (moment, how) => {
      const parts = held(how)
      const { first, joined, later } = await race(moment, parts, (cache) => cache.updateTag('t'))
      const expected = moment === 'before start' || moment === 'before reading' ? 2 : 1
      expect([first, joined]).toEqual([expected, expected])
      expect(await later).toBe(2)
      expect(await parts.read()).toBe(2)
      const runs = moment === 'before start' ? 1 : 2
      expect(parts.beforeRead.reached).toBe(runs)
      await tick()
      expect(await parts.read()).toBe(2)
      expect(parts.beforeRead.reached).toBe(runs)
    },
  )

  it.each(cases)('%s (%s), of another tag: one run for all', async (moment, how) => {
    const parts = held(how)
    const { first, joined, later } = await race(moment, parts, (cache) => cache.updateTag('other'))
    expect([first, joined]).toEqual([await later, await later])
    expect(parts.beforeRead.reached).toBe(1)
  })

  it.each(cases)('%s (%s), while a stale value is refilled behind', async (moment, how) => {
    const parts = held(how)
    const { cache, read, write, beforeRead, afterRead } = parts
    const before = read()
    await beforeRead.reachedBy(1)
    beforeRead.release()
    await afterRead.reachedBy(1)
    afterRead.release()
    expect(await before).toBe(1)
    await cache.revalidateTag('t', 'max')
    let later: Promise<number> | undefined
    const strike = () => {
      write(() => cache.updateTag('t'))
      later = read()
    }
    if (moment === 'before start') strike()
    else expect(await read()).toBe(1)
    await beforeRead.reachedBy(2)
    if (moment === 'before reading') strike()
    beforeRead.open()
    await afterRead.reachedBy(2)
    if (moment === 'before finishing') strike()
    afterRead.open()
    if (moment === 'before storing') strike()
    await parts.settled()
    if (moment === 'after storing') strike()
    expect(await later).toBe(2)
    expect([await read(), await read()]).toEqual([2, 2])
  })
})

describe('a soft invalidation, in every order', () => {
  it.each(cases)(
    '%s (%s): nobody waits for a second run; the value is stale until it is refilled',
    async (moment, how) => {
      const parts = held(how)
      const { first, joined, later } = await race(moment, parts, (cache) => cache.revalidateTag('t', 'max'))
      const expected = moment === 'before start' || moment === 'before reading' ? 2 : 1
      expect([first, joined, await later]).toEqual([expected, expected, expected])
      await parts.settled()
      await parts.read()
      await parts.settled()
      expect(await parts.read()).toBe(2)
      expect(parts.beforeRead.reached).toBe(moment === 'before start' ? 1 : 2)
    },
  )
})

describe('differs from Next.js: an invalidation while a fill is in flight is not lost', () => {
  it('when the fill was for a stale value', async () => {
    const { cache, read, write, beforeRead, afterRead, settled } = held('tags in options')
    beforeRead.open()
    const cold = read()
    await afterRead.reachedBy(1)
    afterRead.release()
    await cold
    await cache.revalidateTag('t', 'max')
    await read()
    await afterRead.reachedBy(2)
    write(() => cache.revalidateTag('t', 'max'))
    afterRead.open()
    await settled()
    expect(await read()).toBe(1)
    await settled()
    expect(await read()).toBe(2)
  })
})

describe('flights of one key', () => {
  const gated = () => {
    const parts = setup()
    const runs: ReturnType<typeof deferred<string>>[] = []
    const get = parts.cache.cached(
      () => {
        const run = deferred<string>()
        runs.push(run)
        return run.promise
      },
      { key: 'x', tags: ['t'], life: long },
    )
    return { ...parts, get, runs }
  }

  it('are at most two at a time; who may join neither waits, and then they share one', async () => {
    const { cache, get, runs } = gated()
    const first = get()
    await cache.updateTag('t')
    const second = get()
    await cache.updateTag('t')
    const third = [get(), get()]
    await tick()
    expect(runs).toHaveLength(2)
    runs[1]?.resolve('second')
    expect(await second).toBe('second')
    await tick()
    expect(runs).toHaveLength(3)
    runs[2]?.resolve('third')
    expect(await Promise.all(third)).toEqual(['third', 'third'])
    runs[0]?.resolve('first')
    expect(await first).toBe('first')
    expect(await get()).toBe('third')
    expect(runs).toHaveLength(3)
  })

  it('never let an earlier starter overwrite a later one', async () => {
    const { cache, get, runs } = gated()
    const first = get()
    await cache.updateTag('t')
    const second = get()
    runs[1]?.resolve('second')
    await second
    runs[0]?.resolve('first')
    await first
    expect(await get()).toBe('second')
  })

  it('let a later starter replace an earlier one that ended before', async () => {
    const { cache, get, runs } = gated()
    const first = get()
    await cache.revalidateTag('t', 'max')
    const outer = cache.cached(() => get(), { key: 'outer' })
    const second = outer()
    await tick()
    expect(runs).toHaveLength(2)
    runs[0]?.resolve('first')
    await first
    expect(await get()).toBe('first')
    runs[1]?.resolve('second')
    expect(await second).toBe('second')
    expect(await get()).toBe('second')
    expect(runs).toHaveLength(2)
  })

  it('do not let an earlier starter bring back what a later one has taken away', async () => {
    const { cache } = setup()
    const firstRun = deferred()
    let runs = 0
    const get = cache.cached(
      async () => {
        const run = ++runs
        if (run === 1) await firstRun.promise
        if (run === 2) cache.cacheLife({ revalidate: 0 })
        return run
      },
      { key: 'x', tags: ['t'] },
    )
    const outer = cache.cached(() => get(), { key: 'outer' })
    const first = get()
    await cache.revalidateTag('t', 'max')
    // What is made of it has to be fresh, so this starts a second flight.
    expect(await outer()).toBe(2)
    firstRun.resolve()
    expect(await first).toBe(1)
    expect(await get()).toBe(3)
  })

  it('are known by the tags of the value they replace: who comes after those were invalidated does not wait', async () => {
    const { cache, read, write, beforeRead, afterRead } = held('tag after reading')
    const cold = read()
    await beforeRead.reachedBy(1)
    beforeRead.release()
    await afterRead.reachedBy(1)
    afterRead.release()
    await cold
    await cache.revalidateTag('t', 'max')
    await read()
    await beforeRead.reachedBy(2)
    write(() => cache.updateTag('t'))
    const later = read()
    await beforeRead.reachedBy(3)
    beforeRead.open()
    afterRead.open()
    expect(await later).toBe(2)
  })

  it('do not store what was invalidated while it was made', async () => {
    const { cache, kinds, read, beforeRead, afterRead } = held('tags in options')
    const first = read()
    await cache.updateTag('t')
    beforeRead.open()
    afterRead.open()
    await first
    expect(kinds()).toEqual(['miss', 'invalidated', 'refused'])
  })

  it('that fail do not poison who could not have joined them', async () => {
    const { cache, get, runs } = gated()
    const first = get()
    await cache.updateTag('t')
    const second = get()
    runs[0]?.reject(new Error('first'))
    await expect(first).rejects.toThrow('first')
    runs[1]?.resolve('second')
    expect(await second).toBe('second')
    expect(await get()).toBe('second')
  })

  it('give a waiter whose tag turned out to be expired a successor of its own, shared with the others', async () => {
    const { cache } = setup()
    const gate = barrier()
    let source = 'old'
    const get = cache.cached(
      async () => {
        const value = source
        await gate.pass()
        cache.cacheTag('t')
        return value
      },
      { key: 'x' },
    )
    const first = get()
    source = 'new'
    await cache.updateTag('t')
    const later = [get(), get(), get()]
    await tick()
    expect(gate.reached).toBe(1)
    gate.open()
    expect(await first).toBe('old')
    expect(await Promise.all(later)).toEqual(['new', 'new', 'new'])
    expect(gate.reached).toBe(2)
  })
})

describe('a nested value', () => {
  it('that is invalidated after it was read, while the outer fill still runs, expires the outer value', async () => {
    const { cache } = setup()
    const gate = barrier()
    let source = 1
    const inner = cache.cached(() => source, { key: 'inner', tags: ['i'] })
    const outer = cache.cached(
      async () => {
        const value = await inner()
        await gate.pass()
        return value
      },
      { key: 'outer' },
    )
    const first = outer()
    await gate.reachedBy(1)
    source = 2
    await cache.updateTag('i')
    const later = outer()
    gate.open()
    expect(await first).toBe(1)
    expect(await later).toBe(2)
    expect(await outer()).toBe(2)
  })
})

// Random interleavings. The source grows with every write; whoever starts to read after a hard invalidation holds must
// see at least what the source held then.

interface Subject {
  read(): Promise<number>
  invalidate(tag: 'related' | 'unrelated', isHard: boolean): void
  /** What still runs when all reads have ended. */
  rest(): Promise<unknown>
}

interface World {
  source: number
  step(label: string): Promise<void>
}

type Operation =
  | { readonly do: 'read' }
  | { readonly do: 'write' }
  | { readonly do: 'invalidate'; readonly tag: 'related' | 'unrelated'; readonly isHard: boolean }
  | { readonly do: 'write and invalidate'; readonly isHard: boolean }

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Operation>({ do: 'read' }) },
  fc.constant<Operation>({ do: 'write' }),
  fc.record({
    do: fc.constant('invalidate' as const),
    tag: fc.constantFrom('related' as const, 'unrelated' as const),
    isHard: fc.boolean(),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('write and invalidate' as const), isHard: fc.boolean() }),
  },
)

function property(create: (world: World) => Subject) {
  return fc.asyncProperty(
    fc.scheduler(),
    fc.array(operation, { minLength: 3, maxLength: 7 }),
    async (scheduler, operations) => {
      const world: World = {
        source: 1,
        step: (label) => scheduler.schedule(Promise.resolve(), label),
      }
      const subject = create(world)
      let least = 1
      const wrong: string[] = []
      const invalidate = (tag: 'related' | 'unrelated', isHard: boolean) => {
        subject.invalidate(tag, isHard)
        if (tag === 'related' && isHard) least = world.source
      }
      const read = async () => {
        const expected = least
        const value = await subject.read()
        if (value < expected) wrong.push(`got ${value}, must be ${expected} or more`)
      }
      const perform = async (one: Operation) => {
        await world.step(one.do)
        if (one.do === 'read') return read()
        if (one.do === 'invalidate') return invalidate(one.tag, one.isHard)
        world.source++
        if (one.do === 'write and invalidate') invalidate('related', one.isHard)
      }
      let isOver = false
      const all = Promise.all(operations.map(perform))
        .then(() => read())
        .then(() => subject.rest())
        .then(() => read())
        .finally(() => {
          isOver = true
        })
      // Refills begin in a turn of their own, which the scheduler knows nothing of.
      while (!isOver) {
        await scheduler.waitIdle()
        await tick()
      }
      await all
      expect(wrong).toEqual([])
    },
  )
}

function overCache(world: World, tagged: 'early' | 'late' | 'nested'): Subject {
  const { cache } = setup()
  const source = cache.cached(
    async () => {
      if (tagged === 'early') cache.cacheTag('related')
      await world.step('before the source is read')
      const value = world.source
      await world.step('after the source was read')
      if (tagged !== 'early') cache.cacheTag('related')
      return value
    },
    { key: 'source', life: long },
  )
  const outer = cache.cached(
    async () => {
      await world.step('before the nested call')
      const value = await source()
      await world.step('after the nested call')
      return value
    },
    { key: 'outer', life: long },
  )
  return {
    read: tagged === 'nested' ? outer : source,
    invalidate: (tag, isHard) => void cache.revalidateTag(tag, isHard ? { expire: 0 } : 'max'),
    rest: () => settled(cache),
  }
}

/** What must be found out: a cache that takes the version when it writes, and lets everyone join any flight. */
function stampedAtWrite(world: World): Subject {
  let version = 0
  let expiredBefore = 0
  let entry: { value: number; version: number } | undefined
  let flight: Promise<number> | undefined
  const fill = async () => {
    await world.step('before the source is read')
    const value = world.source
    await world.step('after the source was read')
    entry = { value, version }
    flight = undefined
    return value
  }
  return {
    read: async () => {
      if (entry !== undefined && entry.version >= expiredBefore) return entry.value
      flight ??= fill()
      return flight
    },
    invalidate: (tag, isHard) => {
      version++
      if (tag === 'related' && isHard) expiredBefore = version
    },
    rest: async () => {},
  }
}

/** And this: the version is right, but those who come later still join the flight. */
function joinedByAnyone(world: World): Subject {
  let version = 0
  let expiredBefore = 0
  let entry: { value: number; version: number } | undefined
  let flight: Promise<number> | undefined
  const fill = async () => {
    const began = version
    await world.step('before the source is read')
    const value = world.source
    await world.step('after the source was read')
    entry = { value, version: began }
    flight = undefined
    return value
  }
  return {
    read: async () => {
      if (entry !== undefined && entry.version >= expiredBefore) return entry.value
      flight ??= fill()
      return flight
    },
    invalidate: (tag, isHard) => {
      version++
      if (tag === 'related' && isHard) expiredBefore = version
    },
    rest: async () => {},
  }
}

describe('in whatever order reads, writes, invalidations and the steps of fills happen', () => {
  it.each(['early', 'late', 'nested'] as const)(
    'who starts to read after a hard invalidation holds never gets older data (tag known %s)',
    async (tagged) => {
      await fc.assert(
        property((world) => overCache(world, tagged)),
        { numRuns: 300 },
      )
    },
  )

  it.each([
    ['stamps what it writes when it writes it', stampedAtWrite],
    ['lets anyone join a flight', joinedByAnyone],
  ])('this is found out of a cache that %s', async (_what, create) => {
    const outcome = await fc.check(property(create), { numRuns: 2_000 })
    expect(outcome.failed).toBe(true)
  })
})

describe('contexts', () => {
  it('of whoever triggered a refill do not reach into it', async () => {
    const { cache, settled } = setup()
    const user = new AsyncLocalStorage<string>()
    const seen = vi.fn()
    const get = cache.cached(
      () => {
        seen(user.getStore())
        return 1
      },
      { key: 'x', tags: ['t'] },
    )
    await get()
    await cache.revalidateTag('t', 'max')
    await user.run('alice', get)
    await settled()
    expect(seen.mock.calls).toEqual([[undefined], [undefined]])
  })
})
