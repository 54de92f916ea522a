import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/cache/entry.ts'
import { createEntry } from '../../src/cache/entry.ts'
import { MemoryTier } from '../../src/cache/memory.ts'

function entryOf(key: string, size = 1, value: unknown = key): Entry {
  return createEntry({
    key,
    value,
    size,
    tags: [],
    paths: undefined,
    uri: undefined,
    isRetained: false,
    codec: undefined,
    startedAt: 0,
    verifiedAt: 0,
    sequence: 1,
    version: 0,
    bornAt: 0,
    life: { stale: 0, revalidate: 60, expire: 60 },
    lifeHandedOn: {},
  })
}

function tierOf(maxBytes: number, maxEntryBytes = maxBytes) {
  const evicted: Entry[] = []
  const tier = new MemoryTier({ maxBytes, maxEntryBytes }, (entry) => evicted.push(entry))
  return { tier, evicted, keys: () => evicted.map(({ key }) => key) }
}

describe('what is held', () => {
  test('is the last entry that was set under a key', () => {
    const { tier } = tierOf(100)
    expect(tier.get('a')).toBeUndefined()
    const first = entryOf('a')
    const second = entryOf('a')
    tier.set(first)
    expect(tier.get('a')).toBe(first)
    tier.set(second)
    expect(tier.get('a')).toBe(second)
    expect(tier.peek('a')).toBe(second)
    expect(tier.size).toBe(1)
  })

  test('is gone once it is deleted', () => {
    const { tier, evicted } = tierOf(100)
    tier.set(entryOf('a', 5))
    expect(tier.delete('a')).toBe(true)
    expect(tier.delete('a')).toBe(false)
    expect(tier.get('a')).toBeUndefined()
    expect([tier.bytes, tier.size]).toEqual([0, 0])
    expect(evicted).toEqual([])
  })

  test('is nothing after clear', () => {
    const { tier, evicted } = tierOf(100)
    for (let index = 0; index < 50; index++) tier.set(entryOf(`${index}`, 2))
    evicted.length = 0
    tier.clear()
    expect([tier.bytes, tier.size]).toEqual([0, 0])
    expect(evicted).toEqual([])
    expect(tier.set(entryOf('a', 100))).toBe(true)
    expect(tier.get('a')?.key).toBe('a')
  })

  test('may have any key', () => {
    const { tier } = tierOf(100)
    const keys = ['', '__proto__', 'constructor', 'toString', '\0', '\u00e9', 'e\u0301']
    for (const key of keys) tier.set(entryOf(key))
    for (const key of keys) expect(tier.get(key)?.key).toBe(key)
    expect(tier.size).toBe(keys.length)
  })
})

describe('bytes', () => {
  test('are the sum of the sizes, also after a replacement by a larger or smaller entry', () => {
    const { tier } = tierOf(100)
    tier.set(entryOf('a', 10))
    tier.set(entryOf('b', 20))
    tier.set(entryOf('a', 30))
    expect(tier.bytes).toBe(50)
    tier.set(entryOf('a', 5))
    expect(tier.bytes).toBe(25)
  })

  test('beyond the cap of one entry are not taken, and what was held under the key stays', () => {
    const { tier, evicted } = tierOf(100, 10)
    expect(tier.maxEntryBytes).toBe(10)
    expect(tier.set(entryOf('a', 10, 'old'))).toBe(true)
    expect(tier.set(entryOf('a', 11, 'new'))).toBe(false)
    expect(tier.get('a')?.value).toBe('old')
    expect(tier.set(entryOf('b', 11))).toBe(false)
    expect(tier.get('b')).toBeUndefined()
    expect([tier.bytes, tier.size, evicted.length]).toEqual([10, 1, 0])
  })

  test('of one entry are never more than all, whatever the cap says', () => {
    const { tier } = tierOf(100, 1000)
    expect(tier.maxEntryBytes).toBe(100)
    expect(tier.set(entryOf('a', 101))).toBe(false)
    expect(tier.set(entryOf('a', 100))).toBe(true)
    expect(tier.get('a')).toBeDefined()
  })

  test('make room by evicting, and each evicted entry is told once', () => {
    const { tier, keys } = tierOf(10)
    for (let index = 0; index < 25; index++) tier.set(entryOf(`${index}`))
    expect(tier.size).toBe(10)
    expect(keys()).toEqual(Array.from({ length: 15 }, (_, index) => `${index}`))
  })
})

