/** Work that nobody waits for: bounded in number, and waited for when the cache closes. */
export class Background {
  readonly #running = new Set<Promise<unknown>>()
  readonly #limit: number
  #slots = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get hasRoom(): boolean {
    return this.#slots < this.#limit
  }

  /** Takes a slot; the returned function gives it back, once. */
  occupy(): () => void {
    let isHeld = true
    this.#slots++
    return () => {
      if (isHeld) this.#slots--
      isHeld = false
    }
  }

  track(work: Promise<unknown>): void {
    this.#running.add(work)
    work.finally(() => this.#running.delete(work)).catch(() => {})
  }

  /** Resolves when nothing is left, what began meanwhile included. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running)
  }
}
