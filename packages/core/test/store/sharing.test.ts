import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cache } from '../../src/cache/cache.ts'
import type { CacheEvent } from '../../src/cache/events.ts'
import { createCache } from '../../src/create-cache.ts'
import { createStore } from '../../src/store/create-store.ts'
import type { SharedOptions } from '../../src/store/options.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { settled } from '../../src/testing/settled.ts'
import { Shelf } from './shelf.ts'

type Distance = 'near' | 'far'

/** A process: a cache on the shelf, its clock, and a function whose runs are counted. */
function processOn(shelf: Shelf, distance: Distance, options: SharedOptions = {}, start?: number) {
  const clock = fakeClock(start)
  const cache = createCache({ clock, store: createStore('shelf', () => shelf[distance](), options) })
  const events: CacheEvent[] = []
  onTestFinished(cache.subscribe((event) => events.push(event)))
  onTestFinished(() => cache.close())
  const state = { runs: 0, version: 1 }
  const read = cache.cached(
    async (id: string) => {
      state.runs++
      return `${id} ${state.version}`
    },
    { key: 'read', tags: ([id]) => [id], life: { revalidate: 60, expire: 600 } },
  )
  return { cache, clock, events, read, state }
}

/** Whatever was said has gone there and back. */
async function quiet(...caches: Cache[]): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  for (const cache of caches) await settled(cache)
}

describe.each<Distance>(['near', 'far'])('a %s store', (distance) => {
  test('gives what another process has stored', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance)
    const other = processOn(shelf, distance)
    expect(await one.read('a')).toBe('a 1')
    await quiet(one.cache)
    other.state.version = 2
    expect(await other.read('a')).toBe('a 1')
    expect(other.state.runs).toBe(0)
    expect(other.events.map(({ kind }) => kind)).toContain('loaded')
  })

  test('is not asked for what is in memory', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance)
    await one.read('a')
    await quiet(one.cache)
    const asked = { ...shelf.calls }
    await one.read('a')
    expect(shelf.calls).toEqual(asked)
  })

  test('tells every process of a hard invalidation, and which one resolves with its version', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance)
    const other = processOn(shelf, distance)
    await one.read('a')
    await one.read('b')
    await quiet(one.cache)
    await other.read('a')
    await other.read('b')
    expect(await one.cache.updateTag('a')).toEqual({ version: 1, tags: ['a'], reach: 'everywhere' })
    await quiet(one.cache, other.cache)
    other.state.version = 2
    expect(await other.read('a')).toBe('a 2')
    expect(await other.read('b')).toBe('b 1')
    await quiet(other.cache)
    expect(await one.read('a')).toBe('a 2')
    expect(one.state.runs).toBe(2)
  })

  test('tells every process of a soft one: stale at once, expired at its deadline by whatever clock', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance, {}, 1_000_000)
    const other = processOn(shelf, distance, {}, 90_000_000)
    await one.read('a')
    await quiet(one.cache)
    await other.read('a')
    one.state.version = 2
    other.state.version = 2
    await one.cache.revalidateTag('a', { expire: 30 })
    await quiet(one.cache, other.cache)
    expect(await other.read('a')).toBe('a 1')
    await quiet(other.cache)
    expect(await other.read('a')).toBe('a 2')
    expect(other.state.runs).toBe(1)
  })

  test('keeps the deadline of a soft one for whoever loads it later', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance)
    await one.read('a')
    await quiet(one.cache)
    await one.cache.revalidateTag('a', { expire: 30 })
    await quiet(one.cache)
    const other = processOn(shelf, distance, { maxUnverifiedMs: 1e9 })
    other.state.version = 2
    shelf.before = (method) => {
      if (method === 'write') throw new Error('meant to fail')
    }
    expect(await other.read('a')).toBe('a 1')
    await quiet(other.cache)
    // It is stale, so it was renewed behind that.
    expect(other.state.runs).toBe(1)
    shelf.now += 31_000
    const late = processOn(shelf, distance)
    late.state.version = 3
    expect(await late.read('a')).toBe('a 3')
  })

  test('forgets everything for all of them', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance)
    const other = processOn(shelf, distance)
    await one.read('a')
    await quiet(one.cache)
    await other.read('a')
    one.cache.clear()
    await quiet(one.cache, other.cache)
    other.state.version = 2
    expect(await other.read('a')).toBe('a 2')
  })

  test('counts the age of what it gives by the one clock that it has', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance, {}, 1_000_000)
    await one.read('a')
    await quiet(one.cache)
    shelf.now += 590_000
    const other = processOn(shelf, distance, {}, 77_000_000)
    other.state.version = 2
    // Stale by now: it goes out once more.
    expect(await other.read('a')).toBe('a 1')
    shelf.now += 11_000
    const third = processOn(shelf, distance, {}, 3_000_000)
    third.state.version = 3
    await quiet(other.cache)
    expect(await third.read('a')).toBe('a 2')
  })

  test('that has lost its ledger expires what was stored before, once, and goes on', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, distance)
    const other = processOn(shelf, distance)
    await one.read('a')
    await quiet(one.cache)
    await other.read('a')
    await one.cache.updateTag('unrelated')
    await quiet(one.cache, other.cache)
    shelf.forget()
    for (const { clock, cache } of [one, other]) {
      clock.advance(1_000)
      await quiet(cache)
    }
    one.state.version = 2
    other.state.version = 2
    expect(await one.read('a')).toBe('a 2')
    await quiet(one.cache)
    expect(await other.read('a')).toBe('a 2')
    expect(other.state.runs).toBe(0)
    const forgot = one.events.filter((event) => event.kind === 'store')
    expect(forgot).toEqual([{ kind: 'store', state: 'forgot', error: undefined }])
  })
})

