import type { MaybePromise } from '../cache/tier.ts'

/** Lets so many run at a time; the others wait for their turn, in order. */
export class Turns {
  /** How many run. */
  size = 0
  readonly #limit: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** At once if there is room. `act` must not throw or reject. */
  run<T>(act: () => MaybePromise<T>): MaybePromise<T> {
    if (this.size < this.#limit) return this.#start(act)
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#start(act))
  }

  #start<T>(act: () => MaybePromise<T>): MaybePromise<T> {
    this.size++
    const result = act()
    if (result instanceof Promise) return result.finally(() => this.#end())
    this.#end()
    return result
  }

  #end(): void {
    this.size--
    this.#waiting.shift()?.()
  }
}
