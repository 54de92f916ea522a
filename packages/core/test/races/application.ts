import { setImmediate } from 'node:timers/promises'
import type { Cache } from '@restale/core'
import type { CacheHandle, IncomingRequest, Refill, ResponseCacheOptions, Verdict } from '@restale/core/http'
import { Mount, runInScope } from '@restale/core/http'

/** What a handler answers. */
export interface Answer {
  readonly status: number
  readonly body: string
}

export interface Route {
  readonly target: string
  readonly options: ResponseCacheOptions
  /** The options are for this route alone, and opt it in. */
  readonly isRoute: boolean
  readonly isStreamed: boolean
  readonly handler: (handle: CacheHandle<string>) => Promise<Answer>
  /** Called when the handler has answered and the head is out; a streamed body is complete when it resolves. */
  readonly beforeEnd: (answer: Answer) => Promise<void> | void
}

type CaptureVerdict = Extract<Verdict, { do: 'capture' }>

/** One mount with one route behind it, and no sockets: it carries out verdicts as an adapter does. */
export class Application {
  readonly #mount: Mount
  readonly #route: Route

  constructor(cache: Cache, route: Route) {
    this.#mount = new Mount(cache, route.options)
    this.#route = route
  }

  /** A GET, and what its client receives. */
  async get(refill?: Refill): Promise<Answer> {
    const verdict = await this.#mount.decide(this.#request(refill))
    switch (verdict.do) {
      case 'pass':
        return runInScope(verdict.scope, () => this.#answer(verdict.handle))
      case 'send':
        verdict.refill?.run((again) => this.#redispatch(again))
        return { status: verdict.response.status, body: new TextDecoder().decode(verdict.response.body) }
      case 'capture':
        return runInScope(verdict.capture.scope, () => this.#capture(verdict))
    }
  }

  async #answer(handle: CacheHandle<string>): Promise<Answer> {
    const answer = await this.#route.handler(handle)
    await this.#route.beforeEnd(answer)
    return answer
  }

  async #capture({ capture }: CaptureVerdict): Promise<Answer> {
    const { isStreamed, beforeEnd, handler } = this.#route
    const answer = await handler(capture.handle)
    const body = new TextEncoder().encode(answer.body)
    if (!isStreamed) await beforeEnd(answer)
    const plan = capture.head({
      status: answer.status,
      lines: ['Content-Type', 'application/json'],
      baseline: [],
      body: isStreamed ? undefined : body,
      isAuthenticated: false,
      route: undefined,
    })
    if (isStreamed) await beforeEnd(answer)
    if (plan.isRecorded) {
      capture.write(body)
      capture.end()
    }
    return answer
  }

  async #redispatch(refill: Refill): Promise<void> {
    await setImmediate()
    await this.get(refill)
  }

  #request(refill: Refill | undefined): IncomingRequest {
    const { target, isRoute } = this.#route
    return {
      method: 'GET',
      scheme: 'http',
      authority: 'app.test',
      target,
      headers: { host: 'app.test' },
      rawHeaders: ['Host', 'app.test'],
      native: {},
      isAuthenticated: false,
      isRoute,
      refill,
    }
  }
}