describe('against a Map', () => {
  type Step =
    | { readonly do: 'set'; readonly key: string; readonly size: number }
    | { readonly do: 'get' | 'peek' | 'delete'; readonly key: string }
    | { readonly do: 'clear' }

  const key = fc.integer({ min: 0, max: 30 }).map(String)
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({ do: fc.constant('set'), key, size: fc.integer({ min: 1, max: 40 }) }),
    },
    { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('get', 'peek'), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear') }) },
  )

  test('it gives what was last set, or nothing; it holds the bound; it tells exactly what it evicts', () => {
    const steps = fc.array(step, { maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 60 }),
        (all, max, cap) => {
          const model = new Map<string, Entry>()
          const tier = new MemoryTier({ maxBytes: max, maxEntryBytes: cap }, (entry) => {
            expect(model.get(entry.key)).toBe(entry)
            model.delete(entry.key)
          })
          for (const next of all) {
            if (next.do === 'set') {
              const entry = entryOf(next.key, next.size)
              const isTaken = next.size <= Math.min(max, cap)
              if (isTaken) model.set(next.key, entry)
              expect(tier.set(entry)).toBe(isTaken)
            } else if (next.do === 'delete') {
              expect(tier.delete(next.key)).toBe(model.delete(next.key))
            } else if (next.do === 'clear') {
              model.clear()
              tier.clear()
            } else {
              expect(tier[next.do](next.key)).toBe(model.get(next.key))
            }
            const bytes = [...model.values()].reduce((sum, { size }) => sum + size, 0)
            expect(tier.bytes).toBe(bytes)
            expect(tier.bytes).toBeLessThanOrEqual(max)
            expect(tier.size).toBe(model.size)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('what is evicted', () => {
  test('is not what was asked for meanwhile', () => {
    const { tier } = tierOf(100)
    tier.set(entryOf('hot'))
    tier.get('hot')
    for (let index = 0; index < 10_000; index++) {
      tier.set(entryOf(`${index}`))
      if (index % 50 === 0) expect(tier.get('hot')).toBeDefined()
    }
    expect(tier.peek('hot')).toBeDefined()
  })

  test('is decided without peeks: looking at an entry keeps it no longer', () => {
    const { tier } = tierOf(100)
    tier.set(entryOf('watched'))
    for (let index = 0; index < 200; index++) {
      tier.peek('watched')
      tier.set(entryOf(`${index}`))
    }
    expect(tier.peek('watched')).toBeUndefined()
  })

  test('is not a key that came back soon after it had been evicted', () => {
    const { tier } = tierOf(100)
    for (let index = 0; index < 100; index++) tier.set(entryOf(`main ${index}`))
    for (let index = 0; index < 100; index++) tier.get(`main ${index}`)
    tier.set(entryOf('returning'))
    for (let index = 0; index < 100; index++) tier.set(entryOf(`scan ${index}`))
    expect(tier.peek('returning')).toBeUndefined()
    tier.set(entryOf('returning'))
    for (let index = 100; index < 300; index++) tier.set(entryOf(`scan ${index}`))
    expect(tier.peek('returning')).toBeDefined()
    expect(tier.peek('scan 110')).toBeUndefined()
  })

  test('is the scan, not the hot set, when ten times as much as fits goes by', () => {
    const { tier } = tierOf(1000)
    const hot = Array.from({ length: 800 }, (_, index) => `hot ${index}`)
    for (const key of hot) tier.set(entryOf(key))
    for (const key of hot) tier.get(key)
    for (let index = 0; index < 10_000; index++) tier.set(entryOf(`scan ${index}`))
    expect(hot.filter((key) => tier.peek(key) !== undefined)).toHaveLength(800)
  })

  test('is in the end also what was hot once and is asked for no more', () => {
    const { tier } = tierOf(100)
    for (let index = 0; index < 90; index++) tier.set(entryOf(`old ${index}`))
    for (let index = 0; index < 90; index++) tier.get(`old ${index}`)
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 80; index++) {
        if (tier.get(`new ${index}`) === undefined) tier.set(entryOf(`new ${index}`))
      }
    }
    const count = (name: string) =>
      Array.from({ length: 90 }, (_, index) => tier.peek(`${name} ${index}`)).filter((entry) => entry).length
    expect(count('new')).toBeGreaterThanOrEqual(70)
  })
})

describe('compared with evicting the least recently used', () => {
  /** A cache of `capacity` keys: true for a hit. */
  function leastRecentlyUsed(capacity: number): (key: string) => boolean {
    const keys = new Set<string>()
    return (key) => {
      const isHit = keys.delete(key)
      keys.add(key)
      if (keys.size > capacity) keys.delete(keys.values().next().value as string)
      return isHit
    }
  }

  function ours(capacity: number): (key: string) => boolean {
    const { tier } = tierOf(capacity)
    return (key) => {
      const isHit = tier.get(key) !== undefined
      if (!isHit) tier.set(entryOf(key))
      return isHit
    }
  }

  /** Numbers from 0 to 1, the same in every run. */
  function random(seed: number): () => number {
    let state = seed
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
  }

  function zipf(count: number, exponent: number, next: () => number): () => number {
    const sums: number[] = []
    let sum = 0
    for (let rank = 1; rank <= count; rank++) {
      sum += 1 / rank ** exponent
      sums.push(sum)
    }
    return () => {
      const wanted = next() * sum
      let low = 0
      let high = count - 1
      while (low < high) {
        const middle = (low + high) >> 1
        if ((sums[middle] as number) < wanted) low = middle + 1
        else high = middle
      }
      return low
    }
  }

  function hitRatio(cache: (key: string) => boolean, trace: readonly string[]): number {
    return trace.filter((key) => cache(key)).length / trace.length
  }

  const rank = zipf(10_000, 0.9, random(7))
  const skewed = Array.from({ length: 100_000 }, () => `key ${rank()}`)

  test.each([100, 500, 2000])('it hits a skewed trace more often, with room for %d keys', (capacity) => {
    expect(hitRatio(ours(capacity), skewed)).toBeGreaterThan(
      hitRatio(leastRecentlyUsed(capacity), skewed) + 0.02,
    )
  })

  test('it hits far more often when scans run through the trace', () => {
    const trace = skewed.flatMap((key, index) => [key, `scan ${index}`, `scan ${index} too`])
    const least = hitRatio(leastRecentlyUsed(500), trace)
    expect(hitRatio(ours(500), trace)).toBeGreaterThan(least * 1.25)
  })
})
