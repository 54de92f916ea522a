import type { Lifecycle, Request, ResponseObject, ResponseToolkit } from '@hapi/hapi'
import type { Cache } from '@restale/core'
import type { IncomingRequest, Mount, Verdict } from '@restale/core/http'
import { giveUp, linesOf } from '@restale/core/http'
import { watchPassed } from '@restale/node'
import { isAuthenticated } from './authentication.ts'
import { setStandingStatus } from './headers.ts'
import { journeyOf } from './journey.ts'
import { Recorder } from './recorder.ts'
import { redispatch, refillOf } from './redispatch.ts'
import { storedReply } from './send.ts'
import { narrowQuery } from './target.ts'

const unknownErrorStatus = 599

/** The cache as it stands on one route. */
export interface Place {
  readonly cache: Cache
  readonly mount: Mount<Request>
  /** Its options were given for this route, not for all of a server or plugin. */
  readonly isRoute: boolean
  readonly statuses: readonly number[] | 'any'
}

/** Carries out what the mount decides on a request. */
export function serve(place: Place, request: Request, h: ResponseToolkit): Lifecycle.ReturnValue {
  const verdict = place.mount.decide(incomingRequest(place, request))
  return verdict instanceof Promise
    ? verdict.then((decided) => carryOutLate(decided, place, request, h))
    : carryOut(verdict, place, request, h)
}

function incomingRequest({ cache, isRoute }: Place, request: Request): IncomingRequest<Request> {
  const { raw, server, info } = request
  const headers = request.headers as IncomingRequest['headers']
  return {
    method: request.method.toUpperCase(),
    scheme: server.info.protocol,
    authority: info.host,
    target: raw.req.url as string,
    headers,
    // Requests made by `inject` have none.
    rawHeaders: raw.req.rawHeaders ?? linesOf(headers),
    native: request,
    position: journeyOf(request).positions.get(cache),
    isAuthenticated: isAuthenticated(request),
    isRoute,
    refill: refillOf(request),
  }
}

/** By now its client may have left, or a timeout may have answered it. */
function carryOutLate(
  verdict: Verdict,
  place: Place,
  request: Request,
  h: ResponseToolkit,
): Lifecycle.ReturnValue {
  if (request.active() && !request.raw.res.headersSent) return carryOut(verdict, place, request, h)
  giveUp(verdict)
  return h.continue
}

function carryOut(
  verdict: Verdict,
  place: Place,
  request: Request,
  h: ResponseToolkit,
): Lifecycle.ReturnValue {
  const journey = journeyOf(request)
  switch (verdict.do) {
    case 'pass':
      request.cache = verdict.handle
      journey.setScope(verdict.scope)
      if (verdict.cacheStatus !== undefined) setStandingStatus(request, verdict.cacheStatus)
      if (verdict.watch !== undefined) watchPassed(request.raw.res, verdict.watch)
      return h.continue
    case 'send':
      request.cache = verdict.handle
      verdict.refill?.run((refill) => redispatch(request, refill))
      return unvalidated(request, storedReply(request, h, verdict.response).takeover())
    case 'capture': {
      const { capture, target } = verdict
      request.cache = capture.handle
      journey.setScope(capture.scope)
      journey.recording = new Recorder(request, capture, place.statuses)
      if (target !== request.raw.req.url) narrowQuery(request, target)
      return h.continue
    }
  }
}

/**
 * What is stored was valid when it was made, and hapi refuses to validate bytes. It never does so for errors, so
 * this one looks like one until validation is over.
 */
function unvalidated(request: Request, response: ResponseObject): ResponseObject {
  const { schema, status } = request.route.settings.response ?? {}
  if (schema === undefined && status === undefined) return response
  const { statusCode } = response
  const respond = (h: ResponseToolkit) => {
    response.code(statusCode)
    return h.continue
  }
  journeyOf(request).recording = { respond, finish: () => {} }
  return response.code(unknownErrorStatus)
}
