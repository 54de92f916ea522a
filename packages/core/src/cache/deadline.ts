import type { Clock } from './clock.ts'
import { schedule } from './clock.ts'

/** The time that one caller waits, from its first wait on. */
export class Deadline {
  readonly #clock: Clock
  readonly #ms: number
  readonly #error: () => Error
  #passing: Promise<never> | undefined
  #cancel = () => {}
  #hasPassed = false

  /** `error`: what a wait rejects with after `ms` milliseconds. */
  constructor(clock: Clock, ms: number, error: () => Error) {
    this.#clock = clock
    this.#ms = ms
    this.#error = error
  }

  get hasPassed(): boolean {
    return this.#hasPassed
  }

  readonly wait = <T>(promise: Promise<T>): Promise<T> => {
    this.#passing ??= this.#start()
    return Promise.race([promise, this.#passing])
  }

  readonly cancel = (): void => this.#cancel()

  #start(): Promise<never> {
    const passing = new Promise<never>((_resolve, reject) => {
      const pass = () => {
        this.#hasPassed = true
        reject(this.#error())
      }
      this.#cancel = schedule(this.#clock, pass, this.#ms)
    })
    // Whether anyone waits at that moment or not.
    passing.catch(() => {})
    return passing
  }
}
