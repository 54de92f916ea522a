import { AsyncResource } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Read, Subject, World } from './support.ts'
import { barrier, counter, fetched, long, route, setup, subjects, tick, world } from './support.ts'

// What is used while a value is made labels that value: functions, fetches and responses, in one another, by whatever
// way the code in them goes.

const outerUrl = 'https://upstream.test/outer'
const innerUrl = 'https://upstream.test/inner'

/** Something cached, tagged `i`, whose value is the number of the run. */
const inners: [string, (world: World, life?: { revalidate: number; expire?: number }) => Read][] = [
  [
    'a function',
    ({ cache }, life = long) => {
      const { read } = counter()
      return cache.cached(() => String(read()), { key: 'inner', tags: ['i'], life })
    },
  ],
  [
    'a fetch',
    ({ cache, answers }, { revalidate } = long) => {
      answers.set(innerUrl, counter().read)
      return fetched(cache, innerUrl, { tags: ['i'], revalidate })
    },
  ],
  [
    'a fetch inside a function',
    ({ cache, answers }, { revalidate } = long) => {
      answers.set(innerUrl, counter().read)
      const read = fetched(cache, innerUrl, { tags: ['i'], revalidate })
      return cache.cached(read, { key: 'around the fetch' })
    },
  ],
]

const outers: Record<string, Subject> = {
  ...subjects,
  'response that is made of a function': ({ cache }, run, tags) => {
    const middle = cache.cached(async () => run(), { key: 'middle', tags })
    const get = route(cache, middle, { tags })
    return () => get('/')
  },
}

/** How the code of a fill may come to call something. */
const ways: [string, (read: Read) => Promise<string>][] = [
  ['directly', (read) => read()],
  ['Promise.all', async (read) => (await Promise.all([read(), read()]))[0] as string],
  ['Promise.race', (read) => Promise.race([read(), new Promise<string>(() => {})])],
  [
    'a generator',
    async (read) => {
      function* generate() {
        yield 'first'
        yield read()
      }
      return (await Promise.all([...generate()]))[1] as string
    },
  ],
  [
    'an async generator',
    async (read) => {
      async function* generate() {
        await tick()
        yield await read()
      }
      let last = ''
      for await (const value of generate()) last = value
      return last
    },
  ],
  [
    'a stream that reads from an async generator',
    (read) => {
      async function* generate() {
        await tick()
        yield await read()
      }
      return text(Readable.from(generate()))
    },
  ],
  [
    'a listener of an event that is emitted inside',
    async (read) => {
      const emitter = new EventEmitter()
      emitter.on('go', async () => emitter.emit('done', await read()))
      const done = once(emitter, 'done')
      emitter.emit('go')
      return (await done)[0]
    },
  ],
  ['a timer', (read) => delay(1).then(() => read())],
  ['setImmediate', (read) => new Promise((resolve) => setImmediate(() => resolve(read())))],
  ['process.nextTick', (read) => new Promise((resolve) => process.nextTick(() => resolve(read())))],
  ['queueMicrotask', (read) => new Promise((resolve) => queueMicrotask(() => resolve(read())))],
]

