import type { Lifecycle, Request, ResponseObject, ResponseToolkit } from '@hapi/hapi'
import type { Capture, OutgoingResponse } from '@restale/core/http'
import { ClientConditions, replaceConditions } from '@restale/core/http'
import { plannedBody, watchHead } from '@restale/node'
import { statusOf, wholeBody } from './body.ts'
import { recordFlow, writeBytes } from './flow.ts'
import { applyPlan, applyPlanLate, HeadShow } from './head.ts'
import type { Headers } from './headers.ts'
import { contentPolicy, setOwnControl, setStandingStatus, withStanding } from './headers.ts'
import { contentTypeOf, isMadeLate } from './internals.ts'
import { hideRange } from './ranges.ts'
import { notModified, partOf, storedReply } from './send.ts'

type Failure = Exclude<Request['response'], ResponseObject>

/** Shows a capture the response to one request, before anything outside of the cache has been at it. */
export class Recorder {
  readonly #request: Request
  readonly #capture: Capture
  readonly #statuses: readonly number[] | 'any'
  readonly #conditions: ClientConditions
  readonly #heads: HeadShow
  #isEnded = false
  /** Of a response that was stored before it went out. */
  #status: number | undefined

  constructor(request: Request, capture: Capture, statuses: readonly number[] | 'any') {
    this.#request = request
    this.#capture = capture
    this.#statuses = statuses
    this.#conditions = new ClientConditions(capture, (conditions) =>
      replaceConditions(request.headers, conditions),
    )
    this.#heads = new HeadShow(request, capture)
  }

  /** The response is there, and hapi has not begun to send it. Gives what is to be sent: mostly the same. */
  respond(h: ResponseToolkit): Lifecycle.ReturnValue {
    this.#conditions.headOut()
    if (this.#capture.scope.isDecided) hideRange(this.#request)
    const { response } = this.#request
    const instead = this.#replacement(response, h)
    if (instead !== undefined) return instead
    if (isFailure(response)) return this.#recordFailure(response, h)
    const answer = this.#recordOrReplace(response, h)
    // The same again, given back, would keep other extensions from seeing one that took over.
    return answer === response ? h.continue : answer
  }

  /** The request is over, however that came about. */
  finish(): void {
    const { response, raw, route } = this.#request
    // `h.abandon` and `h.close`: somebody else answers, and nobody sees what.
    const isAbandoned = typeof response === 'symbol'
    if (isAbandoned) this.#capture.handle.skip()
    const { statusCode } = raw.res
    const isOther = this.#status !== undefined && statusCode !== this.#status && statusCode >= 400
    if (this.#isEnded && !isOther) return
    const error = new Error('The response was over before it was complete, or another one was sent')
    const goneStatus = route.settings.response?.disconnectStatusCode
    const isGone = !isAbandoned && isFailure(response) && response.output.statusCode === goneStatus
    if (isGone || isAbandoned) this.#capture.abort(error)
    else this.#capture.fail(error)
  }

  /** As if there had been a hit: other extensions work on that. */
  #replacement(response: Request['response'], h: ResponseToolkit): ResponseObject | undefined {
    const { statusCode: status, headers } = isFailure(response)
      ? { statusCode: response.output.statusCode, headers: response.output.headers as Headers }
      : (response as ResponseObject)
    const instead = this.#heads.replacement({
      status,
      headers: withStanding(this.#request, headers as Headers),
    })
    return instead === undefined ? undefined : this.#replace(instead, h, status)
  }

  #replace(instead: OutgoingResponse, h: ResponseToolkit, status = 500): ResponseObject {
    this.#isEnded = true
    this.#heads.restoreBaseline()
    // Beside a 304, the handler's cookies are for its client all the same.
    if (status !== 304) this.#heads.restoreCookies()
    return storedReply(this.#request, h, instead)
  }

  /** hapi makes an error of an object that is no JSON only when it sends it. */
  #recordOrReplace(response: ResponseObject, h: ResponseToolkit): ResponseObject {
    try {
      return this.#record(response, h)
    } catch (error) {
      const instead = this.#capture.fail(error)
      if (instead === undefined) throw error
      return this.#replace(instead, h)
    }
  }

  #record(response: ResponseObject, h: ResponseToolkit): ResponseObject {
    setOwnControl(this.#request, response)
    const headers: Headers = response.headers
    const body = wholeBody(this.#request, response)
    if (body === undefined) {
      this.#recordLater(response)
      return response
    }
    const type = contentTypeOf(response)
    if (type !== null) response.type(type)
    const status = statusOf(this.#request, response, body)
    const plan = this.#heads.show({
      status,
      headers: withStanding(this.#request, headers),
      body,
      isHeld: true,
    })
    applyPlan(this.#request, plan, headers)
    writeBytes(this.#request)
    this.#endWithHead()
    this.#status = plan.isNotModified ? 304 : (plan.part?.status ?? status)
    if (plan.part !== undefined)
      return partOf(this.#request, h, headers, { status: this.#status, bytes: plannedBody(plan, body) })
    return plan.isNotModified ? notModified(h, headers) : response
  }

  /** The body is there, and whether it is for everybody shows with the head. */
  #endWithHead(): void {
    watchHead(this.#request.raw.res, {
      onHead: () => {},
      onOut: () => {
        this.#heads.out()
        this.#isEnded = true
        this.#capture.end()
      },
      onRefused: () => {},
    })
  }

  #recordFailure({ output }: Failure, h: ResponseToolkit): Lifecycle.ReturnValue {
    const { statusCode, payload } = output
    const headers = output.headers as Headers
    if (this.#statuses === 'any' || this.#statuses.includes(statusCode)) {
      // What is stored comes back as a plain response, so it is one the first time, too.
      const plain = h.response(payload).code(statusCode)
      for (const [name, value] of Object.entries(headers)) plain.header(name, value as string)
      return this.#record(plain, h)
    }
    const head = { status: statusCode, headers: withStanding(this.#request, headers) }
    const { cacheStatus } = this.#heads.show(head)
    // Not among its own headers: applications throw one error over and over.
    if (cacheStatus !== undefined) setStandingStatus(this.#request, cacheStatus)
    return h.continue
  }

  /** The head is complete only when hapi sends it, and the body is seen as it flows. */
  #recordLater(response: ResponseObject): void {
    const own = withStanding(this.#request, response.headers)
    const isMixed = response.variety !== 'stream' || isMadeLate(response)
    const promised = own['content-length']
    recordFlow(this.#request, response, this.#capture, {
      length: promised === undefined ? undefined : Number(promised),
      onHead: (status) => {
        const sent: Headers = response.headers
        // Compression by hapi takes the length away; this coding has come with the body, and with lines of its own.
        const isCoded = sent['content-encoding'] !== own['content-encoding'] && sent['content-length']
        if (isCoded) this.#capture.handle.skip()
        const policy = isMixed ? contentPolicy(this.#request) : {}
        const headers = { ...policy, ...own, 'content-type': sent['content-type'] }
        applyPlanLate(this.#request, this.#heads.show({ status, headers, isMixed }))
      },
      onOut: () => this.#heads.out(),
      onEnd: () => {
        this.#isEnded = true
        this.#capture.end()
      },
    })
  }
}

function isFailure(response: Request['response']): response is Failure {
  return 'isBoom' in response
}
