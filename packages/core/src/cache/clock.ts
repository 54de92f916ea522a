/**
 * Where the cache reads the time. Inject one with `createCache({ clock })`.
 * The default never steps back, whatever happens to the wall clock.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /**
   * Runs `callback` once after `delayMs`; the returned function cancels it. Left out, `setTimeout` is used,
   * by a timer that does not keep the process alive.
   */
  schedule?(callback: () => void, delayMs: number): () => void
}

/** Read once: it is worked out anew at each reading. */
const { timeOrigin } = performance

export const systemClock: Clock = {
  now: () => timeOrigin + performance.now(),
}

/**
 * A clock that goes on from where it was when the other steps back: what is verified and what is old is told by how
 * much time has passed.
 */
export function steadyClock(clock: Clock): Clock {
  let added = 0
  let last = Number.NEGATIVE_INFINITY
  const now = () => {
    const at = clock.now()
    if (at < last) added += last - at
    last = at
    return at + added
  }
  const schedule = clock.schedule?.bind(clock)
  return schedule === undefined ? { now } : { now, schedule }
}

/** A timer that is set for longer fires at once. */
const longestDelayMs = 2 ** 31 - 1

/** Runs `callback` on the clock's own time. */
export function schedule(clock: Clock, callback: () => void, delayMs: number): () => void {
  if (clock.schedule !== undefined) return clock.schedule(callback, delayMs)
  const timer = setTimeout(callback, Math.min(delayMs, longestDelayMs))
  // Elsewhere than in Node a timer is a number.
  timer.unref?.()
  return () => clearTimeout(timer)
}
