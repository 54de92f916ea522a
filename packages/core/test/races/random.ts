/** A stream of numbers that depends on nothing but its seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    // Seeds that are neighbours begin far from each other.
    this.#state = Math.imul(seed + 1, 0x9e3779b1)
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to `limit`, which is left out. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }

  /** The more weight, the more often. */
  pickWeighted<T>(list: readonly (readonly [weight: number, value: T])[]): T {
    let rest = this.next() * list.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of list) {
      rest -= weight
      if (rest < 0) return value
    }
    return (list.at(-1) as readonly [number, T])[1]
  }
}
