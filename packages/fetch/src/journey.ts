import { AsyncLocalStorage } from 'node:async_hooks'
import type { CacheHandle, FillScope, Refill } from '@restale/core/http'
import { currentFillScope } from '@restale/core/http'
import type { Recording } from './recording.ts'

/** Runs a request through all that the request of a journey has met; resolves to what comes of it. */
export type Dispatch = (request: Request) => Response | undefined | Promise<Response | undefined>

/** One request on its way through the mounts that it meets. */
export class Journey {
  /** As it came to the first of the mounts. */
  readonly request: Request
  /** The fill that it is run again for, if it is no client's. */
  readonly refill: Refill | undefined
  /** From the outermost place that is known. */
  dispatch: Dispatch | undefined
  /** What the options' functions get: the request in its framework's own form. */
  subject: unknown
  /** Of the innermost mount so far. */
  recording: Recording | undefined
  /** The response has its member of `Cache-Status`: that of the innermost mount. */
  hasSpoken = false
  /** The URL that was handed on, query parameters that are not in the key taken out. */
  url: string
  /** The value that asks for it while it is being made: its handler embeds the response, for instance. */
  readonly within: FillScope | undefined = currentFillScope()
  #isOver = false

  constructor(request: Request, refill?: Refill) {
    this.request = request
    this.refill = refill
    this.url = request.url
  }

  /** Its response has been given: what still runs of it, timers and jobs, asks by requests of its own. */
  end(): void {
    this.#isOver = true
  }

  /**
   * Is it the one that was handed on? What stands between two mounts may have made another object of it, and a
   * request that a handler makes of its own is another one.
   */
  isOf({ method, url }: Request): boolean {
    const isSame = method === this.request.method && (url === this.url || url === this.request.url)
    return isSame && !this.#isOver
  }
}

const current = new AsyncLocalStorage<Journey>()

/** The journey that a request is on, or a new one. */
export function journeyOf(request: Request): Journey {
  const journey = current.getStore()
  return journey?.isOf(request) ? journey : new Journey(request)
}

/** Runs what lies ahead of a journey. */
export function goOn<R>(journey: Journey, run: () => R): R {
  return current.run(journey, run)
}

/** Is this request run again by the cache, with nobody waiting? For access logs, rate limiters and the like. */
export function isRefill(request: Request): boolean {
  const journey = current.getStore()
  return journey?.refill !== undefined && (journey.request === request || journey.isOf(request))
}

/** By the requests that handlers hold. */
const handles = new WeakMap<Request, CacheHandle<string>>()

/** The cache as this request sees it; undefined if it has come by no `responseCache`. */
export function cacheOf(request: Request): CacheHandle | undefined {
  return handles.get(request)
}

export function setHandle(request: Request, handle: CacheHandle<string>): void {
  handles.set(request, handle)
}
