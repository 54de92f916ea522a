import { afterEach, describe, expect, test, vi } from 'vitest'
import { schedule, systemClock } from '../../src/cache/clock.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

describe('the system clock', () => {
  test('tells epoch milliseconds, and never steps back when the wall clock does', () => {
    const before = systemClock.now()
    expect(Math.abs(before - performance.timeOrigin - performance.now())).toBeLessThan(60_000)
    vi.spyOn(Date, 'now').mockReturnValue(0)
    expect(systemClock.now()).toBeGreaterThanOrEqual(before)
  })
})

describe('scheduling', () => {
  test('is the own affair of a clock that can', () => {
    const calls: unknown[] = []
    const cancel = () => {}
    const callback = () => {}
    const clock = {
      now: () => 0,
      schedule: (...args: unknown[]) => {
        calls.push(args)
        return cancel
      },
    }
    expect(schedule(clock, callback, 50)).toBe(cancel)
    expect(calls).toEqual([[callback, 50]])
  })

  test('runs the callback once after the delay, on a clock that only tells the time', () => {
    vi.useFakeTimers()
    const callback = vi.fn()
    schedule({ now: () => 0 }, callback, 50)
    vi.advanceTimersByTime(49)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1000)
    expect(callback).toHaveBeenCalledTimes(1)
  })

  test('can be cancelled, also when it is too late', () => {
    vi.useFakeTimers()
    const callback = vi.fn()
    const cancel = schedule({ now: () => 0 }, callback, 50)
    cancel()
    vi.advanceTimersByTime(1000)
    cancel()
    expect(callback).not.toHaveBeenCalled()
  })

  test('does not keep the process alive', () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const cancel = schedule({ now: () => 0 }, () => {}, 1_000_000)
    const [timer] = timers.mock.results.map(({ value }) => value as NodeJS.Timeout)
    expect(timer?.hasRef()).toBe(false)
    cancel()
  })

  test('of a delay beyond what a timer can count is late, not at once', () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    for (const delay of [2 ** 31, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      schedule({ now: () => 0 }, () => {}, delay)()
    }
    expect(timers.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1])
  })
})