describe('a far store', () => {
  test('that has forgotten some of what was recorded expires what came before, here, and not in the store', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    const other = processOn(shelf, 'far')
    for (const id of ['a', 'b']) await one.read(id)
    await quiet(one.cache)
    for (const id of ['a', 'b']) await other.read(id)
    // Told of the second only, by records that begin with it.
    shelf.record({ id: 'x', labels: ['t:a'], hardLabels: [], expireInMs: 0 }, { isTold: false })
    shelf.record({ id: 'y', labels: ['t:unrelated'], hardLabels: [], expireInMs: 0 }, { isTold: false })
    shelf.records = shelf.records.slice(-1)
    other.clock.advance(1_000)
    await quiet(other.cache)
    other.state.version = 2
    expect(await other.read('a')).toBe('a 2')
    expect(await other.read('b')).toBe('b 1')
    expect(other.state.runs).toBe(1)
  })

  test('is asked once, however many want the same key', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    await quiet(one.cache)
    await Promise.all(Array.from({ length: 50 }, () => one.read('a')))
    expect(shelf.calls.read).toBe(1)
    expect(one.state.runs).toBe(1)
  })

  test('whose answer was overtaken by an invalidation is not used', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    const other = processOn(shelf, 'far')
    await one.read('a')
    await quiet(one.cache, other.cache)
    let release = () => {}
    shelf.hold = (method) => (method === 'read' ? new Promise((resolve) => (release = resolve)) : undefined)
    const reading = other.read('a')
    await quiet()
    other.state.version = 2
    await one.cache.updateTag('a')
    await quiet(one.cache)
    release()
    expect(await reading).toBe('a 2')
  })

  test('whose answer was overtaken by an invalidation of our own, not recorded yet, is not used', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    const other = processOn(shelf, 'far', { deadlineMs: 1e9 })
    await one.read('a')
    await quiet(one.cache, other.cache)
    const held: (() => void)[] = []
    shelf.hold = () => new Promise((resolve) => held.push(resolve))
    shelf.before = (method) => {
      if (method === 'record') throw new Error('meant to fail')
    }
    const reading = other.read('a')
    await quiet()
    other.state.version = 2
    const said = other.cache.updateTag('a')
    shelf.before = () => {}
    shelf.hold = () => {}
    for (const release of held) release()
    expect(await reading).toBe('a 2')
    expect((await said).reach).toBe('here')
  })

  test('that is told of an invalidation before it has answered at all has forgotten nothing', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    expect(await one.cache.updateTag('a')).toMatchObject({ reach: 'everywhere' })
    await quiet(one.cache)
    expect(one.events.filter(({ kind }) => kind === 'store')).toEqual([])
    expect(await one.read('a')).toBe('a 1')
    await one.read('a')
    expect(one.state.runs).toBe(1)
  })

  test('that is cut off makes a micro-cache of five seconds of each process', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far', { deadlineMs: 1e9 })
    await one.read('a')
    await quiet(one.cache)
    shelf.before = () => {
      throw new Error('cut off')
    }
    one.clock.advance(4_000)
    await quiet(one.cache)
    expect(await one.read('a')).toBe('a 1')
    expect(one.state.runs).toBe(1)
    one.clock.advance(2_000)
    one.state.version = 2
    expect(await one.read('a')).toBe('a 2')
    expect(await one.read('a')).toBe('a 2')
    expect(one.state.runs).toBe(2)
    one.clock.advance(5_100)
    await one.read('a')
    expect(one.state.runs).toBe(3)
  })

  test('that is cut off: what is made of something older is not used for longer than that', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far', { deadlineMs: 1e9 })
    let runs = 0
    const around = one.cache.cached(
      async () => {
        runs++
        return `around ${await one.read('a')}`
      },
      { key: 'around' },
    )
    await one.read('a')
    await quiet(one.cache)
    shelf.before = () => {
      throw new Error('cut off')
    }
    one.clock.advance(4_000)
    expect(await around()).toBe('around a 1')
    one.state.version = 2
    one.clock.advance(1_500)
    expect(await around()).toBe('around a 2')
    expect(runs).toBe(2)
  })

  test('that is cut off is served from memory all the same, if that is asked for', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far', { onUnverified: 'serve' })
    await one.read('a')
    await quiet(one.cache)
    shelf.before = () => {
      throw new Error('cut off')
    }
    one.clock.advance(30_000)
    expect(await one.read('a')).toBe('a 1')
    expect(one.state.runs).toBe(1)
  })

  test('is told later what it could not be told: it holds here at once, and is recorded once', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    const other = processOn(shelf, 'far')
    await one.read('a')
    await quiet(one.cache)
    await other.read('a')
    shelf.before = (method) => {
      if (method === 'record') throw new Error('cut off')
    }
    const said = one.cache.updateTag('a')
    one.state.version = 2
    expect(await one.read('a')).toBe('a 2')
    expect((await said).reach).toBe('here')
    expect(one.events.filter(({ kind }) => kind === 'unrecorded')).toHaveLength(1)
    // What was made here since is fresh, and stays so when it is recorded at last.
    expect(await one.read('a')).toBe('a 2')
    expect(one.state.runs).toBe(2)
    shelf.before = () => {}
    one.clock.advance(1_000)
    await quiet(one.cache, other.cache)
    expect(shelf.records).toHaveLength(1)
    expect(await one.read('a')).toBe('a 2')
    expect(one.state.runs).toBe(2)
    other.state.version = 2
    expect(await other.read('a')).toBe('a 2')
  })

  test('that is failing is not asked any more, until it answers a probe', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    await quiet(one.cache)
    shelf.before = () => {
      throw new Error('cut off')
    }
    const asked = shelf.calls.read + 1
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) expect(await one.read(id)).toBe(`${id} 1`)
    expect(shelf.calls.read).toBe(asked)
    for (let probe = 0; probe < 4; probe++) {
      one.clock.advance(250)
      await quiet(one.cache)
    }
    await one.read('g')
    expect(shelf.calls.read).toBe(asked)
    shelf.before = () => {}
    one.clock.advance(250)
    await quiet(one.cache)
    const states = one.events.flatMap((event) => (event.kind === 'store' ? [event.state] : []))
    expect(states).toEqual(['failing', 'working'])
    await one.read('h')
    expect(shelf.calls.read).toBe(asked + 1)
  })

  test('that does not answer costs a deadline, and what comes later is thrown away', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'far')
    const other = processOn(shelf, 'far')
    await other.read('a')
    await quiet(other.cache, one.cache)
    let release = () => {}
    shelf.hold = (method) => (method === 'read' ? new Promise((resolve) => (release = resolve)) : undefined)
    one.state.version = 2
    const reading = one.read('a')
    await quiet()
    one.clock.advance(101)
    expect(await reading).toBe('a 2')
    release()
    await quiet(one.cache)
    expect(await one.read('a')).toBe('a 2')
  })
})

