import type { Request } from '@hapi/hapi'
import type { Capture, HeadPlan } from '@restale/core/http'
import { linesOf, setLines } from '@restale/core/http'
import { isAuthenticated } from './authentication.ts'
import type { Headers } from './headers.ts'
import { nodeHeaders, outerControl, setCacheStatus, standingHeaders } from './headers.ts'
import { cookieLines, cookiesOf } from './internals.ts'

/** The head of a response as the handler, and what is below it, has made it. */
export interface Head {
  readonly status: number
  readonly headers: Headers
  readonly body?: Uint8Array
  /** It goes out later: nothing is stored before that. */
  readonly isHeld?: boolean
  /** What stands outside has had its part in the body. */
  readonly isMixed?: boolean
}

const none: ReadonlySet<object> = new Set()

/** Shows heads to a capture, beside what stood there where the cache stands. */
export class HeadShow {
  readonly #request: Request
  readonly #capture: Capture
  readonly #baseline: Headers
  readonly #cookies: ReadonlySet<object>
  #shown: ReadonlySet<object> = none

  constructor(request: Request, capture: Capture) {
    this.#request = request
    this.#capture = capture
    this.#baseline = nodeHeaders(request)
    this.#cookies = new Set(Object.values(cookiesOf(request)))
  }

  show({ status, headers, body, isHeld = false, isMixed = false }: Head): HeadPlan {
    const { route } = this.#request
    const control = outerControl(this.#request, status)
    const cookies = cookieLines(this.#request, isMixed ? none : this.#cookies)
    this.#shown = new Set(Object.values(cookiesOf(this.#request)))
    return this.#capture.head({
      status,
      lines: [...linesOf({ ...control, ...headers }), ...cookies],
      baseline: linesOf({ ...this.#baseline, ...control }),
      body,
      isHeld,
      isAuthenticated: isAuthenticated(this.#request),
      route: route.path,
    })
  }

  /** The head is out. Sessions set their cookie behind us, for what happened before. */
  out(): void {
    this.#capture.headOut(cookieLines(this.#request, new Set([...this.#cookies, ...this.#shown])))
  }
}

export function applyPlan(request: Request, { set, cacheStatus }: HeadPlan, headers: Headers): void {
  setLines(standingHeaders(request, headers), set)
  if (cacheStatus !== undefined) setCacheStatus(request, headers, cacheStatus)
}

/** hapi's headers are on Node's response by now. What others have said stays, hapi's own default does not. */
export function applyPlanLate(request: Request, plan: HeadPlan): void {
  const { res } = request.raw
  const { cache } = request.route.settings
  const planned: Headers = {}
  applyPlan(request, plan, planned)
  const control = res.getHeader('cache-control')
  const isDefault = control === undefined || (cache && control === cache.otherwise)
  if (!isDefault) delete planned['cache-control']
  for (const [name, value] of Object.entries(planned)) res.setHeader(name, value as string)
}