describe.each(Object.entries(outers))('a %s', (_outer, createOuter) => {
  describe.each(inners)('that is made of %s', (_inner, createInner) => {
    const nested = (through: (read: Read) => Promise<string> = (read) => read()) => {
      const parts = world()
      const inner = createInner(parts)
      const runs = counter()
      const outer = createOuter(parts, async () => `run ${runs.read()} made of ${await through(inner)}`, [
        'o',
      ])
      return { ...parts, inner, outer, runs }
    }

    it.each(ways)('has its tags, on a miss and on a hit: %s', async (_way, through) => {
      for (const isWarm of [false, true]) {
        const { cache, inner, outer, runs } = nested(through)
        if (isWarm) await inner()
        expect([await outer(), await outer()]).toEqual(['run 1 made of 1', 'run 1 made of 1'])
        await cache.updateTag('other')
        expect(await outer()).toBe('run 1 made of 1')
        await cache.updateTag('i')
        expect(await outer()).toBe('run 2 made of 2')
        expect(runs.reads).toBe(2)
      }
    })

    it('turns stale with it, and is made anew of the new one', async () => {
      const { cache, outer, settled } = nested()
      await outer()
      await cache.revalidateTag('i', 'max')
      expect(await outer()).toBe('run 1 made of 1')
      await settled()
      expect(await outer()).toBe('run 2 made of 2')
    })

    it('leaves it cached when only its own tag is invalidated', async () => {
      const { cache, outer } = nested()
      await outer()
      await cache.updateTag('o')
      expect(await outer()).toBe('run 2 made of 1')
    })

    it('is made anew of what was invalidated while it was made', async () => {
      const parts = world()
      const inner = createInner(parts)
      const gate = barrier()
      const outer = createOuter(parts, async () => {
        const value = await inner()
        await gate.pass()
        return `made of ${value}`
      }, ['o'])
      const first = outer()
      await gate.reachedBy(1)
      await parts.cache.updateTag('i')
      gate.open()
      expect(await first).toBe('made of 1')
      expect([await outer(), await outer()]).toEqual(['made of 2', 'made of 2'])
    })

    it('is stale when what remains of its life is over, counted from the birth of what is inside', async () => {
      const parts = world()
      const { clock, settled } = parts
      const inner = createInner(parts, { revalidate: 50, expire: 500 })
      const runs = counter()
      const outer = createOuter(parts, async () => `run ${runs.read()} made of ${await inner()}`, ['o'])
      await inner()
      clock.advance(20_000)
      await outer()
      clock.advance(29_999)
      expect(await outer()).toBe('run 1 made of 1')
      await settled()
      expect(runs.reads).toBe(1)
      clock.advance(1)
      expect(await outer()).toBe('run 1 made of 1')
      await settled()
      expect(await outer()).toBe('run 2 made of 2')
    })
  })

  it('leaves the tags and lives of what runs beside it alone', async () => {
    const parts = world()
    const gates = [barrier(), barrier()] as const
    const inner = parts.cache.cached(async (id: number) => gates[id as 0 | 1].pass(), {
      key: 'inner',
      tags: ([id]) => [`i${id}`],
      life: long,
    })
    const runs = counter()
    const outer = createOuter(parts, async () => `run ${runs.read()} ${await inner(0)}`, ['o'])
    const beside = parts.cache.cached(() => inner(1), { key: 'beside' })
    const both = [outer(), beside()]
    await Promise.all([gates[0].reachedBy(1), gates[1].reachedBy(1)])
    gates[1].open()
    await tick()
    gates[0].open()
    await Promise.all(both)
    await parts.cache.updateTag('i1')
    await outer()
    expect(runs.reads).toBe(1)
    await parts.cache.updateTag('i0')
    await outer()
    expect(runs.reads).toBe(2)
  })
})

describe.each(Object.entries(subjects))('a %s', (_outer, createOuter) => {
  const late: [string, (act: () => void) => () => void][] = [
    [
      'a timer',
      (act) => {
        let isOver = false
        const wait = () => void setImmediate(() => (isOver ? act() : wait()))
        wait()
        return () => {
          isOver = true
        }
      },
    ],
    [
      'an event',
      (act) => {
        const emitter = new EventEmitter()
        const heard = once(emitter, 'go')
        heard.then(act)
        return () => emitter.emit('go')
      },
    ],
  ]

  it.each(late)(
    'is removed when %s that was started inside tags it after it was stored',
    async (_what, start) => {
      const parts = world()
      const runs = counter()
      let go = () => {}
      onTestFinished(() => go())
      const outer = createOuter(parts, async () => {
        const run = runs.read()
        if (run === 1) go = start(() => parts.cache.cacheTag('late'))
        return `run ${run}`
      }, ['o'])
      expect([await outer(), await outer()]).toEqual(['run 1', 'run 1'])
      go()
      await tick()
      await tick()
      expect([await outer(), await outer()]).toEqual(['run 2', 'run 2'])
    },
  )
})

