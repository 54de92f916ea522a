import type { Mount, Verdict } from '@restale/core/http'
import { giveUp, runInScope } from '@restale/core/http'
import { withCacheStatus } from './cache-status.ts'
import type { Exchange } from './exchange.ts'
import { headerLines } from './header-lines.ts'
import { incomingRequest } from './incoming.ts'
import type { Journey } from './journey.ts'
import { goOn } from './journey.ts'
import { Recording } from './recording.ts'
import { runAgain } from './refill.ts'
import { requestAt } from './request-at.ts'
import { storedAnswer } from './send.ts'

type Answer = Response | undefined | Promise<Response | undefined>

/** Carries out what the mount decides on a request. No promise for a hit. */
export function serve(mount: Mount<Journey>, exchange: Exchange): Answer {
  const { journey } = exchange
  // A refill goes on until its body has been read.
  const isOutermost = journey.dispatch === undefined && journey.refill === undefined
  const answer = answerOf(mount, exchange)
  if (!isOutermost) return answer
  if (answer instanceof Promise) return answer.finally(() => journey.end())
  journey.end()
  return answer
}

function answerOf(mount: Mount<Journey>, exchange: Exchange): Answer {
  const { journey } = exchange
  journey.recording?.restoreRequest()
  journey.subject = exchange.subject
  journey.dispatch ??= exchange.dispatch
  const whole = withWholeUrl(exchange)
  const verdict = mount.decide(incomingRequest(whole))
  return verdict instanceof Promise
    ? verdict.then((decided) => carryOutLate(decided, whole))
    : carryOut(verdict, whole)
}

/** A mount further out may have taken query parameters away that are in the key of this one. */
function withWholeUrl(exchange: Exchange): Exchange {
  const { journey, request } = exchange
  const { url } = journey.request
  journey.url = url
  return request.url === url ? exchange : { ...exchange, request: requestAt(request, url) }
}

/** By now its client may have left. */
function carryOutLate(verdict: Verdict, exchange: Exchange): Answer {
  if (!exchange.request.signal.aborted) return carryOut(verdict, exchange)
  giveUp(verdict)
  return new Response(null, { status: 503 })
}

function carryOut(verdict: Verdict, exchange: Exchange): Answer {
  const { journey, request } = exchange
  switch (verdict.do) {
    case 'pass': {
      const run = () => exchange.run(request, verdict.handle)
      const answer = goOn(journey, () => runInScope(verdict.scope, run))
      return answer instanceof Promise
        ? answer.then((response) => passed(response, verdict, journey))
        : passed(answer, verdict, journey)
    }
    case 'send':
      exchange.setHandle(verdict.handle)
      verdict.refill?.run((refill) => runAgain(refill, exchange))
      return storedAnswer(journey, verdict.response, exchange.baseline())
    case 'capture':
      journey.url = urlAt(journey.request.url, verdict.target)
      journey.recording = new Recording(exchange, verdict.capture, journey.url)
      return journey.recording.run()
  }
}

/** A response that goes past the cache. */
function passed(
  response: Response | undefined,
  { watch, cacheStatus }: Extract<Verdict, { do: 'pass' }>,
  journey: Journey,
): Response | undefined {
  if (response !== undefined && response.status >= 200)
    watch?.(response.status, headerLines(response.headers))
  return withCacheStatus(journey, response, cacheStatus)
}

function urlAt(url: string, target: string): string {
  return url.slice(0, url.indexOf('/', url.indexOf('://') + 3)) + target
}
