import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/cache/entry.ts'
import { createEntry } from '../../src/cache/entry.ts'
import type { Labels, Marking } from '../../src/cache/ledger.ts'
import { Ledger } from '../../src/cache/ledger.ts'
import type { Freshness } from '../../src/state/freshness.ts'
import { freshness } from '../../src/state/freshness.ts'
import type { Mark } from '../../src/state/mark.ts'
import { expireMark, noMark, staleMark } from '../../src/state/mark.ts'

const never = Number.POSITIVE_INFINITY
const severity: Record<Freshness, number> = { fresh: 0, stale: 1, expired: 2 }

function marking(fields: Partial<Marking>): Marking {
  return { tags: [], paths: [], expiredAt: Number.NEGATIVE_INFINITY, ...fields }
}

function hard(...tags: string[]): Marking {
  return marking({ tags })
}

function soft(expiredAt: number, ...tags: string[]): Marking {
  return marking({ tags, expiredAt })
}

/** What is known under these tags and has the key of every entry that a test names no key for. */
function tagged(...tags: string[]): Labels {
  return { key: 'key', tags }
}

interface Born {
  readonly key?: string
  readonly tags: readonly string[]
  readonly paths?: readonly string[] | undefined
  readonly revalidate?: number
  readonly expire?: number
  readonly bornAt?: number
}

function born(ledger: Ledger, fields: Born): Entry {
  const { key = 'key', tags, paths, revalidate = never, expire = never, bornAt = 0 } = fields
  return createEntry({
    key,
    value: 'value',
    tags,
    paths,
    uri: undefined,
    isRetained: false,
    codec: undefined,
    startedAt: bornAt,
    verifiedAt: bornAt,
    sequence: 1,
    size: 1,
    version: ledger.position,
    bornAt,
    life: { stale: 0, revalidate, expire },
    lifeHandedOn: {},
  })
}

describe('versions', () => {
  test('are minted by invalidations only, one after the other', () => {
    const ledger = new Ledger(10)
    expect(ledger.position).toBe(0)
    expect(ledger.invalidate(hard('a'), 0)).toBe(1)
    expect(ledger.invalidate(soft(50, 'a', 'b'), 0)).toBe(2)
    ledger.judge(born(ledger, { tags: ['a'] }), 0)
    ledger.isMarked(0, 2, tagged('a'), 'hard')
    expect(ledger.position).toBe(2)
    ledger.invalidateAll()
    expect(ledger.position).toBe(3)
  })
})

