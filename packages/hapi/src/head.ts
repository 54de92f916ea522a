import type { Request } from '@hapi/hapi'
import type { Capture, HeaderLines, HeadPlan, OutgoingResponse } from '@restale/core/http'
import { linesOf, setLines } from '@restale/core/http'
import { restoreBaseline } from '@restale/node'
import { isAuthenticated } from './authentication.ts'
import type { Headers } from './headers.ts'
import { nodeHeaders, outerControl, setCacheStatus, standingHeaders } from './headers.ts'
import { cookieLines, cookiesOf, restoreCookies } from './internals.ts'

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
  readonly #baseCookies: Readonly<Record<string, object>>
  readonly #cookies: ReadonlySet<object>
  #shown: ReadonlySet<object> = none

  constructor(request: Request, capture: Capture) {
    this.#request = request
    this.#capture = capture
    this.#baseline = nodeHeaders(request)
    this.#baseCookies = { ...cookiesOf(request) }
    this.#cookies = new Set(Object.values(this.#baseCookies))
  }

  /** What is to go out in the place of this head, if anything. */
  replacement(head: Pick<Head, 'status' | 'headers'>): OutgoingResponse | undefined {
    const cookies = cookieLines(this.#request, this.#cookies)
    const instead = this.#capture.replacement(this.#asShown(head, cookies))
    // hapi makes the lines of its cookies itself.
    return instead && { ...instead, added: withoutLines(instead.added, cookies) }
  }

  /** As if the handler had set nothing on Node's response, and no cookie. */
  restoreBaseline(): void {
    restoreBaseline(this.#request.raw.res, linesOf(this.#baseline))
  }

  restoreCookies(): void {
    restoreCookies(this.#request, this.#baseCookies)
  }

  show({ body, isHeld = false, isMixed = false, ...head }: Head): HeadPlan {
    const cookies = cookieLines(this.#request, isMixed ? none : this.#cookies)
    this.#shown = new Set(Object.values(cookiesOf(this.#request)))
    return this.#capture.head({ ...this.#asShown(head, cookies), body, isHeld })
  }

  #asShown({ status, headers }: Pick<Head, 'status' | 'headers'>, cookies: HeaderLines) {
    const control = outerControl(this.#request, status)
    return {
      status,
      lines: [...linesOf({ ...control, ...headers }), ...cookies],
      baseline: linesOf({ ...this.#baseline, ...control }),
      isAuthenticated: isAuthenticated(this.#request),
      route: this.#request.route.path,
    }
  }

  /** The head is out. Sessions set their cookie behind us, for what happened before. */
  out(): void {
    this.#capture.headOut(cookieLines(this.#request, new Set([...this.#cookies, ...this.#shown])))
  }
}

/** Without so many of its lines. */
function withoutLines(lines: HeaderLines, taken: HeaderLines): HeaderLines {
  const values = taken.filter((_, index) => index % 2 === 1)
  return lines.filter((_, index) => !values.includes(lines[index - (index % 2) + 1] as string))
}

export function applyPlan(
  request: Request,
  { set, removed, part, cacheStatus }: HeadPlan,
  headers: Headers,
): void {
  const standing = standingHeaders(request, headers)
  for (const name of removed) standing.delete(name)
  setLines(standing, [...set, ...(part?.set ?? [])])
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
