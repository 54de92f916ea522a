import type { Point } from './plan.ts'

/** Lets runs through, but for one that it is told to stop, which waits until it is released. */
export class Holds {
  #armed: Point | undefined
  #isOpen = false
  readonly #held: (() => void)[] = []

  /** For the code that is cached. */
  pass(point: Point): Promise<void> | void {
    if (this.#isOpen || this.#armed !== point) return undefined
    this.#armed = undefined
    return new Promise((resolve) => this.#held.push(resolve))
  }

  /** Stops the next one that comes to this point; nobody if it is left out. */
  arm(point?: Point): void {
    this.#armed = point
  }

  get count(): number {
    return this.#held.length
  }

  /** Lets one of them go on. */
  release(index: number): void {
    this.#held.splice(index, 1)[0]?.()
  }

  /** Lets everybody go on, now and later. */
  open(): void {
    this.#isOpen = true
    for (const resolve of this.#held.splice(0)) resolve()
  }
}
