import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CacheHandle, IncomingRequest, Mount, Refill, Verdict } from '@restale/core/http'
import { runInScope } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import type { ResponseFacts } from './capture.ts'
import { ResponseCapture } from './capture.ts'
import { redispatch, refillOf } from './redispatch.ts'
import { sendResponse } from './send.ts'

/** One request at one mount, as its framework has it. */
export interface Exchange<Native> extends ResponseFacts {
  readonly request: IncomingMessage & Native
  readonly response: ServerResponse
  readonly scheme: string
  readonly authority: string
  /** As the client sent it. */
  readonly target: string
  readonly isRoute: boolean
  /** The part of the path that led to this mount; a refill comes to it by the same. */
  readonly mountPath: string
  /** The whole application, to which a refill is dispatched. */
  readonly listener: RequestListener
  /** Puts the handle where the framework's users look for it. */
  setHandle(handle: CacheHandle<string>): void
  /** Lets the handler see this target, query parameters that are not in the key taken out. */
  setTarget(target: string): void
  /** Runs what is mounted below. */
  next(error?: unknown): void
}

/** The captures of a request in progress, the innermost. */
const captures = new WeakMap<IncomingMessage, ResponseCapture>()
/** The path that led the trigger of a refill to its mount. */
const mountPaths = new WeakMap<Refill, string>()
/** Requests whose handler sees less of the target than the client sent. */
const narrowed = new WeakSet<IncomingMessage>()

/** Carries out what the mount decides on a request. */
export function serve<Native>(mount: Mount<Native>, exchange: Exchange<Native>): void {
  const outer = captures.get(exchange.request)
  outer?.restoreRequest()
  if (narrowed.delete(exchange.request)) exchange.setTarget(exchange.target)
  const verdict = mount.decide(incomingRequest(mount, exchange, outer))
  if (verdict instanceof Promise) {
    verdict.then((decided) => carryOutLate(decided, exchange)).catch((error) => exchange.next(error))
  } else carryOut(verdict, exchange)
}

/** Not one that has come to its mount by another path: another handler would answer it. */
function refillFor<Native>(
  mount: Mount<Native>,
  { request, mountPath }: Exchange<Native>,
): Refill | undefined {
  const refill = refillOf(request)
  const isAstray = refill?.mount === mount && !refill.isReached && mountPaths.get(refill) !== mountPath
  return isAstray ? undefined : refill
}

function incomingRequest<Native>(
  mount: Mount<Native>,
  exchange: Exchange<Native>,
  outer: ResponseCapture | undefined,
): IncomingRequest<Native> {
  const { request } = exchange
  return {
    method: request.method as string,
    scheme: exchange.scheme,
    authority: exchange.authority,
    target: exchange.target,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    native: request,
    isAuthenticated: exchange.isAuthenticated(),
    isRoute: exchange.isRoute,
    refill: refillFor(mount, exchange),
    outer: outer?.capture,
  }
}

/** While a request waited, its client may have left, or somebody else may have answered it: a timeout, mostly. */
function carryOutLate<Native>(verdict: Verdict, exchange: Exchange<Native>): void {
  const { headersSent, destroyed } = exchange.response
  if (!headersSent && !destroyed) carryOut(verdict, exchange)
  else if (verdict.do === 'capture')
    verdict.capture.abort(new Error('The request was over before its turn came'))
  else if (verdict.do === 'send') verdict.refill?.fail(new Error('The request was over before its turn came'))
}

function carryOut<Native>(verdict: Verdict, exchange: Exchange<Native>): void {
  const { request, response } = exchange
  switch (verdict.do) {
    case 'pass':
      exchange.setHandle(verdict.handle)
      if (verdict.cacheStatus !== undefined) setCacheStatus(response, verdict.cacheStatus)
      runInScope(verdict.scope, () => exchange.next())
      break
    case 'send':
      exchange.setHandle(verdict.handle)
      sendResponse(response, verdict.response)
      verdict.refill?.run((refill) => {
        mountPaths.set(refill, exchange.mountPath)
        return redispatch(exchange.listener, refill, request.socket)
      })
      break
    case 'capture':
      exchange.setHandle(verdict.capture.handle)
      captures.set(request, new ResponseCapture(request, response, verdict.capture, exchange))
      if (verdict.target !== exchange.target) {
        narrowed.add(request)
        exchange.setTarget(verdict.target)
      }
      runInScope(verdict.capture.scope, () => exchange.next())
      break
  }
}
