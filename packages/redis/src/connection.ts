import { setTimeout as pause } from 'node:timers/promises'
import type { RedisClient } from './client.ts'
import type { Argument, Driver } from './driver.ts'
import { openDriver } from './driver.ts'

/** How often it looks whether it hangs, in milliseconds. */
const watchMs = 250
/** A connection that is not ready for so long is made anew, in milliseconds. */
const openingMs = 1_000

/**
 * A connection of our own. One that hangs is given up and made anew: a server that went away without a word, or a
 * network that swallows what it is given, would keep it for minutes.
 */
export class Connection {
  readonly #client: RedisClient
  readonly #hangsAfterMs: number
  #driver: Driver
  /** When each command that is not answered was sent, oldest first. */
  readonly #unanswered = new Map<Promise<unknown>, number>()
  #lastReadyAt = performance.now()
  readonly #timer: NodeJS.Timeout
  #isClosed = false
  #hasOpened = false

  /** `hangsAfterMs`: no command takes so long. */
  constructor(client: RedisClient, hangsAfterMs: number) {
    this.#client = client
    this.#hangsAfterMs = hangsAfterMs
    this.#driver = openDriver(client)
    this.#timer = setInterval(() => this.#look(), watchMs)
    this.#timer.unref()
  }

  async send(args: readonly Argument[]): Promise<unknown> {
    if (this.#isClosed) throw new Error('The store is closed')
    await this.#atFirst()
    const driver = this.#driver
    if (!driver.isReady) throw new Error('There is no connection to Redis')
    const answer = driver.send(args)
    this.#unanswered.set(answer, performance.now())
    try {
      return await answer
    } catch (error) {
      if (isElsewhere(error) && driver === this.#driver) this.renew()
      throw error
    } finally {
      this.#unanswered.delete(answer)
    }
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#driver.destroy()
  }

  /** Who has just begun waits to get in, once; later it is known at once that there is no connection. */
  async #atFirst(): Promise<void> {
    if (this.#hasOpened || this.#driver.isReady) return
    await Promise.race([this.#driver.opened, pause(this.#hangsAfterMs, undefined, { ref: false })])
    this.#hasOpened = true
  }

  #look(): void {
    const now = performance.now()
    if (this.#driver.isReady) this.#lastReadyAt = now
    const [oldest = now] = this.#unanswered.values()
    if (now - oldest > this.#hangsAfterMs || now - this.#lastReadyAt > openingMs) this.renew()
  }

  /** Another one in its place; what is under way on it is lost. */
  renew(): void {
    if (this.#isClosed) return
    this.#driver.destroy()
    this.#unanswered.clear()
    this.#lastReadyAt = performance.now()
    this.#driver = openDriver(this.#client)
  }
}

/** The server is a replica now: the primary is found by connecting again. */
function isElsewhere(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('READONLY')
}
