// What must not be lost, revived or outrun when a store, a clock or a client does what it should not.
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cache } from '../../src/cache/cache.ts'
import type { CacheEvent } from '../../src/cache/events.ts'
import { createCache } from '../../src/create-cache.ts'
import { createStore } from '../../src/store/create-store.ts'
import type { SharedOptions } from '../../src/store/options.ts'
import type { LedgerView, StorePort } from '../../src/store/port.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { settled } from '../../src/testing/settled.ts'
import { Shelf } from './shelf.ts'

const life = { revalidate: 60, expire: 600 }
const never = new Promise<void>(() => {})

function processOn(port: StorePort, options: SharedOptions = {}, clock = fakeClock()) {
  const cache = createCache({ clock, store: createStore('shelf', () => port, options) })
  const events: CacheEvent[] = []
  onTestFinished(cache.subscribe((event) => events.push(event)))
  onTestFinished(() => cache.close())
  const state = { version: 1 }
  const tags = ([id]: readonly [string]) => [id]
  const read = cache.cached(async (id: string) => `${id} ${state.version}`, { key: 'read', tags, life })
  return { cache, clock, events, read, state }
}

async function quiet(...caches: Cache[]): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  for (const cache of caches) await settled(cache)
}

/** Time goes by in steps that are short beside any deadline. */
async function pass(clock: { advance(ms: number): void }, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    clock.advance(50)
    await quiet()
  }
}

/** A function whose fill goes on after its value is there, and then says one tag more. */
function withLateTag({ cache }: { cache: Cache }, value: { now: number }) {
  let say = () => {}
  const read = cache.cached(
    async () => {
      const isTime = new Promise<void>((resolve) => {
        say = resolve
      })
      void isTime.then(() => cache.cacheTag('late'))
      return value.now
    },
    { key: 'late', life },
  )
  return { read, say: () => say() }
}

describe('what is withdrawn', () => {
  test('is gone from the memory of other processes, too', async () => {
    const shelf = new Shelf()
    const [one, other] = [processOn(shelf.far()), processOn(shelf.far())]
    await quiet(one.cache, other.cache)
    const value = { now: 1 }
    const [here, there] = [withLateTag(one, value), withLateTag(other, value)]
    expect(await here.read()).toBe(1)
    await quiet(one.cache)
    expect(await there.read()).toBe(1)
    here.say()
    await quiet(one.cache, other.cache)
    value.now = 2
    expect((await one.cache.updateTag('late')).reach).toBe('everywhere')
    await quiet(one.cache, other.cache)
    expect([await here.read(), await there.read()]).toEqual([2, 2])
  })

  test('does not come back where it could not be removed', async () => {
    const shelf = new Shelf()
    const one = processOn(shelf.far())
    await quiet(one.cache)
    const value = { now: 1 }
    const { read, say } = withLateTag(one, value)
    await read()
    await quiet(one.cache)
    shelf.before = (method) => {
      if (method === 'remove') throw new Error('meant to fail')
    }
    say()
    await quiet(one.cache)
    value.now = 2
    await one.cache.updateTag('late')
    expect(await read()).toBe(2)
  })
})

describe('cut off', () => {
  test('nobody joins a flight that began longer ago than what is held may be used', async () => {
    const shelf = new Shelf()
    const { cache, clock } = processOn(shelf.far())
    await quiet(cache)
    const gates: (() => void)[] = []
    let value = 1
    const slow = cache.cached(
      async () => {
        const read = value
        await new Promise<void>((resolve) => gates.push(resolve))
        return read
      },
      { key: 'slow', life },
    )
    shelf.hold = () => never
    await pass(clock, 6_000)
    const first = slow()
    await quiet()
    value = 2
    await pass(clock, 8_000)
    const second = slow()
    await quiet()
    for (const open of gates) open()
    expect([await first, await second]).toEqual([1, 2])
    shelf.hold = () => {}
  })

  test('a clock that is set back makes nothing last longer', async () => {
    const shelf = new Shelf()
    const base = fakeClock()
    let backMs = 0
    const clock = { ...base, now: () => base.now() - backMs }
    const { cache, read, state } = processOn(shelf.far(), {}, clock)
    await quiet(cache)
    await read('a')
    await quiet(cache)
    shelf.hold = () => never
    backMs = 3_600_000
    state.version = 2
    // Until somebody looks at it, nobody knows how long ago it was set back: up to a second.
    await pass(base, 7_000)
    const again = read('a')
    await pass(base, 200)
    expect(await again).toBe('a 2')
    shelf.hold = () => {}
  })

  test('a clock that is set back does not hide a new incarnation', async () => {
    const shelf = new Shelf()
    const base = fakeClock()
    let backMs = 0
    const { cache, read, state } = processOn(shelf.far(), {}, { ...base, now: () => base.now() - backMs })
    await quiet(cache)
    await read('a')
    await quiet(cache)
    backMs = 3_600_000
    shelf.forget()
    state.version = 2
    await pass(base, 2_000)
    expect(await read('a')).toBe('a 2')
  })
})

