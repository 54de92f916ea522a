import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import type { Cache } from '../../src/cache/cache.ts'
import type { CacheEvent, CacheMessage } from '../../src/cache/events.ts'
import { Events, eventKinds } from '../../src/cache/events.ts'

const samples: readonly CacheEvent[] = [
  { kind: 'hit', key: 'a' },
  { kind: 'stale', key: 'a' },
  { kind: 'miss', key: 'a' },
  { kind: 'loaded', key: 'a' },
  { kind: 'stored', key: 'a' },
  { kind: 'evicted', key: 'a' },
  { kind: 'bypass', key: undefined, reason: 'cookie' },
  { kind: 'refused', key: 'a', reason: 'private' },
  { kind: 'refill-failed', key: 'a', error: new Error('down'), retryAt: 5 },
  { kind: 'invalidated', version: 1, tags: ['a'], paths: [], keys: [], isHard: true },
  { kind: 'unrecorded', tags: ['a'], paths: [], keys: [], isAll: false, isLost: false },
  { kind: 'store', state: 'failing', error: new Error('down') },
]

function eventsOf(cache = {} as Cache): Events {
  return new Events(() => cache)
}

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

function listen(events: Events): CacheEvent[] {
  const heard: CacheEvent[] = []
  stops.push(events.subscribe((event) => heard.push(event)))
  return heard
}

test('there is a sample of every kind here', () => {
  expect(samples.map(({ kind }) => kind).toSorted()).toEqual([...eventKinds].toSorted())
})

describe('a listener', () => {
  test('hears every kind of event of its cache, in order', () => {
    const events = eventsOf()
    const heard = listen(events)
    for (const event of samples) events.publish(event)
    expect(heard).toEqual(samples)
  })

  test('hears what is said in short', () => {
    const events = eventsOf()
    const heard = listen(events)
    events.key('hit', 'a')
    events.reason('bypass', undefined, 'cookie')
    expect(heard).toEqual([
      { kind: 'hit', key: 'a' },
      { kind: 'bypass', key: undefined, reason: 'cookie' },
    ])
  })

  test('hears nothing of another cache', () => {
    const events = eventsOf()
    const other = eventsOf()
    const heard = listen(events)
    const heardThere = listen(other)
    for (const event of samples) other.publish(event)
    events.key('miss', 'mine')
    expect(heard).toEqual([{ kind: 'miss', key: 'mine' }])
    expect(heardThere).toEqual(samples)
  })

  test('hears nothing once it has unsubscribed, while others still do', () => {
    const events = eventsOf()
    const heard = listen(events)
    const heardStill = listen(events)
    stops.shift()?.()
    for (const event of samples) events.publish(event)
    expect(heard).toEqual([])
    expect(heardStill).toEqual(samples)
  })

  test('may unsubscribe twice, and from within', () => {
    const events = eventsOf()
    const heard: CacheEvent[] = []
    const stop = events.subscribe((event) => {
      heard.push(event)
      stop()
      stop()
    })
    const heardAfter = listen(events)
    for (const event of samples) events.publish(event)
    expect(heard).toEqual(samples.slice(0, 1))
    expect(heardAfter.length).toBeGreaterThanOrEqual(samples.length - 1)
  })

  test('that subscribes twice hears everything twice, and each one unsubscribes by itself', () => {
    const events = eventsOf()
    let count = 0
    const listener = () => {
      count++
    }
    const stop = events.subscribe(listener)
    stops.push(events.subscribe(listener))
    events.key('hit', 'a')
    expect(count).toBe(2)
    stop()
    events.key('hit', 'a')
    expect(count).toBe(3)
  })
})

describe('on node:diagnostics_channel', () => {
  test.each(samples)(
    'each kind has a channel of its own, which carries the cache and the event: $kind',
    (event) => {
      const cache = {} as Cache
      const messages: unknown[] = []
      const onMessage = (message: unknown) => messages.push(message)
      subscribe(`restale:${event.kind}`, onMessage)
      stops.push(() => unsubscribe(`restale:${event.kind}`, onMessage))
      const events = eventsOf(cache)
      for (const sample of samples) events.publish(sample)
      expect(messages).toEqual([{ cache, event } satisfies CacheMessage])
      expect((messages[0] as CacheMessage).cache).toBe(cache)
    },
  )
})

describe('when nobody listens', () => {
  test('no kind is heard, before and after somebody did', () => {
    const events = eventsOf()
    expect(eventKinds.some((kind) => events.isHeard(kind))).toBe(false)
    listen(events)
    expect(eventKinds.every((kind) => events.isHeard(kind))).toBe(true)
    stops.pop()?.()
    expect(eventKinds.some((kind) => events.isHeard(kind))).toBe(false)
    expect(eventKinds.some((kind) => channel(`restale:${kind}`).hasSubscribers)).toBe(false)
  })

  test('nothing is built: the cache is not even asked for', () => {
    const events = new Events(() => {
      throw new Error('an event was built')
    })
    for (const kind of ['hit', 'stale', 'miss', 'stored', 'evicted'] as const) events.key(kind, 'a')
    events.reason('bypass', 'a', 'cookie')
    events.reason('refused', 'a', 'private')
    expect(() => events.publish({ kind: 'hit', key: 'a' })).toThrow('an event was built')
  })

  test('only the kinds that somebody listens to are built', () => {
    let built = 0
    const cache = {} as Cache
    const events = new Events(() => {
      built++
      return cache
    })
    const onMessage = () => {}
    subscribe('restale:hit', onMessage)
    stops.push(() => unsubscribe('restale:hit', onMessage))
    events.key('miss', 'a')
    events.reason('bypass', 'a', 'cookie')
    expect(built).toBe(0)
    events.key('hit', 'a')
    expect(built).toBe(1)
  })
})
