import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Aging, Freshness } from '../../src/state/freshness.ts'
import { freshness, outlook } from '../../src/state/freshness.ts'
import type { Mark } from '../../src/state/mark.ts'
import { expireMark, foldFired, joinMarks, maxDeadlines, noMark, staleMark } from '../../src/state/mark.ts'

const never = Number.POSITIVE_INFINITY
const severity: Record<Freshness, number> = { fresh: 0, stale: 1, expired: 2 }

/** An invalidation as it was called: `at` is the instant of the deadline, `-Infinity` for a hard one. */
interface Call {
  readonly version: number
  readonly at: number
}

/** Judges by everything that was ever called. */
function judgeByHistory(entry: Aging, calls: readonly Call[], now: number): Freshness {
  const later = calls.filter((call) => call.version > entry.version)
  const age = now - entry.bornAt
  if (age >= entry.life.expire * 1000 || later.some((call) => call.at <= now)) return 'expired'
  return age >= entry.life.revalidate * 1000 || later.length > 0 ? 'stale' : 'fresh'
}

/** Deadlines that say something which neither the past nor another deadline says. */
function pendingDeadlines(calls: readonly Call[], now: number): Call[] {
  const fired = Math.max(0, ...calls.filter(({ at }) => at <= now).map(({ version }) => version))
  const pending = calls.filter(({ version, at }) => at > now && at < never && version > fired)
  return pending.filter((one) => !pending.some((other) => other.version > one.version && other.at <= one.at))
}

type Step =
  | { readonly do: 'soft'; readonly expireMs: number }
  | { readonly do: 'hard' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'birth'; readonly revalidateMs: number; readonly expireMs: number }

const lifetimeMs = fc.oneof(fc.integer({ min: 1, max: 120 }), fc.constant(never))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('soft'), expireMs: lifetimeMs }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hard') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.integer({ min: 0, max: 40 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('birth'), revalidateMs: lifetimeMs, expireMs: lifetimeMs }),
  },
)
const steps = fc.array(step, { maxLength: 40 })

/** Everything about one tag, played step by step. */
class Play {
  now = 0
  position = 0
  mark: Mark = noMark
  readonly calls: Call[] = []
  readonly entries: Aging[] = [
    { version: 0, bornAt: 0, life: { stale: 0, revalidate: never, expire: never } },
  ]
  /** As many deadlines were pending at once, at the call that had most. */
  mostPending = 0

  take(next: Step): void {
    if (next.do === 'wait') this.now += next.ms
    else if (next.do === 'birth') {
      const life = { stale: 0, revalidate: next.revalidateMs / 1000, expire: next.expireMs / 1000 }
      this.entries.push({ version: this.position, bornAt: this.now, life })
    } else {
      const version = ++this.position
      const at = next.do === 'soft' ? this.now + next.expireMs : Number.NEGATIVE_INFINITY
      this.calls.push({ version, at })
      this.mark =
        next.do === 'soft' ? staleMark(this.mark, version, at, this.now) : expireMark(this.mark, version)
      this.mostPending = Math.max(this.mostPending, pendingDeadlines(this.calls, this.now).length)
    }
  }

  judgements(now = this.now): { byMark: Freshness; byHistory: Freshness }[] {
    return this.entries.map((entry) => ({
      byMark: freshness(entry, [this.mark], now),
      byHistory: judgeByHistory(entry, this.calls, now),
    }))
  }
}

const instants = [0, 1, 5, 20, 60, 121, 1000]

describe('against the full history of calls', () => {
  test('a mark never judges better', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        for (const next of all) {
          play.take(next)
          for (const ms of instants) {
            for (const { byMark, byHistory } of play.judgements(play.now + ms)) {
              expect(severity[byMark]).toBeGreaterThanOrEqual(severity[byHistory])
            }
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  test('a mark judges the same while at most four deadlines were pending at a time', () => {
    let compared = 0
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        for (const next of all) {
          play.take(next)
          if (play.mostPending > maxDeadlines) return
          for (const ms of instants) {
            for (const { byMark, byHistory } of play.judgements(play.now + ms)) {
              expect(byMark).toBe(byHistory)
              compared++
            }
          }
        }
      }),
      { numRuns: 400 },
    )
    expect(compared).toBeGreaterThan(1000)
  })

  test('nothing that happens makes an entry better', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        const worst: number[] = []
        for (const next of all) {
          play.take(next)
          for (const [index, { byMark }] of play.judgements().entries()) {
            expect(severity[byMark]).toBeGreaterThanOrEqual(worst[index] ?? 0)
            worst[index] = severity[byMark]
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  test('no call pushes the expiry of an entry out', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        for (const next of all) {
          const before = play.entries.map((entry) => outlook(entry, [play.mark]).expiredAt)
          play.take(next)
          for (const [index, expiredAt] of before.entries()) {
            expect(outlook(play.entries[index] as Aging, [play.mark]).expiredAt).toBeLessThanOrEqual(
              expiredAt,
            )
          }
        }
      }),
    )
  })

  test('what is merged expires no entry sooner than some call on it or before it has promised', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        for (const next of all) play.take(next)
        const promised = new Set(play.calls.map(({ at }) => at))
        for (const entry of play.entries) {
          const { expiredAt } = outlook({ ...entry, life: { stale: 0, revalidate: never, expire: never } }, [
            play.mark,
          ])
          expect(
            expiredAt === never || expiredAt === Number.NEGATIVE_INFINITY || promised.has(expiredAt),
          ).toBe(true)
        }
      }),
    )
  })

  test('an entry born after every call is untouched by all of them, for ever', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        for (const next of all) play.take(next)
        const life = { stale: 0, revalidate: never, expire: never }
        const born: Aging = { version: play.position, bornAt: play.now, life }
        for (const ms of instants) expect(freshness(born, [play.mark], play.now + ms)).toBe('fresh')
      }),
    )
  })
})

