import type { Clock } from '../cache/clock.ts'

/** A clock that moves only when told to. */
export interface FakeClock extends Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Moves the clock forward and runs, in order, what was scheduled up to then. */
  advance(ms: number): void
  schedule(callback: () => void, delayMs: number): () => void
}

/** `start`: epoch milliseconds. @default 1_700_000_000_000 */
export function fakeClock(start = 1_700_000_000_000): FakeClock {
  let now = start
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  return {
    now: () => now,
    schedule(callback, delayMs) {
      const timer = { at: now + delayMs, callback }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`A fake clock moves forward: advance(${ms})`)
      const end = now + ms
      for (;;) {
        const due = [...timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = Math.max(now, due.at)
        due.callback()
      }
      // A callback may have moved it further.
      now = Math.max(now, end)
    },
  }
}
