import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type {
  Capture,
  HeaderLines,
  HeadPlan,
  OutgoingResponse,
  PlannedPart,
  ResponseHead,
} from '@restale/core/http'
import { ClientConditions, linesOf, setLines } from '@restale/core/http'
import type { Recorder, ResponseFacts } from '@restale/node'
import { applyPlan, replaceConditions, replaceHead, takeBackPlan, watchHead } from '@restale/node'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from './answer.ts'
import { answerOf, dropPayload, unwrapped } from './answer.ts'
import { withLateLines } from './late-lines.ts'
import { RecordedStream } from './recorded-stream.ts'
import { storedPayload } from './send.ts'
import { standingHeaders } from './standing-headers.ts'
import { dropTrailers } from './trailers.ts'

/**
 * Shows a capture what the handler has answered, before the hooks of other plugins work on it. It does so when the
 * head goes out: only then is it known that it does, and which cookies come with it.
 */
export class ReplyRecorder implements Recorder {
  readonly capture: Capture
  readonly baseline: HeaderLines
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #facts: ResponseFacts
  readonly #conditions: ClientConditions
  #route: string | undefined
  #answer: Answer | undefined
  /** Of the answer, if only a part of it goes out. */
  #sentStatus: number | undefined
  #isHeadOut = false
  #isEnding = false
  #plan: HeadPlan | undefined
  /** What goes out past Fastify, in the place of what was sent past it. */
  #instead: OutgoingResponse | undefined
  /** Hijacked, or written past Fastify, which does so itself where even an error handler has failed. */
  #isPastFastify: boolean | undefined

  constructor(request: FastifyRequest, reply: FastifyReply, capture: Capture, facts: ResponseFacts) {
    this.capture = capture
    this.#request = request
    this.#reply = reply
    this.#facts = facts
    this.baseline = linesOf(reply.getHeaders())
    this.#conditions = new ClientConditions(
      capture,
      (conditions) => replaceConditions(request.raw, conditions),
      () => {
        this.#route ??= facts.route()
      },
    )
    this.#intercept(reply.raw)
    reply.raw.once('close', () => {
      if (this.#isHeadOut && !capture.isRecording) return
      capture.abort(new Error('The response was closed before it was complete'))
    })
  }

  restoreRequest(): void {
    this.#conditions.restore()
  }

  run(next: () => unknown): unknown {
    return next()
  }

