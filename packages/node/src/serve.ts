import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type {
  CacheHandle,
  Capture,
  IncomingRequest,
  Mount,
  OutgoingResponse,
  Refill,
  Verdict,
} from '@restale/core/http'
import { giveUp, runInScope } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import type { Recorder } from './recorder.ts'
import { redispatch, refillOf } from './redispatch.ts'
import { restoreBaseline } from './send.ts'
import { watchPassed } from './watch-passed.ts'

/** One request at one mount, as its framework has it. */
export interface Exchange<Native> {
  readonly request: IncomingMessage
  /** What the framework's users know the request as. */
  readonly native: Native
  readonly response: ServerResponse
  readonly scheme: string
  readonly authority: string
  /** As the client sent it. */
  readonly target: string
  readonly isRoute: boolean
  /** That of the mount when the request came, where something else has looked at it before. */
  readonly position?: number | undefined
  /** Someone is logged in on the request by now. */
  isAuthenticated(): boolean
  /** The part of the path that led to this mount; a refill comes to it by the same. */
  readonly mountPath: string
  /** The whole application, to which a refill is dispatched. */
  readonly listener: RequestListener
  /** Puts the handle where the framework's users look for it. */
  setHandle(handle: CacheHandle<string>): void
  /** Lets the handler see this target, query parameters that are not in the key taken out. */
  setTarget(target: string): void
  /** Sends a stored response in the place of the handler's. */
  send(response: OutgoingResponse): void
  /** Shows the capture what the handler makes. */
  record(capture: Capture): Recorder
  /** What was mounted below has thrown, and something stored goes out in its place. */
  swallowed?(error: unknown): void
  /** Runs what is mounted below; a promise if that gives one. */
  next(error?: unknown): unknown
}

/** Who records a request in progress, the innermost. */
const recorders = new WeakMap<IncomingMessage, Recorder>()
/** The path that led the trigger of a refill to its mount. */
const mountPaths = new WeakMap<Refill, string>()
/** Requests whose handler sees less of the target than the client sent. */
const narrowed = new WeakSet<IncomingMessage>()

/** Carries out what the mount decides on a request. Gives what `next` gives; rejects or throws what that throws. */
export function serve<Native>(mount: Mount<Native>, exchange: Exchange<Native>): unknown {
  const outer = recorders.get(exchange.request)
  outer?.restoreRequest()
  if (narrowed.delete(exchange.request)) exchange.setTarget(exchange.target)
  const verdict = mount.decide(incomingRequest(mount, exchange, outer))
  return verdict instanceof Promise
    ? verdict.then((decided) => carryOutLate(decided, exchange))
    : carryOut(verdict, exchange)
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
  outer: Recorder | undefined,
): IncomingRequest<Native> {
  const { request } = exchange
  return {
    method: request.method as string,
    scheme: exchange.scheme,
    authority: exchange.authority,
    target: exchange.target,
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    native: exchange.native,
    carrier: request,
    position: exchange.position,
    isAuthenticated: exchange.isAuthenticated(),
    isRoute: exchange.isRoute,
    refill: refillFor(mount, exchange),
    outer: outer?.capture,
  }
}

/** By now its client may have left, or somebody else may have answered it: a timeout, mostly. */
function carryOutLate<Native>(verdict: Verdict, exchange: Exchange<Native>): unknown {
  const { headersSent, destroyed } = exchange.response
  if (!headersSent && !destroyed) return carryOut(verdict, exchange)
  giveUp(verdict)
  return undefined
}

function carryOut<Native>(verdict: Verdict, exchange: Exchange<Native>): unknown {
  const { request, response } = exchange
  switch (verdict.do) {
    case 'pass':
      exchange.setHandle(verdict.handle)
      setCacheStatus(response, verdict.cacheStatus)
      if (verdict.watch !== undefined) watchPassed(response, verdict.watch)
      return runInScope(verdict.scope, () => exchange.next())
    case 'send':
      exchange.setHandle(verdict.handle)
      exchange.send(verdict.response)
      verdict.refill?.run((refill) => {
        mountPaths.set(refill, exchange.mountPath)
        return redispatch(exchange.listener, refill, request.socket)
      })
      return undefined
    case 'capture':
      exchange.setHandle(verdict.capture.handle)
      return record(exchange, verdict.capture, verdict.target)
  }
}

/**
 * What throws in there is the caller's; the response that it leaves behind is none to wait for. Unless something that is
 * stored may go out in its place.
 */
function record<Native>(exchange: Exchange<Native>, capture: Capture, target: string): unknown {
  let recorder: Recorder | undefined
  const fail = (error: unknown): undefined => {
    const instead = capture.fail(error)
    if (instead === undefined || recorder === undefined || exchange.response.headersSent) throw error
    restoreBaseline(exchange.response, recorder.baseline)
    exchange.send(instead)
    exchange.swallowed?.(error)
  }
  try {
    narrow(exchange, target)
    const begun = exchange.record(capture)
    recorder = begun
    recorders.set(exchange.request, begun)
    const result = runInScope(capture.scope, () => begun.run(() => exchange.next()))
    return result instanceof Promise ? result.catch(fail) : result
  } catch (error) {
    return fail(error)
  }
}

function narrow<Native>(exchange: Exchange<Native>, target: string): void {
  if (target === exchange.target) return
  narrowed.add(exchange.request)
  exchange.setTarget(target)
}
