import type { Cache, CacheEvent, CacheOptions, FetchCaching } from '@restale/core'
import { createCache } from '@restale/core'
import type { Refill, ResponseCacheOptions } from '@restale/core/http'
import { Mount, runInScope } from '@restale/core/http'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import { onTestFinished, vi } from 'vitest'

/** A cache on a clock that stands still, with everything that happens in it. */
export function setup<const P extends string = never>(options: CacheOptions<P> = {}) {
  const clock = watchedClock()
  const cache = createCache({ clock, ...options })
  const events: CacheEvent[] = []
  onTestFinished(cache.subscribe((event) => events.push(event)))
  return { cache, clock, events, kinds: () => events.map(({ kind }) => kind), settled: () => settled(cache) }
}

/** A clock that stands still, and tells how many timers are set on it. */
function watchedClock(): FakeClock & { readonly timers: number } {
  const { now, advance, schedule } = fakeClock()
  const timers = new Set<object>()
  return {
    now,
    advance,
    schedule: (callback, delayMs) => {
      const timer = {}
      timers.add(timer)
      const run = () => {
        timers.delete(timer)
        callback()
      }
      const cancel = schedule(run, delayMs)
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
    get timers() {
      return timers.size
    },
  }
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

export interface RouteOptions extends ResponseCacheOptions<unknown, string> {
  /** As the framework writes it, for instance `/posts/:slug`. */
  readonly pattern?: string
  readonly host?: string
}

/** One route behind a mount of its own, without sockets: gives the body that a GET of `target` receives. */
export function route(
  cache: Cache,
  handler: (target: string) => unknown,
  { pattern, host: defaultHost = 'app.test', ...options }: RouteOptions = { life: long },
) {
  const mount = new Mount(cache, options)
  const get = async (target: string, host = defaultHost, refill?: Refill): Promise<string> => {
    const verdict = await mount.decide({
      method: 'GET',
      scheme: 'http',
      authority: host,
      target,
      headers: { host },
      rawHeaders: ['Host', host],
      native: {},
      isAuthenticated: false,
      isRoute: true,
      refill,
    })
    if (verdict.do === 'send') {
      verdict.refill?.run(async (again) => {
        await tick()
        await get(target, host, again)
      })
      return new TextDecoder().decode(verdict.response.body)
    }
    if (verdict.do === 'pass') return String(await runInScope(verdict.scope, () => handler(target)))
    const { capture } = verdict
    return runInScope(capture.scope, async () => {
      const [status, body] = await answer(() => handler(target))
      capture.head({
        status,
        lines: ['Content-Type', 'text/plain'],
        baseline: [],
        body: new TextEncoder().encode(body),
        isAuthenticated: false,
        route: pattern,
      })
      return body
    })
  }
  return get
}

/** As a framework answers for a handler that throws. */
async function answer(handler: () => unknown): Promise<[status: number, body: string]> {
  try {
    return [200, String(await handler())]
  } catch (error) {
    return [500, String(error)]
  }
}

/** A cache whose fetches are answered by the test: by URL, what gives the body. */
export function world() {
  const answers = new Map<string, () => unknown>()
  const upstream = async (url: unknown) => new Response(String(await answers.get(String(url))?.()))
  return { ...setup({ fetch: { fetch: upstream } }), answers }
}

export type World = ReturnType<typeof world>
export type Read = () => Promise<string>

/** Reads a cached fetch. */
export function fetched(cache: Cache, url: string, next: FetchCaching): Read {
  return async () => (await cache.fetch(url, { next })).text()
}

/** Something cached with these tags, whose value is what `run` gives. */
export type Subject = (world: World, run: () => unknown, tags: readonly string[]) => Read

/** Everything that can be cached. */
export const subjects = {
  function: ({ cache }, run, tags) => cache.cached(async () => String(await run()), { key: 'subject', tags }),
  fetch: ({ answers, cache }, run, tags) => {
    answers.set('https://upstream.test/subject', run)
    return fetched(cache, 'https://upstream.test/subject', { tags })
  },
  response: ({ cache }, run, tags) => {
    const get = route(cache, run, { tags })
    return () => get('/subject')
  },
} satisfies Record<string, Subject>