  /** Gives what Fastify is to send on. */
  answered(given: unknown): unknown {
    if (this.#isHeadOut) return given
    const reply = this.#reply
    this.#uncut()
    const payload = unwrapped(reply, given)
    const lines = linesOf(reply.getHeaders())
    const head = { status: reply.statusCode, lines, baseline: this.baseline }
    const instead = this.capture.replacement({ ...head, ...this.#factsNow() })
    if (instead !== undefined) return this.#replace(payload, instead)
    const answer = answerOf(reply, payload, this.capture)
    this.#answer = answer
    const part = answer.body instanceof Uint8Array ? this.capture.part(answer, answer.body) : undefined
    return part === undefined ? answer.payload : this.#cut(answer.body as Uint8Array, part)
  }

  /** A hook has failed on the part, and this is what is said of that. */
  #uncut(): void {
    if (this.#sentStatus === undefined) return
    this.#sentStatus = undefined
    this.#reply.removeHeader('content-range')
  }

  /** Now: hooks that compress would leave no bytes that could be counted. */
  #cut(body: Uint8Array, part: PlannedPart): Buffer | null {
    const reply = this.#reply
    dropTrailers(reply)
    setLines(standingHeaders(reply), part.set)
    reply.code(part.status)
    this.#sentStatus = part.status
    return part.end > part.start ? Buffer.from(body.subarray(part.start, part.end)) : null
  }

  /** As if there had been a hit: the hooks of other plugins work on that. */
  #replace(payload: unknown, instead: OutgoingResponse): unknown {
    const reply = this.#reply
    dropPayload(payload)
    dropTrailers(reply)
    for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
    setLines(standingHeaders(reply), this.baseline)
    // To a hook, undefined would mean what there was.
    return storedPayload(this.#request, reply, instead) ?? null
  }

  #intercept(response: ServerResponse): void {
    const { write, end } = response
    watchHead(response, {
      onHead: (status) => this.#headOut(status),
      onOut: () => this.capture.headOut(linesOf(response.getHeaders())),
      onRefused: (error) => this.#refused(error),
    })

    response.write = ((...args: unknown[]) => {
      if (!this.#isHeadOut) response.writeHead(response.statusCode)
      if (this.#instead !== undefined && !this.#isEnding) return dropped(args)
      const isReady = this.#plan?.isNotModified || Reflect.apply(write, response, args)
      // A slow first client must not hold up the others, so up to the cap it seems to be fast.
      return this.capture.isRecording || isReady
    }) as typeof response.write

    response.end = ((chunk: unknown, ...rest: unknown[]) => {
      // Over HTTP/2, a response has ended before it writes its head.
      if (!this.#isHeadOut) this.#isPastFastify = this.#reply.sent
      if (!this.#isHeadOut && isReplaceable(response.statusCode)) response.writeHead(response.statusCode)
      this.#isEnding = true
      if (this.#instead !== undefined)
        return Reflect.apply(end, response, [this.#instead.body, callbackIn([chunk, ...rest])])
      if (this.#plan?.isNotModified) return Reflect.apply(end, response, [])
      // Beside text, Node would send the head in the same encoding, and not in its own.
      const isText = typeof chunk === 'string' && typeof rest[0] !== 'string'
      return Reflect.apply(end, response, [isText ? Buffer.from(chunk) : chunk, ...rest])
    }) as typeof response.end
  }

  #headOut(status: number): void {
    this.#isHeadOut = true
    this.#isPastFastify ??= this.#reply.sent
    const { raw } = this.#reply
    if (this.#answer === undefined) {
      const lines = linesOf(raw.getHeaders())
      const head = { status, lines, baseline: this.baseline }
      this.#instead = this.capture.replacement({ ...head, ...this.#factsNow() })
    }
    const plan = this.capture.head(this.#head(status))
    // It has been cut by now, where it was to be.
    this.#plan = { ...plan, part: undefined }
    this.#conditions.headOut()
    applyPlan(raw, this.#plan)
    if (this.#instead !== undefined) replaceHead(raw, this.baseline, this.#instead)
    if (plan.isRecorded && this.#answer?.body instanceof RecordedStream) this.#answer.body.begin()
  }

  #factsNow(): Pick<ResponseHead, 'isAuthenticated' | 'route'> {
    return { isAuthenticated: this.#facts.isAuthenticated(), route: this.#route ?? this.#facts.route() }
  }

  #refused(error: unknown): void {
    this.capture.fail(error)
    if (this.#plan !== undefined) takeBackPlan(this.#reply.raw, this.#plan)
    this.#plan = undefined
  }

  #head(status: number): ResponseHead {
    const answer = this.#answer
    const lines = linesOf(this.#reply.raw.getHeaders())
    const facts = this.#factsNow()
    const isExpected = status === (this.#sentStatus ?? answer?.status) || status < 400
    const isAnswer = answer?.body !== undefined && isExpected
    if (!isAnswer || this.#isPastFastify) {
      if (status < 400) this.capture.skip()
      return { ...facts, status, lines, baseline: this.baseline, body: undefined }
    }
    const body = answer.body instanceof RecordedStream ? undefined : answer.body
    return { ...facts, status: answer.status, body, ...withLateLines(answer.lines, this.baseline, lines) }
  }
}

/** One that the cache may have something better for. */
function isReplaceable(status: number): boolean {
  return status === 304 || status >= 500
}

/** As if it had been written: whoever writes goes on. */
function dropped(args: readonly unknown[]): true {
  const callback = callbackIn(args)
  if (callback !== undefined) process.nextTick(callback)
  return true
}

function callbackIn(args: readonly unknown[]): (() => void) | undefined {
  return args.find((argument) => typeof argument === 'function') as (() => void) | undefined
}