describe('an invalidation', () => {
  test('of a key that is no well-formed text, or a long one, is recorded and obeyed like any other', async () => {
    const shelf = new Shelf()
    const [one, other] = [processOn(shelf.far()), processOn(shelf.far())]
    await quiet(one.cache, other.cache)
    for (const id of ['a\ud800', `a${'é'.repeat(400)}`]) {
      other.state.version = 1
      await other.read(id)
      await quiet(other.cache)
      other.state.version = 2
      expect((await one.read.delete(id)).reach).toBe('everywhere')
      await quiet(one.cache, other.cache)
      expect(await other.read(id)).toBe(`${id} 2`)
    }
    const said = shelf.records.flatMap(({ labels }) => labels)
    expect(said.every((label) => label.length < 300 && !/\p{Surrogate}/u.test(label))).toBe(true)
  })

  test('that is refused does not hold up those behind it', async () => {
    const shelf = new Shelf()
    const { cache, clock } = processOn(shelf.far())
    await quiet(cache)
    const { record } = shelf
    let failures = 1
    shelf.record = (marking, options) => {
      if (marking.labels.includes('t:poison')) throw new Error('never')
      if (marking.labels.includes('t:b') && failures-- > 0) throw new Error('once')
      record.call(shelf, marking, options)
    }
    expect((await cache.updateTag('poison')).reach).toBe('here')
    expect((await cache.updateTag('b')).reach).toBe('here')
    await pass(clock, 2_000)
    expect(shelf.records.map(({ labels }) => labels[0])).toEqual(['t:b'])
  })

  test('that got lost is said again soon, however seldom anything is checked', async () => {
    const shelf = new Shelf()
    const { cache, clock } = processOn(shelf.far(), { maxUnverifiedMs: 600_000 })
    await quiet(cache)
    await pass(clock, 1_000)
    let failures = 1
    shelf.before = (method) => {
      if (method === 'record' && failures-- > 0) throw new Error('once')
    }
    expect((await cache.updateTag('a')).reach).toBe('here')
    await pass(clock, 1_000)
    expect(shelf.head).toBe(1)
  })

  test('is sent however many reads are under way', async () => {
    const shelf = new Shelf()
    const { cache, read } = processOn(shelf.far())
    await quiet(cache)
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    shelf.hold = (method) => (method === 'read' ? gate : undefined)
    const reads = Array.from({ length: 1_000 }, (_, index) => read(`k${index}`))
    expect((await cache.updateTag('a')).reach).toBe('everywhere')
    release()
    await Promise.all(reads)
  })

  test('among a thousand at once is recorded, and not told of by each of the others', async () => {
    const shelf = new Shelf()
    const { cache } = processOn(shelf.far({ isWatching: false }))
    await quiet(cache)
    let told = 0
    const { view } = shelf
    shelf.view = (since) => {
      const given = view.call(shelf, since)
      told += given.records?.length ?? 0
      return given
    }
    const ids = Array.from({ length: 1_000 }, (_, index) => `t${index}`)
    const results = await Promise.all(ids.map((id) => cache.updateTag(id)))
    expect(results.filter(({ reach }) => reach === 'everywhere')).toHaveLength(1_000)
    expect(told).toBeLessThan(20_000)
  })

  test('that gave way to the expiration of everything is not said to have got everywhere', async () => {
    const shelf = new Shelf()
    const { cache, clock } = processOn(shelf.far())
    await quiet(cache)
    shelf.hold = (method) => (method === 'record' ? never : undefined)
    shelf.record = () => {}
    const first = cache.updateTag('a')
    const many = cache.updateTag(Array.from({ length: 100_001 }, (_, index) => `t${index}`))
    await pass(clock, 300)
    expect([(await first).reach, (await many).reach]).toEqual(['here', 'here'])
    shelf.hold = () => {}
  })

  test('of nothing is no version of its own', async () => {
    const shelf = new Shelf()
    const { cache } = processOn(shelf.far())
    await quiet(cache)
    await cache.updateTag([])
    expect(shelf.head).toBe(0)
  })

  test('with a deadline in the far future never expires', async () => {
    const shelf = new Shelf()
    const { cache } = processOn(shelf.far())
    await quiet(cache)
    await cache.revalidateTag('a', { expire: Number.MAX_SAFE_INTEGER })
    expect(shelf.records[0]?.expiredAt).toBe(Number.POSITIVE_INFINITY)
  })

  test('on its way while the cache is closed is reported lost, and so is one after that', async () => {
    const shelf = new Shelf()
    const { cache, clock, events } = processOn(shelf.far())
    await quiet(cache)
    shelf.hold = (method) => (method === 'record' ? never : undefined)
    shelf.record = () => {}
    const result = cache.updateTag('a')
    const closed = cache.close()
    await pass(clock, 300)
    expect((await result).reach).toBe('here')
    await closed
    expect((await cache.updateTag('b')).reach).toBe('here')
    const lost = events.flatMap((event) => (event.kind === 'unrecorded' && event.isLost ? [event.tags] : []))
    expect(lost).toEqual(expect.arrayContaining([['a'], ['b']]))
  })

  test('is one of very many that are lost at a close, which takes no longer for each than for few', async () => {
    const shelf = new Shelf()
    const { cache, events } = processOn(shelf.far())
    await quiet(cache)
    shelf.before = () => {
      throw new Error('cut off')
    }
    for (let index = 0; index < 50_000; index++) void cache.updateTag(`t${index}`)
    await quiet()
    await cache.close()
    expect(events.filter((event) => event.kind === 'unrecorded' && event.isLost)).toHaveLength(50_000)
  })
})

