import type { Clock } from '../cache/clock.ts'
import { schedule } from '../cache/clock.ts'
import type { MaybePromise } from '../cache/tier.ts'

export interface GuardOptions {
  /** Milliseconds that a call may take; an answer that comes later is thrown away. */
  readonly deadlineMs: number
  /** More calls than this are not under way at a time. */
  readonly maxCalls: number
  /** Milliseconds after which it tries again by itself. @default never: by a probe */
  readonly pauseMs?: number
}

/** After so many failures, one after the other, nothing is asked any more until a probe has worked. */
const maxFailures = 3

/** Between the cache and a store that may hang, fail or be gone: every call ends soon, and none throws. */
export class Guard {
  readonly #clock: Clock
  readonly #options: GuardOptions
  readonly #onChange: (isOpen: boolean, error: unknown) => void
  #failures = 0
  #calls = 0
  #failedAt = Number.NEGATIVE_INFINITY

  /** `onChange`: it has begun to ask nobody, because of this error, or asks again. */
  constructor(clock: Clock, options: GuardOptions, onChange: (isOpen: boolean, error: unknown) => void) {
    this.#clock = clock
    this.#options = options
    this.#onChange = onChange
  }

  /** It asks nobody: as a circuit breaker is open. */
  get isOpen(): boolean {
    return this.#failures >= maxFailures
  }

  /** What was asked last has failed. */
  get isFailing(): boolean {
    return this.#failures > 0
  }

  /**
   * What `ask` gives; undefined if it fails, takes too long, or is not asked at all. After a failure nothing is asked
   * until something has worked: who asks one thing after the other is not to wait for each. `check` throws at an answer
   * that is none: then it has failed.
   */
  call<T>(ask: () => MaybePromise<T>, check?: (given: T) => T): MaybePromise<T | undefined> {
    const isFailing = this.#failures > 0 && !this.#isTimeToTry()
    return isFailing || this.#calls >= this.#options.maxCalls ? undefined : this.#ask(ask, check)
  }

  /** The same for what matters more: it is asked until the breaker is open, however many calls are under way. */
  always<T>(ask: () => MaybePromise<T>, check?: (given: T) => T): MaybePromise<T | undefined> {
    return this.isOpen && !this.#isTimeToTry() ? undefined : this.#ask(ask, check)
  }

  /** The same, even if it asks nobody else. */
  probe<T>(ask: () => MaybePromise<T>, check?: (given: T) => T): MaybePromise<T | undefined> {
    return this.#ask(ask, check)
  }

  #ask<T>(ask: () => MaybePromise<T>, check: (given: T) => T = asIs): MaybePromise<T | undefined> {
    try {
      const answer = ask()
      if (answer instanceof Promise) return this.#wait(answer, check)
      const given = check(answer)
      this.#worked()
      return given
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  async #wait<T>(answer: Promise<T>, check: (given: T) => T): Promise<T | undefined> {
    const { deadlineMs } = this.#options
    let stop = () => {}
    const tooLate = new Promise<never>((_resolve, reject) => {
      stop = schedule(this.#clock, () => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs)
    })
    this.#calls++
    // Nobody waits for it any more once it is too late, and it must not count as unhandled.
    answer.catch(() => {})
    try {
      const given = check(await Promise.race([answer, tooLate]))
      this.#worked()
      return given
    } catch (error) {
      this.#failed(error)
      return undefined
    } finally {
      stop()
      this.#calls--
    }
  }

  #worked(): void {
    const wasOpen = this.isOpen
    this.#failures = 0
    if (wasOpen) this.#onChange(false, undefined)
  }

  #isTimeToTry(): boolean {
    const { pauseMs = Number.POSITIVE_INFINITY } = this.#options
    return this.#clock.now() >= this.#failedAt + pauseMs
  }

  #failed(error: unknown): void {
    const wasOpen = this.isOpen
    this.#failures++
    this.#failedAt = this.#clock.now()
    if (this.isOpen && !wasOpen) this.#onChange(true, error)
  }
}

function asIs<T>(given: T): T {
  return given
}
