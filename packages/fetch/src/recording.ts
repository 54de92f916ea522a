import type { Capture, HeaderLines, HeadPlan, OutgoingResponse, PlannedPart } from '@restale/core/http'
import { ClientConditions, isBodyField, runInScope, setLines } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { handedOn, replaceConditions } from './conditions.ts'
import type { Exchange, Outside } from './exchange.ts'
import { headerLines } from './header-lines.ts'
import { goOn } from './journey.ts'
import type { BodyAhead } from './read-ahead.ts'
import { nextTurn, readAhead } from './read-ahead.ts'
import { recordedStream } from './recorded-stream.ts'
import { requestAt } from './request-at.ts'
import { nullBodyStatuses, ownBodied, whyAsItIs } from './response-copy.ts'
import { storedAnswer } from './send.ts'

interface Cancellable {
  cancel(): Promise<unknown>
}

/** Shows a capture the response that a handler makes. */
export class Recording {
  readonly capture: Capture
  readonly #exchange: Exchange
  /** As the handler gets it. */
  #request: Request
  #isHandedOn = false
  readonly #conditions: ClientConditions
  readonly #baseline: HeaderLines

  constructor(exchange: Exchange, capture: Capture, url: string) {
    this.capture = capture
    this.#exchange = exchange
    this.#baseline = exchange.baseline()
    this.#request = handedOn(exchange.request, url)
    this.#conditions = new ClientConditions(capture, (conditions) => this.#replace(conditions))
  }

  /**
   * What the cache asks by goes on a copy: who holds the client's own request, or asks with it at the same time, has not
   * set it. Once that one has been handed on, its conditions are only taken away, and the handler makes the whole.
   */
  #replace(conditions: HeaderLines): () => void {
    const { request } = this.#exchange
    if (conditions.length > 0 && !this.#isHandedOn) this.#request = requestAt(request, this.#request.url)
    return replaceConditions(this.#request.headers, this.#request === request ? [] : conditions)
  }

  /** A mount further in takes over: it is to see the request as the client sent it. */
  restoreRequest(): void {
    this.#conditions.restore()
  }

  async run(): Promise<Response | undefined> {
    const { capture } = this
    const { journey } = this.#exchange
    this.#isHandedOn = true
    try {
      const response = await goOn(journey, () =>
        runInScope(capture.scope, () => this.#exchange.run(this.#request, capture.handle)),
      )
      return await this.#show(response)
    } catch (error) {
      if (journey.request.signal.aborted) capture.abort(error)
      else {
        const answer = this.#standIn(error)
        if (answer !== undefined) return answer
      }
      throw error
    } finally {
      this.#conditions.headOut()
    }
  }

  async #show(given: Response | undefined): Promise<Response | undefined> {
    const { capture } = this
    const exchange = this.#exchange
    if (exchange.journey.recording !== this) return given
    if (given === undefined) return this.#standIn(new Error('The handler gave no response'))
    const reason = whyAsItIs(given)
    if (reason !== undefined) {
      // The very object goes out, or it is out already.
      capture.fail(new Error(reason))
      return given
    }
    const response = ownBodied(given)
    const failure = exchange.failure()
    if (failure !== undefined) return this.#replaced(response.body, capture.fail(failure)) ?? given
    const isEventStream = response.headers.get('content-type')?.toLowerCase().startsWith('text/event-stream')
    const body = isEventStream
      ? undefined
      : await runInScope(capture.scope, () => readAhead(response.body as ReadableStream<Uint8Array> | null))
    const headers = ownHeaders(response)
    const head = {
      status: response.status,
      lines: [...headerLines(headers, this.#baseline), ...exchange.comingLines()],
      baseline: this.#baseline,
      isAuthenticated: exchange.isAuthenticated(),
      route: exchange.route(),
    }
    const replaced = this.#replaced(unread(response, body), capture.replacement(head))
    if (replaced !== undefined) return replaced
    const plan = capture.head({
      ...head,
      body: body?.whole,
      settled: exchange.outside && this.#look(exchange.outside),
    })
    return this.#planned(response, headers, body, plan)
  }

  /** A stored response in the place of a failure, of which the server does not hear then. */
  #standIn(error: unknown): Response | undefined {
    const stored = this.capture.fail(error)
    if (stored !== undefined) console.error(error)
    return this.#replaced(null, stored)
  }

  /** A stored response in the place of the handler's, of which nobody will read the rest. */
  #replaced(rest: Cancellable | null, stored: OutgoingResponse | undefined): Response | undefined {
    if (stored === undefined) return undefined
    // A branch of a body that somebody else reads, too, is not cancelled before that one is.
    rest?.cancel().catch(() => {})
    return storedAnswer(this.#exchange.journey, stored, this.#baseline)
  }

  /**
   * Layers outside may set a cookie for what the handler did, as sessions do. Most have done so when everything that is
   * ready has had its turn; whoever takes longer takes back what has been stored.
   */
  async #look(outside: Outside): Promise<void> {
    const look = () => void this.capture.headOut(outside.lines())
    outside.watch(look)
    await nextTurn()
    look()
  }

  #planned(response: Response, headers: Headers, body: BodyAhead | undefined, plan: HeadPlan): Response {
    for (const name of plan.removed) headers.delete(name)
    setLines(headers, plan.set)
    setCacheStatus(this.#exchange.journey, headers, plan.cacheStatus)
    setLines(headers, plan.part?.set ?? [])
    const status = plan.isNotModified ? 304 : (plan.part?.status ?? response.status)
    const hasBody = !nullBodyStatuses.has(status)
    if (plan.isNotModified) {
      for (const name of [...headers.keys()]) if (isBodyField(name)) headers.delete(name)
    } else if (hasBody && body?.whole !== undefined && !headers.has('content-length')) {
      headers.set('Content-Length', String(body.whole.byteLength))
    }
    const statusText = status === response.status ? response.statusText : ''
    return new Response(hasBody ? this.#sent(response, body, plan.part) : null, {
      status,
      statusText,
      headers,
    })
  }

  #sent(
    response: Response,
    body: BodyAhead | undefined,
    part: PlannedPart | undefined,
  ): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null {
    if (body === undefined) return response.body as ReadableStream<Uint8Array> | null
    if (body.whole === undefined) return recordedStream(body, this.capture)
    const sent = part === undefined ? body.whole : body.whole.subarray(part.start, part.end)
    return sent.byteLength === 0 ? null : sent
  }
}

/** A copy. What is coded depends on what the client accepts, which compression in Hono before 4.13 does not say. */
function ownHeaders(response: Response): Headers {
  const headers = new Headers(response.headers)
  const isCoded = !/^(identity)?$/i.test(headers.get('content-encoding') ?? '')
  if (isCoded && !/\baccept-encoding\b|\*/i.test(headers.get('vary') ?? ''))
    headers.append('Vary', 'Accept-Encoding')
  return headers
}

/** What of a body has not been read, if anything. */
function unread(response: Response, body: BodyAhead | undefined): Cancellable | null {
  if (body === undefined) return response.body
  return body.whole === undefined ? body.reader : null
}
