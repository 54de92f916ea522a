import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CacheHandle, Capture, OutgoingResponse } from '@restale/core/http'
import { queryOf } from '@restale/core/http'
import type { Exchange, Recorder, ResponseFacts } from '@restale/node'
import { isLoggedIn } from '@restale/node'
import type { Context, Next } from 'koa'
import { ContextRecorder } from './context-recorder.ts'
import { listenerOf } from './listener.ts'
import { isInRoute, routeOf } from './place.ts'
import { send } from './send.ts'

/** One request at one mount, as Koa has it. */
export class KoaExchange implements Exchange<Context>, ResponseFacts {
  readonly native: Context
  readonly isRoute: boolean
  readonly mountPath = ''
  readonly #next: Next
  /** Nothing stands before it in the application that runs, which is not that of the middleware where it is mounted. */
  readonly #isOutermost: boolean
  /** As it was, if the handler sees less of it. */
  #query: string | undefined

  constructor(ctx: Context, next: Next, middleware: unknown) {
    this.native = ctx
    this.isRoute = isInRoute(ctx, middleware)
    this.#isOutermost = ctx.app.middleware[0] === middleware
    this.#next = next
  }

  get request(): IncomingMessage {
    return this.native.req
  }

  get response(): ServerResponse {
    return this.native.res
  }

  get scheme(): string {
    return this.native.request.protocol
  }

  get authority(): string {
    return this.native.request.host
  }

  get target(): string {
    return this.native.originalUrl
  }

  get listener(): RequestListener {
    return listenerOf(this.native.app)
  }

  isAuthenticated(): boolean {
    return Boolean(this.native.state.user) || isLoggedIn(this.native.req)
  }

  route(): string | undefined {
    return routeOf(this.native)
  }

  send(outgoing: OutgoingResponse): void {
    send(this.native, outgoing, this.#isOutermost)
  }

  record(capture: Capture): Recorder {
    return new ContextRecorder(this.native, capture, this)
  }

  setHandle(handle: CacheHandle<string>): void {
    this.native.cache = handle
  }

  swallowed(error: unknown): void {
    this.native.app.emit('error', error, this.native)
  }

  setTarget(target: string): void {
    this.#query ??= this.native.querystring
    this.native.querystring = queryOf(target)
  }

  async next(): Promise<void> {
    try {
      await this.#next()
    } finally {
      // What stands outside is to find the request as it was.
      if (this.#query !== undefined) this.native.querystring = this.#query
    }
  }
}