describe('an invalidation', () => {
  test('is in force when the call returns, for entries that were judged before as well', () => {
    const ledger = new Ledger(10)
    const entry = born(ledger, { tags: ['a', 'b'] })
    expect(ledger.judge(entry, 0)).toBe('fresh')
    ledger.invalidate(soft(50, 'b'), 0)
    expect(ledger.judge(entry, 0)).toBe('stale')
    ledger.invalidate(hard('a'), 0)
    expect(ledger.judge(entry, 0)).toBe('expired')
  })

  test('touches neither other tags nor entries born after it, in the same millisecond too', () => {
    const ledger = new Ledger(10)
    const other = born(ledger, { tags: ['other'] })
    ledger.invalidate(hard('a'), 5)
    expect(ledger.judge(other, 5)).toBe('fresh')
    expect(ledger.judge(born(ledger, { tags: ['a'], bornAt: 5 }), 5)).toBe('fresh')
  })

  test('of several tags has one version', () => {
    const ledger = new Ledger(10)
    const a = born(ledger, { tags: ['a'] })
    const b = born(ledger, { tags: ['b'] })
    expect(ledger.invalidate(hard('a', 'b'), 0)).toBe(1)
    expect([ledger.judge(a, 0), ledger.judge(b, 0)]).toEqual(['expired', 'expired'])
  })

  test('with a deadline of now is hard, with a later one it fires exactly then', () => {
    const ledger = new Ledger(10)
    const entry = born(ledger, { tags: ['a'] })
    ledger.invalidate(soft(100, 'a'), 40)
    expect(ledger.judge(entry, 99)).toBe('stale')
    expect(ledger.judge(entry, 100)).toBe('expired')
    const next = born(ledger, { tags: ['a'] })
    ledger.invalidate(soft(40, 'a'), 40)
    expect(ledger.judge(next, 40)).toBe('expired')
  })

  test('of a path reaches entries that bear its label, and no tag of the same spelling', () => {
    const ledger = new Ledger(10)
    const response = born(ledger, { tags: [], paths: ['page:/a', 'layout:/'] })
    const tagged = born(ledger, { tags: ['page:/a'] })
    const value = born(ledger, { tags: [] })
    ledger.invalidate(marking({ paths: ['page:/a'], expiredAt: 1e9 }), 0)
    expect(ledger.judge(response, 0)).toBe('expired')
    expect(ledger.judge(tagged, 0)).toBe('fresh')
    ledger.invalidate(hard('layout:/'), 0)
    expect(ledger.judge(born(ledger, { tags: [], paths: ['layout:/'] }), 0)).toBe('fresh')
    expect(ledger.judge(value, 0)).toBe('fresh')
  })

  test('of a key reaches the entry that has it, and no tag of the same spelling', () => {
    const ledger = new Ledger(10)
    const entry = born(ledger, { key: 'x', tags: [] })
    const other = born(ledger, { key: 'y', tags: ['x'] })
    ledger.invalidate(marking({ keys: ['x'], expiredAt: 100 }), 0)
    expect([ledger.judge(entry, 99), ledger.judge(entry, 100)]).toEqual(['stale', 'expired'])
    expect(ledger.judge(other, 100)).toBe('fresh')
    expect(ledger.judge(born(ledger, { key: 'x', tags: [] }), 100)).toBe('fresh')
    ledger.invalidate(hard('y'), 0)
    expect(ledger.judge(other, 0)).toBe('fresh')
  })

  test('that expired an entry is told from an age that did', () => {
    const ledger = new Ledger(10)
    const entry = born(ledger, { tags: ['a'], revalidate: 1, expire: 2 })
    expect(ledger.judge(entry, 5_000)).toBe('expired')
    expect(ledger.markedExpiredAt(entry, 5_000)).toBe(Number.POSITIVE_INFINITY)
    ledger.invalidate(soft(7_000, 'a'), 5_000)
    expect(ledger.markedExpiredAt(entry, 5_000)).toBe(7_000)
    expect(ledger.markedExpiredAt(born(ledger, { tags: ['a'] }), 5_000)).toBe(Number.POSITIVE_INFINITY)
  })

  test('of everything expires every entry of before, whatever its labels', () => {
    const ledger = new Ledger(10)
    ledger.invalidate(soft(100, 'a'), 0)
    const before = [
      born(ledger, { tags: [] }),
      born(ledger, { tags: ['a'] }),
      born(ledger, { tags: [], paths: ['p'] }),
    ]
    ledger.invalidateAll()
    expect(before.map((entry) => ledger.judge(entry, 0))).toEqual(['expired', 'expired', 'expired'])
    const after = born(ledger, { tags: ['a'], paths: ['p'] })
    expect(ledger.judge(after, 1e9)).toBe('fresh')
    expect(ledger.isMarked(1, 1, tagged(), 'hard')).toBe(false)
    expect(ledger.isMarked(1, 2, tagged(), 'hard')).toBe(true)
    expect(ledger.isMarked(2, 2, tagged('a'), 'any')).toBe(false)
  })

  test('what the caller does with its lists afterwards changes nothing', () => {
    const ledger = new Ledger(10)
    const tags = ['a']
    const paths = ['p']
    ledger.invalidate(marking({ tags, paths }), 0)
    tags[0] = 'b'
    paths.length = 0
    expect(ledger.isMarked(0, 1, tagged('a'), 'hard')).toBe(true)
    expect(ledger.isMarked(0, 1, tagged('b'), 'hard')).toBe(false)
    expect(ledger.isMarked(0, 1, { ...tagged(), paths: ['p'] }, 'hard')).toBe(true)
  })
})

