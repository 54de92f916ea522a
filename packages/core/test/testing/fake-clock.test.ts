import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fakeClock } from '../../src/testing/fake-clock.ts'

describe('a fake clock', () => {
  test('starts where it is told, and moves only by what it is told', () => {
    expect(fakeClock().now()).toBe(1_700_000_000_000)
    const clock = fakeClock(0)
    expect([clock.now(), clock.now()]).toEqual([0, 0])
    clock.advance(5)
    clock.advance(0)
    clock.advance(0.5)
    expect(clock.now()).toBe(5.5)
  })

  test.each([-1, -0.001, Number.NaN, Number.NEGATIVE_INFINITY])('cannot be moved by %d', (ms) => {
    const clock = fakeClock(10)
    expect(() => clock.advance(ms)).toThrow(RangeError)
    expect(clock.now()).toBe(10)
  })

  test('runs what is due in the order of its instants, and of scheduling at one instant', () => {
    const clock = fakeClock(0)
    const ran: string[] = []
    const at = (name: string, ms: number) => clock.schedule(() => ran.push(`${name} at ${clock.now()}`), ms)
    at('c', 30)
    at('a', 10)
    at('b one', 20)
    at('b two', 20)
    at('later', 31)
    clock.advance(30)
    expect(ran).toEqual(['a at 10', 'b one at 20', 'b two at 20', 'c at 30'])
    expect(clock.now()).toBe(30)
    clock.advance(1)
    expect(ran.at(-1)).toBe('later at 31')
  })

  test('runs each timer once', () => {
    const clock = fakeClock()
    let count = 0
    clock.schedule(() => count++, 5)
    for (let index = 0; index < 10; index++) clock.advance(5)
    expect(count).toBe(1)
  })

  test('runs nothing by itself, and what is due at once when it is advanced by 0', () => {
    const clock = fakeClock()
    let count = 0
    clock.schedule(() => count++, 0)
    expect(count).toBe(0)
    clock.advance(0)
    expect(count).toBe(1)
  })

  test('runs nothing that was cancelled, also by another timer at the same instant', () => {
    const clock = fakeClock()
    const ran: string[] = []
    clock.schedule(() => ran.push('cancelled'), 5)()
    clock.schedule(() => {
      ran.push('first')
      cancelSecond()
      cancelSecond()
    }, 5)
    const cancelSecond = clock.schedule(() => ran.push('second'), 5)
    clock.advance(10)
    expect(ran).toEqual(['first'])
  })

  test('runs what its timers schedule, if it falls within', () => {
    const clock = fakeClock(0)
    const ran: number[] = []
    const again = () => {
      ran.push(clock.now())
      clock.schedule(again, 10)
    }
    clock.schedule(again, 10)
    clock.advance(35)
    expect(ran).toEqual([10, 20, 30])
    expect(clock.now()).toBe(35)
  })

  test('never steps back, also when a timer advances it', () => {
    const clock = fakeClock(0)
    const seen: number[] = []
    clock.schedule(() => {
      clock.advance(100)
      seen.push(clock.now())
    }, 5)
    clock.schedule(() => seen.push(clock.now()), 50)
    clock.advance(10)
    expect(seen).toEqual([50, 105])
    expect(clock.now()).toBe(105)
  })

  test('goes on after a timer that throws', () => {
    const clock = fakeClock(0)
    const ran: number[] = []
    clock.schedule(() => {
      throw new Error('from a timer')
    }, 5)
    clock.schedule(() => ran.push(clock.now()), 6)
    expect(() => clock.advance(10)).toThrow('from a timer')
    clock.advance(5)
    expect(ran).toEqual([6])
  })

  test('runs the same however an interval is cut', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 10 })
    fc.assert(
      fc.property(
        delays,
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 8 }),
        (all, cuts) => {
          const play = (advances: readonly number[]) => {
            const clock = fakeClock(0)
            const ran: string[] = []
            for (const [index, delay] of all.entries())
              clock.schedule(() => ran.push(`${index} at ${clock.now()}`), delay)
            for (const ms of advances) clock.advance(ms)
            return { ran, now: clock.now() }
          }
          expect(play(cuts)).toEqual(play([cuts.reduce((sum, ms) => sum + ms, 0)]))
        },
      ),
    )
  })
})