describe('the shape of a mark', () => {
  test('it holds at most four deadlines, both fields strictly ascending, none implied by expiredBefore', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const play = new Play()
        for (const next of all) {
          play.take(next)
          const { deadlines, expiredBefore } = play.mark
          expect(deadlines.length).toBeLessThanOrEqual(maxDeadlines)
          for (const [index, { before, at }] of deadlines.entries()) {
            const previous = deadlines[index - 1] ?? { before: expiredBefore, at: Number.NEGATIVE_INFINITY }
            expect(before).toBeGreaterThan(previous.before)
            expect(at).toBeGreaterThan(previous.at)
          }
        }
      }),
    )
  })

  test('it stays small over a hundred thousand soft calls, and keeps the first deadline', () => {
    let mark = noMark
    for (let version = 1; version <= 100_000; version++)
      mark = staleMark(mark, version, version + 1e6, version)
    expect(mark.deadlines.length).toBe(maxDeadlines)
    expect(mark.deadlines[0]?.at).toBe(1e6 + 1)
    expect(mark.deadlines.at(-1)?.before).toBe(100_000)
    expect(mark.staleBefore).toBe(100_000)
  })

  test('a fifth pending deadline merges the two that are closest in time, to the sooner of both', () => {
    const ats = [100, 200, 210, 300, 400]
    let mark = noMark
    for (const [index, at] of ats.entries()) mark = staleMark(mark, index + 1, at, 0)
    expect(mark.deadlines).toEqual([
      { before: 1, at: 100 },
      { before: 3, at: 200 },
      { before: 4, at: 300 },
      { before: 5, at: 400 },
    ])
  })

  test('a soft call without a deadline adds none', () => {
    expect(staleMark(noMark, 3, never, 0)).toEqual({ staleBefore: 3, expiredBefore: 0, deadlines: [] })
  })

  test('a deadline that a sooner one covers is dropped, also when it was there first', () => {
    const first = staleMark(noMark, 1, 500, 0)
    expect(staleMark(first, 2, 400, 0).deadlines).toEqual([{ before: 2, at: 400 }])
    expect(staleMark(first, 2, 500, 0).deadlines).toEqual([{ before: 2, at: 500 }])
    expect(staleMark(first, 2, 501, 0).deadlines).toHaveLength(2)
  })

  test('deadlines that have passed fold into expiredBefore before a new one is taken', () => {
    const mark = staleMark(staleMark(noMark, 1, 100, 0), 2, 300, 100)
    expect(mark).toEqual({ staleBefore: 2, expiredBefore: 1, deadlines: [{ before: 2, at: 300 }] })
  })

  test('no operation changes the mark it is given', () => {
    const frozen = Object.freeze({
      staleBefore: 2,
      expiredBefore: 1,
      deadlines: Object.freeze([Object.freeze({ before: 2, at: 10 }), Object.freeze({ before: 3, at: 20 })]),
    }) as Mark
    expireMark(frozen, 9)
    staleMark(frozen, 9, 5, 15)
    joinMarks(frozen, frozen)
    foldFired(frozen, 15)
    expect(
      freshness(
        { version: 2, bornAt: 0, life: { stale: 0, revalidate: never, expire: never } },
        [frozen],
        15,
      ),
    ).toBe('fresh')
  })
})