const tag = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const path = fc.constantFrom('p', 'q', 'r')
const anyTags = fc.uniqueArray(tag, { maxLength: 3 })
const anyPaths = fc.uniqueArray(path, { maxLength: 2 })
const key = fc.constantFrom('x', 'y', 'z')
const anyKeys = fc.oneof(
  { weight: 3, arbitrary: fc.constant<('x' | 'y' | 'z')[]>([]) },
  fc.uniqueArray(key, { minLength: 1, maxLength: 2 }),
)

type Step =
  | {
      readonly do: 'invalidate'
      readonly tags: string[]
      readonly paths: string[]
      readonly keys: string[]
      readonly expireMs: number
    }
  | { readonly do: 'all' }
  | { readonly do: 'wait'; readonly ms: number }
  | {
      readonly do: 'birth'
      readonly key: string
      readonly tags: string[]
      readonly paths: string[] | undefined
      readonly expireMs: number
    }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('invalidate'),
      tags: anyTags,
      paths: fc.oneof({ weight: 3, arbitrary: fc.constant<('p' | 'q' | 'r')[]>([]) }, anyPaths),
      keys: anyKeys,
      expireMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 80 }), fc.constant(never)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('all') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(30) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('birth'),
      key,
      tags: anyTags,
      paths: fc.option(anyPaths, { nil: undefined }),
      expireMs: fc.integer({ min: 1, max: 200 }),
    }),
  },
)
const steps = fc.array(step, { maxLength: 60, size: 'max' })

/** Several ledgers that see the same calls at the same instants, each with its own entries. */
class Play {
  now = 0
  readonly entries: Entry[][] = []
  readonly ledgers: readonly Ledger[]

  constructor(...ledgers: Ledger[]) {
    this.ledgers = ledgers
  }

  take(next: Step): void {
    if (next.do === 'wait') this.now += next.ms
    else if (next.do === 'birth') {
      const fields = {
        ...next,
        revalidate: next.expireMs / 2000,
        expire: next.expireMs / 1000,
        bornAt: this.now,
      }
      this.entries.push(this.ledgers.map((ledger) => born(ledger, fields)))
    } else {
      for (const ledger of this.ledgers) {
        if (next.do === 'all') ledger.invalidateAll()
        else ledger.invalidate({ ...next, expiredAt: this.now + next.expireMs }, this.now)
      }
    }
  }
}

