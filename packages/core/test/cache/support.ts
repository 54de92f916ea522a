import type { CacheEvent, CacheOptions } from '@restale/core'
import { createCache } from '@restale/core'
import { fakeClock, settled } from '@restale/core/testing'
import { onTestFinished, vi } from 'vitest'

/** A cache on a clock that stands still, with everything that happens in it. */
export function setup<const P extends string = never>(options: CacheOptions<P> = {}) {
  const clock = fakeClock()
  const cache = createCache({ clock, ...options })
  const events: CacheEvent[] = []
  onTestFinished(cache.subscribe((event) => events.push(event)))
  return { cache, clock, events, kinds: () => events.map(({ kind }) => kind), settled: () => settled(cache) }
}

/** A promise that the test settles. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** A point that code comes to and waits at until it is let through. `reached` counts those who came. */
export function barrier() {
  const waiting: (() => void)[] = []
  let arrivals = 0
  let isOpen = false
  let onArrival: (() => void) | undefined
  return {
    get reached() {
      return arrivals
    },
    /** For the code under test. */
    async pass(): Promise<void> {
      arrivals++
      onArrival?.()
      if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    /** Resolves when so many have come in all. */
    async reachedBy(count: number): Promise<void> {
      while (arrivals < count) {
        await new Promise<void>((resolve) => {
          onArrival = resolve
        })
      }
    },
    /** Lets the one through that has waited longest. */
    release(): void {
      waiting.shift()?.()
    },
    /** Lets everybody through, now and later. */
    open(): void {
      isOpen = true
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

/** A source of data that counts who reads it: the value is the number of the read. */
export function counter() {
  let reads = 0
  return {
    read: () => ++reads,
    get reads() {
      return reads
    },
  }
}

/** Lets everything go on that can go on by itself. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Whether a promise has settled by the time that everything that can go on has gone on. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  const done = () => {
    pending = false
  }
  promise.then(done, done)
  await tick()
  return pending
}

/** The warnings that are given during a test: `code: message`. */
export function warnings(): string[] {
  const given: string[] = []
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation(((
    message: string,
    options: { code: string },
  ) => {
    given.push(`${options.code}: ${message}`)
  }) as typeof process.emitWarning)
  onTestFinished(() => spy.mockRestore())
  return given
}

export const long = { stale: 300, revalidate: 86_400, expire: 604_800 }
