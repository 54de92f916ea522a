import type { Capture, HeaderLines, HeadPlan } from '@restale/core/http'
import { ClientConditions, isBodyField, runInScope, setLines } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { handedOn, hideConditions } from './conditions.ts'
import type { Exchange, Outside } from './exchange.ts'
import { headerLines } from './header-lines.ts'
import { goOn } from './journey.ts'
import type { BodyAhead } from './read-ahead.ts'
import { nextTurn, readAhead } from './read-ahead.ts'
import { recordedStream } from './recorded-stream.ts'
import { nullBodyStatuses, ownBodied, whyAsItIs } from './response-copy.ts'

/** Shows a capture the response that a handler makes. */
export class Recording {
  readonly capture: Capture
  readonly #exchange: Exchange
  /** As the handler gets it. */
  readonly #request: Request
  readonly #conditions: ClientConditions
  readonly #baseline: HeaderLines

  constructor(exchange: Exchange, capture: Capture, url: string) {
    this.capture = capture
    this.#exchange = exchange
    this.#baseline = exchange.baseline()
    this.#request = handedOn(exchange.request, url)
    this.#conditions = new ClientConditions(capture, () => hideConditions(this.#request.headers))
  }

  /** A mount further in takes over: it is to see the request as the client sent it. */
  restoreRequest(): void {
    this.#conditions.restore()
  }

  async run(): Promise<Response | undefined> {
    const { capture } = this
    const { journey } = this.#exchange
    try {
      const response = await goOn(journey, () =>
        runInScope(capture.scope, () => this.#exchange.run(this.#request, capture.handle)),
      )
      return await this.#show(response)
    } catch (error) {
      if (journey.request.signal.aborted) capture.abort(error)
      else capture.fail(error)
      throw error
    } finally {
      this.#conditions.headOut()
    }
  }

  async #show(given: Response | undefined): Promise<Response | undefined> {
    const { capture } = this
    const exchange = this.#exchange
    if (exchange.journey.recording !== this) return given
    const problem = exchange.failure() ?? unusable(given)
    if (given === undefined || problem !== undefined) {
      capture.fail(problem ?? new Error('The handler gave no response'))
      return given
    }
    const response = ownBodied(given)
    const isEventStream = response.headers.get('content-type')?.toLowerCase().startsWith('text/event-stream')
    const body = isEventStream
      ? undefined
      : await runInScope(capture.scope, () => readAhead(response.body as ReadableStream<Uint8Array> | null))
    const headers = ownHeaders(response)
    const plan = capture.head({
      status: response.status,
      lines: [...headerLines(headers, this.#baseline), ...exchange.comingLines()],
      baseline: this.#baseline,
      body: body?.whole,
      settled: exchange.outside && this.#look(exchange.outside),
      isAuthenticated: exchange.isAuthenticated(),
      route: exchange.route(),
    })
    return this.#planned(response, headers, body, plan)
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
    setLines(headers, plan.set)
    setCacheStatus(this.#exchange.journey, headers, plan.cacheStatus)
    const status = plan.isNotModified ? 304 : response.status
    const hasBody = !nullBodyStatuses.has(status)
    if (plan.isNotModified) {
      for (const name of [...headers.keys()]) if (isBodyField(name)) headers.delete(name)
    } else if (hasBody && body?.whole !== undefined && !headers.has('content-length')) {
      headers.set('Content-Length', String(body.whole.byteLength))
    }
    const statusText = plan.isNotModified ? '' : response.statusText
    return new Response(hasBody ? this.#sent(response, body) : null, { status, statusText, headers })
  }

  #sent(
    response: Response,
    body: BodyAhead | undefined,
  ): ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null {
    if (body === undefined) return response.body as ReadableStream<Uint8Array> | null
    if (body.whole === undefined) return recordedStream(body, this.capture)
    return body.whole.byteLength === 0 ? null : body.whole
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

/** What is no response that could be read, and has to go out as the very object it is. */
function unusable(response: Response | undefined): Error | undefined {
  if (response === undefined) return undefined
  const reason = whyAsItIs(response)
  return reason === undefined ? undefined : new Error(reason)
}