describe('judging', () => {
  test('is freshness() by all marks that were ever made, however often it was asked before', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const ledger = new Ledger(1000)
        const play = new Play(ledger)
        const marks = new Map<string, Mark>()
        const worsen = (label: string, change: (mark: Mark) => Mark) =>
          marks.set(label, change(marks.get(label) ?? noMark))
        for (const next of all) {
          play.take(next)
          const version = ledger.position
          if (next.do === 'all') worsen('all', (mark) => expireMark(mark, version))
          if (next.do === 'invalidate') {
            const expiredAt = play.now + next.expireMs
            for (const label of [...next.tags.map((t) => `tag ${t}`), ...next.keys.map((k) => `key ${k}`)]) {
              worsen(label, (mark) =>
                next.expireMs === 0
                  ? expireMark(mark, version)
                  : staleMark(mark, version, expiredAt, play.now),
              )
            }
            for (const name of next.paths) worsen(`path ${name}`, (mark) => expireMark(mark, version))
          }
          for (const [entry] of play.entries as [Entry][]) {
            const labels = [
              `key ${entry.key}`,
              ...entry.tags.map((t) => `tag ${t}`),
              ...(entry.paths ?? []).map((p) => `path ${p}`),
            ]
            const own = ['all', ...labels].flatMap((label) => marks.get(label) ?? [])
            expect(ledger.judge(entry, play.now)).toBe(freshness(entry, own, play.now))
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('by a ledger that forgets is never better than by one that does not', () => {
    const counts = { same: 0, worse: 0 }
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (all, maxMarks) => {
        const play = new Play(new Ledger(maxMarks), new Ledger(1000))
        for (const next of all) {
          play.take(next)
          for (const later of [0, 20, 90]) {
            for (const [bounded, full] of play.entries as [Entry, Entry][]) {
              const [small, large] = play.ledgers as [Ledger, Ledger]
              const judged = severity[small.judge(bounded, play.now + later)]
              const expected = severity[large.judge(full, play.now + later)]
              expect(judged).toBeGreaterThanOrEqual(expected)
              counts[judged === expected ? 'same' : 'worse']++
            }
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(counts.same).toBeGreaterThan(1000)
    expect(counts.worse).toBeGreaterThan(0)
  })

  test('gets no better from one step to the next, also while marks are forgotten', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (all, maxMarks) => {
        const ledger = new Ledger(maxMarks)
        const play = new Play(ledger)
        const worst: number[] = []
        for (const next of all) {
          play.take(next)
          for (const [index, [entry]] of (play.entries as [Entry][]).entries()) {
            const judged = severity[ledger.judge(entry, play.now)]
            expect(judged).toBeGreaterThanOrEqual(worst[index] ?? 0)
            worst[index] = judged
          }
        }
      }),
    )
  })

  test('of an entry born after everything is not touched by what was forgotten', () => {
    const ledger = new Ledger(1)
    for (let index = 0; index < 50; index++) ledger.invalidate(soft(1000 + index, `tag ${index}`), 0)
    const entry = born(ledger, { tags: ['tag 0', 'tag 49'] })
    expect(ledger.judge(entry, 1e9)).toBe('fresh')
  })

  test('of what is forgotten comes from the floor: stale at first, expired at its deadline', () => {
    const ledger = new Ledger(1)
    const entry = born(ledger, { tags: ['a'] })
    const bystander = born(ledger, { tags: ['z'] })
    ledger.invalidate(soft(100, 'a'), 0)
    ledger.invalidate(soft(200, 'b'), 0)
    expect([ledger.judge(entry, 99), ledger.judge(bystander, 99)]).toEqual(['stale', 'stale'])
    expect([ledger.judge(entry, 100), ledger.judge(bystander, 100)]).toEqual(['expired', 'expired'])
  })

  test('functions are not touched by paths that were forgotten', () => {
    const ledger = new Ledger(1)
    const value = born(ledger, { tags: ['a'] })
    const response = born(ledger, { tags: ['a'], paths: ['p'] })
    for (let index = 0; index < 10; index++) ledger.invalidate(marking({ paths: [`other ${index}`] }), 0)
    expect(ledger.judge(value, 0)).toBe('fresh')
    expect(ledger.judge(response, 0)).toBe('expired')
  })

  test('is worked out again only when a mark has changed', () => {
    const ledger = new Ledger(10)
    ledger.invalidate(hard('before'), 0)
    let reads = 0
    const tags = Object.defineProperty(['a'], Symbol.iterator, {
      value: () => {
        reads++
        return ['a'].values()
      },
    })
    const entry = born(ledger, { tags, revalidate: 1, expire: 2 })
    const judged = [0, 999, 1000, 1999, 2000].map((now) => ledger.judge(entry, now))
    expect(judged).toEqual(['fresh', 'fresh', 'stale', 'stale', 'expired'])
    expect(reads).toBe(1)
    ledger.invalidate(hard('other'), 0)
    ledger.judge(entry, 0)
    expect(reads).toBe(2)
  })
})

describe('was something invalidated between two positions', () => {
  interface Call {
    readonly tags: readonly string[]
    readonly paths: readonly string[]
    readonly keys: readonly string[]
    readonly isHard: boolean
  }

  const call: fc.Arbitrary<Call> = fc.record({
    tags: anyTags,
    paths: anyPaths,
    keys: anyKeys,
    isHard: fc.boolean(),
  })
  const labels: fc.Arbitrary<Labels> = fc.record({
    key,
    tags: anyTags,
    paths: fc.option(anyPaths, { nil: undefined }),
  })

  function isMarkedByHistory(
    calls: readonly Call[],
    from: number,
    upTo: number,
    own: Labels,
    hardOnly: boolean,
  ) {
    const tags = [...own.tags]
    const paths = [...(own.paths ?? [])]
    return calls
      .slice(from, upTo)
      .some(
        (one) =>
          one.paths.some((name) => paths.includes(name)) ||
          ((one.isHard || !hardOnly) &&
            (one.tags.some((name) => tags.includes(name)) || one.keys.includes(own.key))),
      )
  }

  function apply(ledger: Ledger, { isHard, ...one }: Call): void {
    ledger.invalidate({ ...one, expiredAt: isHard ? 0 : 100 }, 0)
  }

  test('is answered exactly as far as the history reaches', () => {
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 40 }),
        fc.nat(45),
        fc.nat(45),
        labels,
        fc.boolean(),
        (calls, from, to, own, hardOnly) => {
          const ledger = new Ledger(1)
          for (const one of calls) apply(ledger, one)
          expect(ledger.isMarked(from, to, own, hardOnly ? 'hard' : 'any')).toBe(
            isMarkedByHistory(calls, from, to, own, hardOnly),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is yes beyond it whenever it cannot be ruled out, with marks forgotten too', () => {
    const seen = { yes: 0, no: 0 }
    fc.assert(
      fc.property(
        fc.array(call, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 4 }),
        labels,
        fc.boolean(),
        fc.nat(8),
        (first, maxMarks, own, hardOnly, from) => {
          const ledger = new Ledger(maxMarks)
          const filler: Call = { tags: ['filler'], paths: [], keys: [], isHard: false }
          const calls = [...first, ...Array.from({ length: 300 }, () => filler)]
          for (const one of calls) apply(ledger, one)
          for (const upTo of [from, from + 1, first.length, calls.length]) {
            const expected = isMarkedByHistory(calls, from, upTo, own, hardOnly)
            const answer = ledger.isMarked(from, upTo, own, hardOnly ? 'hard' : 'any')
            if (expected) expect(answer).toBe(true)
            if (upTo <= from) expect(answer).toBe(false)
            seen[answer ? 'yes' : 'no']++
          }
        },
      ),
      { numRuns: 200 },
    )
    expect(seen.yes).toBeGreaterThan(0)
    expect(seen.no).toBeGreaterThan(0)
  })

  test('stays exact for the latest 256 calls', () => {
    const ledger = new Ledger(1)
    for (let index = 0; index < 1000; index++) ledger.invalidate(soft(100, `tag ${index}`), 0)
    for (let index = 745; index < 1000; index += 51) {
      expect(ledger.isMarked(index, 1000, tagged(`tag ${index}`), 'any')).toBe(true)
      expect(ledger.isMarked(index, 1000, tagged(`tag ${index}`), 'hard')).toBe(false)
      expect(ledger.isMarked(index, index, tagged(`tag ${index}`), 'any')).toBe(false)
      expect(ledger.isMarked(index + 1, 1000, tagged(`tag ${index}`), 'any')).toBe(false)
      expect(ledger.isMarked(index, index + 1, tagged(`tag ${index + 1}`), 'any')).toBe(false)
    }
  })

  test('is answered after one call of very many tags as well', () => {
    const ledger = new Ledger(100_000)
    const tags = Array.from({ length: 20_000 }, (_, index) => `tag ${index}`)
    ledger.invalidate(hard(...tags), 0)
    expect(ledger.isMarked(0, 1, tagged('tag 19999'), 'hard')).toBe(true)
    expect(ledger.isMarked(0, 1, tagged('other'), 'hard')).toBe(false)
    expect(ledger.isMarked(1, 1, tagged('tag 0'), 'hard')).toBe(false)
    ledger.invalidate(hard('a'), 0)
    expect(ledger.isMarked(1, 2, tagged('tag 0'), 'hard')).toBe(false)
    expect(ledger.isMarked(1, 2, tagged('a'), 'hard')).toBe(true)
  })
})