describe('soft and hard', () => {
  const entry: Aging = { version: 0, bornAt: 0, life: { stale: 0, revalidate: never, expire: never } }

  test('a soft call after a hard one revives nothing', () => {
    const mark = staleMark(expireMark(noMark, 1), 2, 1_000_000, 0)
    expect(freshness(entry, [mark], 0)).toBe('expired')
    expect(freshness({ ...entry, version: 1 }, [mark], 0)).toBe('stale')
  })

  test('a second soft call before the deadline leaves it where it was promised', () => {
    const mark = staleMark(staleMark(noMark, 1, 100, 0), 2, 190, 90)
    expect(freshness(entry, [mark], 99)).toBe('stale')
    expect(freshness(entry, [mark], 100)).toBe('expired')
    expect(freshness({ ...entry, version: 1 }, [mark], 100)).toBe('stale')
    expect(freshness({ ...entry, version: 1 }, [mark], 190)).toBe('expired')
  })

  test('a second soft call after the deadline leaves what it expired expired', () => {
    const mark = staleMark(staleMark(noMark, 1, 100, 0), 2, 250, 150)
    expect(freshness(entry, [mark], 150)).toBe('expired')
    // Also on a clock that steps back.
    expect(freshness(entry, [mark], 50)).toBe('expired')
  })

  test('a sooner second call brings the deadline forward', () => {
    const mark = staleMark(staleMark(noMark, 1, 100, 0), 2, 60, 10)
    expect(freshness(entry, [mark], 60)).toBe('expired')
  })

  test('an entry born after the call outlives its deadline', () => {
    const mark = staleMark(noMark, 1, 100, 0)
    expect(freshness({ ...entry, version: 1 }, [mark], 1e9)).toBe('fresh')
  })
})

describe('joining and repeating', () => {
  function playAll(all: readonly Step[], start: { position: number; now: number }): Play {
    const play = new Play()
    play.position = start.position
    play.now = start.now
    for (const next of all) play.take(next)
    return play
  }

  test('a join never judges better than the worse of both, and the same while four deadlines suffice', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const a = playAll(one, { position: 0, now: 0 })
        const b = playAll(other, { position: 3, now: 10 })
        const joined = joinMarks(a.mark, b.mark)
        const deadlines = [...a.mark.deadlines, ...b.mark.deadlines]
        const isExact = deadlines.length <= maxDeadlines
        expect(joined.deadlines.length).toBeLessThanOrEqual(maxDeadlines)
        expect(joined).toEqual(joinMarks(b.mark, a.mark))
        for (const entry of [...a.entries, ...b.entries]) {
          for (const now of [0, 10, 40, 80, 160, 400, 2000]) {
            const apart = severity[freshness(entry, [a.mark, b.mark], now)]
            const together = severity[freshness(entry, [joined], now)]
            expect(together).toBeGreaterThanOrEqual(apart)
            if (isExact) expect(together).toBe(apart)
          }
        }
      }),
    )
  })

  test('joining a mark to itself, to none, or the same call twice changes nothing', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (all, expireMs) => {
        const { mark, position, now } = playAll(all, { position: 0, now: 0 })
        expect(joinMarks(mark, mark)).toEqual(mark)
        expect(joinMarks(mark, noMark)).toEqual(mark)
        const soft = staleMark(mark, position + 1, now + expireMs, now)
        expect(staleMark(soft, position + 1, now + expireMs, now)).toEqual(soft)
        const hard = expireMark(mark, position + 1)
        expect(expireMark(hard, position + 1)).toEqual(hard)
      }),
    )
  })

  test('a call that arrives late or out of order makes nothing better', () => {
    fc.assert(
      fc.property(steps, fc.nat(40), lifetimeMs, (all, version, expireMs) => {
        const play = playAll(all, { position: 0, now: 0 })
        const late = staleMark(play.mark, version, play.now + expireMs, play.now)
        const lateHard = expireMark(play.mark, version)
        for (const entry of play.entries) {
          for (const ms of instants) {
            const before = severity[freshness(entry, [play.mark], play.now + ms)]
            expect(severity[freshness(entry, [late], play.now + ms)]).toBeGreaterThanOrEqual(before)
            expect(severity[freshness(entry, [lateHard], play.now + ms)]).toBeGreaterThanOrEqual(before)
          }
        }
      }),
    )
  })

  test('folding what has passed changes no judgement from then on', () => {
    fc.assert(
      fc.property(steps, fc.nat(200), (all, ms) => {
        const play = playAll(all, { position: 0, now: 0 })
        const at = play.now + ms
        const folded = foldFired(play.mark, at)
        expect(folded.deadlines.every((deadline) => deadline.at > at)).toBe(true)
        for (const entry of play.entries) {
          for (const later of instants) {
            expect(freshness(entry, [folded], at + later)).toBe(freshness(entry, [play.mark], at + later))
          }
        }
      }),
    )
  })
})
