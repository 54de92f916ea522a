import { hrtime } from 'node:process'

/**
 * The store's time: that of the wall clock which is furthest ahead of all that have been seen, carried on by the clock
 * of the machine that never steps back. That one is the same for all processes, so they agree as soon as they share
 * the offset between the two.
 */
export class StoreTime {
  readonly #wall: () => number
  #offsetMs = Number.NEGATIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  /** `wall` gives epoch milliseconds, and may do what it wants. */
  constructor(wall: () => number) {
    this.#wall = wall
  }

  /** Epoch milliseconds. */
  now(): number {
    const steady = steadyMs()
    this.observeOffset(this.#wall() - steady)
    this.#last = Math.max(this.#last, steady + this.#offsetMs)
    return this.#last
  }

  /** From the steady clock of the machine to the store's time, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** Another process of this start of the machine has got so far. */
  observeOffset(offsetMs: number): void {
    if (offsetMs > this.#offsetMs) this.#offsetMs = offsetMs
  }

  /** It was that late already. */
  observe(time: number): void {
    this.observeOffset(time - steadyMs())
    this.#last = Math.max(this.#last, time)
  }
}

/** Since some instant that is the same for every process until the machine stops. */
function steadyMs(): number {
  return Number(hrtime.bigint()) / 1e6
}