describe('what lies in a store', () => {
  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['is empty', () => new Uint8Array(0)],
    ['is cut short', (bytes) => bytes.slice(0, -1)],
    ['has a changed byte', (bytes) => bytes.with(bytes.length - 2, (bytes.at(-2) as number) ^ 1)],
    ['is garbage', () => new Uint8Array(10_000).fill(7)],
  ])('and %s is not there', async (_what, change) => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'near')
    await one.read('a')
    for (const [key, item] of shelf.items) {
      if ('bytes' in item) shelf.items.set(key, { ...item, bytes: change(item.bytes) })
    }
    const other = processOn(shelf, 'near')
    other.state.version = 2
    expect(await other.read('a')).toBe('a 2')
    expect(other.events.some((event) => event.kind === 'refused')).toBe(true)
  })

  test('under the key of something else is not there', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf, 'near')
    await one.read('a')
    const [[key, item]] = [...shelf.items] as [[string, Parameters<typeof shelf.put>[1]]]
    const other = processOn(shelf, 'near')
    shelf.items.set(other.read.key('b'), item)
    expect(key).not.toBe(other.read.key('b'))
    expect(await other.read('b')).toBe('b 1')
    expect(other.state.runs).toBe(1)
  })

  test('by somebody who does not know the secret is not there', async () => {
    const shelf = new Shelf()
    const planter = processOn(shelf, 'near', { secret: 'x'.repeat(32) })
    await planter.read('a')
    const other = processOn(shelf, 'near', { secret: 'y'.repeat(32) })
    other.state.version = 2
    expect(await other.read('a')).toBe('a 2')
  })
})