describe('a store that is hung or lies', () => {
  test('costs one deadline, however many things are asked for one after the other', async () => {
    const shelf = new Shelf()
    const { cache, clock, read } = processOn(shelf.far())
    await quiet(cache)
    shelf.hold = () => never
    const began = clock.now()
    const all = (async () => [await read('a'), await read('b'), await read('c')])()
    let took: number | undefined
    void all.then(() => {
      took = clock.now() - began
    })
    while (took === undefined) {
      await quiet()
      if (took === undefined) clock.advance(10)
    }
    expect(took).toBeLessThanOrEqual(110)
    shelf.hold = () => {}
  })

  test.each<[string, Partial<Record<keyof LedgerView, unknown>>]>([
    ['records without labels', { records: [{ version: 1 }], head: 1 }],
    ['no list of records', { records: 'all', head: 1 }],
    ['a head that is no number', { head: '1' }],
    ['no incarnation', { incarnation: undefined }],
  ])('fails no call, and rejects nowhere, by views with %s', async (_name, wrong) => {
    const rejections: unknown[] = []
    const note = (error: unknown) => rejections.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    const shelf = new Shelf()
    const port = shelf.far()
    const { cache, clock, read } = processOn(port)
    await quiet(cache)
    const { view } = shelf
    shelf.view = (since) => ({ ...view.call(shelf, since), ...wrong }) as LedgerView
    expect(await read('a')).toBe('a 1')
    await pass(clock, 2_000)
    await cache.updateTag('a')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(rejections).toEqual([])
  })

  test('and cannot store anything, still tells at once what others have invalidated', async () => {
    const shelf = new Shelf()
    const [one, other] = [processOn(shelf.near()), processOn(shelf.near())]
    shelf.before = (method) => {
      if (method === 'write' || method === 'remove') throw new Error('full')
    }
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => one.read(id)))
    one.state.version = 2
    expect((await other.cache.updateTag('a')).reach).toBe('everywhere')
    expect((await one.cache.updateTag('z')).reach).toBe('everywhere')
    expect(await one.read('a')).toBe('a 2')
  })
})
