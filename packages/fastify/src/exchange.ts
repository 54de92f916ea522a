import type { Mount } from '@restale/core/http'
import type { Exchange, ResponseFacts } from '@restale/node'
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
  next(): unknown
}

export function exchange(
  request: FastifyRequest,
  reply: FastifyReply,
  { place, visit, next }: Stay,
): Exchange<FastifyRequest> {
  const facts: ResponseFacts = {
    isAuthenticated: () => isAuthenticated(request),
    route: () => request.routeOptions.url,
  }
  return {
    request: request.raw,
    native: request,
    response: reply.raw,
    scheme: request.protocol,
    authority: request.host ?? '',
    target: request.originalUrl,
    isRoute: place.isRoute,
    position: visit.position,
    mountPath: '',
    listener: request.server.routing,
    isAuthenticated: facts.isAuthenticated,
    send: (outgoing) => send(request, reply, outgoing),
    record: (capture) => {
      visit.recorder = new ReplyRecorder(request, reply, capture, facts)
      return visit.recorder
    },
    setHandle: (handle) => {
      request.cache = handle
    },
    setTarget: (target) => setTarget(request, target),
    next,
  }
}

/** Where plugins put who has logged in: fastify-jwt, passport, those of Express by way of middie, and sessions. */
function isAuthenticated(request: FastifyRequest & { session?: { user?: unknown } | null }): boolean {
  return isLoggedIn(request as never) || isLoggedIn(request.raw) || Boolean(request.session?.user)
}