describe('the life of a fetch', () => {
  const forever = Number.POSITIVE_INFINITY
  const untouched = { stale: 300, revalidate: 900, expire: forever }

  const collected = async (next: object, ageSeconds = 0) => {
    const { answers, cache, clock } = world()
    answers.set(innerUrl, () => 'reply')
    const read = fetched(cache, innerUrl, next)
    await read()
    clock.advance(ageSeconds * 1_000)
    const { life } = await cache.collect(cache.cached(read, { key: 'outer' }))
    return life
  }

  it('shortens revalidate around it if it was said explicitly, and nothing else', async () => {
    expect(await collected({ revalidate: 60 })).toEqual({ ...untouched, revalidate: 60 })
    expect(await collected({ revalidate: 60 }, 20)).toEqual({ ...untouched, revalidate: 40 })
  })

  it('never lengthens it', async () => {
    expect(await collected({ revalidate: 5_000 })).toEqual(untouched)
    expect(await collected({ revalidate: false })).toEqual(untouched)
  })

  it('does nothing around it if nothing was said', async () => {
    expect(await collected({ tags: ['t'] })).toEqual(untouched)
    expect(await collected({ tags: ['t'] }, 800)).toEqual(untouched)
  })

  it('comes through a function in between, whose other fields are its own', async () => {
    const { answers, cache, clock } = world()
    answers.set(innerUrl, () => 'reply')
    const read = fetched(cache, innerUrl, { revalidate: 60 })
    const middle = cache.cached(read, { key: 'middle', life: { stale: 7, expire: 600 } })
    await middle()
    clock.advance(10_000)
    const { life } = await cache.collect(cache.cached(() => middle(), { key: 'outer' }))
    expect(life).toEqual({ stale: 0, revalidate: 50, expire: 590 })
  })

  it('is taken over from a function that a fetch is made of, as any nested life', async () => {
    const { answers, cache } = world()
    const inner = cache.cached(() => 'value', { key: 'inner', life: { revalidate: 30, expire: 300 } })
    answers.set(outerUrl, inner)
    const runs = counter()
    const read = fetched(cache, outerUrl, { tags: ['o'] })
    const outer = cache.cached(async () => `${runs.read()} ${await read()}`, { key: 'outer' })
    // It names no life itself, so it hands none on …
    expect((await cache.collect(outer)).life).toEqual(untouched)
  })
})

describe('what was made of a value before a tag came late to that', () => {
  it('stays as it is, without the tag', async () => {
    const { cache } = setup()
    const late = barrier()
    const source = counter()
    const inner = cache.cached(
      () => {
        late.pass().then(() => cache.cacheTag('late'))
        return source.read()
      },
      { key: 'inner', tags: ['i'] },
    )
    const outer = cache.cached(() => inner(), { key: 'outer' })
    await outer()
    late.open()
    await tick()
    expect(inner.peek()).toBeUndefined()
    expect(outer.peek()).toMatchObject({ value: 1, freshness: 'fresh', tags: ['i'] })
  })
})

describe('an event that is emitted elsewhere', () => {
  const tagsOf = async (listen: (listener: () => void) => () => void) => {
    const { cache } = setup()
    const emitter = new EventEmitter()
    const heard = once(emitter, 'heard')
    const get = cache.cached(
      async () => {
        emitter.on(
          'go',
          listen(() => {
            let error: unknown
            try {
              cache.cacheTag('t')
            } catch (caught) {
              error = caught
            }
            emitter.emit('heard', error)
          }),
        )
        await heard
      },
      { key: 'x' },
    )
    const collected = cache.collect(get)
    await tick()
    emitter.emit('go')
    return [(await heard)[0], (await collected).tags]
  }

  it('labels nothing, and says so', async () => {
    expect(await tagsOf((listener) => listener)).toEqual([
      expect.objectContaining({ code: 'ERR_RESTALE_NO_SCOPE' }),
      [],
    ])
  })

  it('labels the value whose code has bound the listener', async () => {
    expect(await tagsOf((listener) => AsyncResource.bind(listener))).toEqual([undefined, ['t']])
  })
})

describe('a generator that is left behind', () => {
  it('labels whoever runs it: each step belongs to the value that asks for it', async () => {
    const { cache } = setup()
    const inner = cache.cached((id: number) => id, { key: 'inner', tags: ([id]) => [`i${id}`], life: long })
    function* generate() {
      yield inner(1)
      yield inner(2)
    }
    const steps = generate()
    const step = async () => steps.next().value as Promise<number>
    const first = cache.cached(step, { key: 'first' })
    const second = cache.cached(step, { key: 'second' })
    expect((await cache.collect(first)).tags).toEqual(['i1'])
    expect((await cache.collect(second)).tags).toEqual(['i2'])
  })
})
