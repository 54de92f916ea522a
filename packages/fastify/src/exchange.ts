import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CacheHandle, Capture, Mount, OutgoingResponse } from '@restale/core/http'
import type { Exchange, Recorder, ResponseFacts } from '@restale/node'
import { isLoggedIn } from '@restale/node'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ReplyRecorder } from './recorder.ts'
import { send } from './send.ts'
import { setTarget } from './target.ts'

/** The cache as it stands on one route. */
export interface Place {
  readonly mount: Mount<FastifyRequest>
  /** Its options were given for this route, not for all of an instance. */
  readonly isRoute: boolean
}

/** What is known of a request under way. */
export interface Visit {
  /** Of the mount, when the request came. */
  readonly position: number
  recorder: ReplyRecorder | undefined
}

interface Stay {
  readonly place: Place
  readonly visit: Visit
  /** Nothing of the application sees what the reply sends. */
  readonly isUnseen: boolean
  next(): unknown
}

export class FastifyExchange implements Exchange<FastifyRequest>, ResponseFacts {
  readonly native: FastifyRequest
  readonly #reply: FastifyReply
  readonly #stay: Stay

  constructor(request: FastifyRequest, reply: FastifyReply, stay: Stay) {
    this.native = request
    this.#reply = reply
    this.#stay = stay
  }

  get request(): IncomingMessage {
    return this.native.raw
  }

  get response(): ServerResponse {
    return this.#reply.raw
  }

  get scheme(): string {
    return this.native.protocol
  }

  get authority(): string {
    return this.native.host ?? ''
  }

  get target(): string {
    return this.native.originalUrl
  }

  get isRoute(): boolean {
    return this.#stay.place.isRoute
  }

  get position(): number {
    return this.#stay.visit.position
  }

  get mountPath(): string {
    return ''
  }

  get listener(): RequestListener {
    return this.native.server.routing
  }

  isAuthenticated(): boolean {
    return isAuthenticated(this.native)
  }

  route(): string | undefined {
    return this.native.routeOptions.url
  }

  send(outgoing: OutgoingResponse): void {
    send(this.native, this.#reply, outgoing, this.#stay.isUnseen)
  }

  record(capture: Capture): Recorder {
    const recorder = new ReplyRecorder(this.native, this.#reply, capture, this)
    this.#stay.visit.recorder = recorder
    return recorder
  }

  setHandle(handle: CacheHandle<string>): void {
    this.native.cache = handle
  }

  setTarget(target: string): void {
    setTarget(this.native, target)
  }

  next(): unknown {
    return this.#stay.next()
  }
}

/** Where plugins put who has logged in: fastify-jwt, passport, those of Express by way of middie, and sessions. */
function isAuthenticated(request: FastifyRequest & { session?: { user?: unknown } | null }): boolean {
  return isLoggedIn(request as never) || isLoggedIn(request.raw) || Boolean(request.session?.user)
}
