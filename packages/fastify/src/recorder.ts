import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'
import type { Capture, HeadPlan, ResponseHead } from '@restale/core/http'
import { ClientConditions, linesOf } from '@restale/core/http'
import type { Recorder, ResponseFacts } from '@restale/node'
import { applyPlan, hideConditions, takeBackPlan, watchHead } from '@restale/node'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from './answer.ts'
import { answerOf } from './answer.ts'
import { withLateLines } from './late-lines.ts'
import { RecordedStream } from './recorded-stream.ts'

/**
 * Shows a capture what the handler has answered, before the hooks of other plugins work on it. It does so when the
 * head goes out: only then is it known that it does, and which cookies come with it.
 */
export class ReplyRecorder implements Recorder {
  readonly capture: Capture
  readonly #reply: FastifyReply
  readonly #facts: ResponseFacts
  readonly #conditions: ClientConditions
  readonly #baseline: readonly string[]
  #route: string | undefined
  #answer: Answer | undefined
  #isHeadOut = false
  #plan: HeadPlan | undefined
  /** Hijacked, or written past Fastify, which does so itself where even an error handler has failed. */
  #isPastFastify: boolean | undefined

  constructor(request: FastifyRequest, reply: FastifyReply, capture: Capture, facts: ResponseFacts) {
    this.capture = capture
    this.#reply = reply
    this.#facts = facts
    this.#baseline = linesOf(reply.getHeaders())
    this.#conditions = new ClientConditions(
      capture,
      () => hideConditions(request.raw),
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
  answered(payload: unknown): unknown {
    if (this.#isHeadOut) return payload
    this.#answer = answerOf(this.#reply, payload, this.capture)
    return this.#answer.payload
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
      const isReady = this.#plan?.isNotModified || Reflect.apply(write, response, args)
      // A slow first client must not hold up the others, so up to the cap it seems to be fast.
      return this.capture.isRecording || isReady
    }) as typeof response.write

    response.end = ((chunk: unknown, ...rest: unknown[]) => {
      // Over HTTP/2, a response has ended before it writes its head.
      if (!this.#isHeadOut) this.#isPastFastify = this.#reply.sent
      if (this.#plan?.isNotModified) return Reflect.apply(end, response, [])
      // Beside text, Node would send the head in the same encoding, and not in its own.
      const isText = typeof chunk === 'string' && typeof rest[0] !== 'string'
      return Reflect.apply(end, response, [isText ? Buffer.from(chunk) : chunk, ...rest])
    }) as typeof response.end
  }

  #headOut(status: number): void {
    this.#isHeadOut = true
    this.#isPastFastify ??= this.#reply.sent
    const plan = this.capture.head(this.#head(status))
    this.#plan = plan
    this.#conditions.headOut()
    applyPlan(this.#reply.raw, plan)
    if (plan.isRecorded && this.#answer?.body instanceof RecordedStream) this.#answer.body.begin()
  }

  #refused(error: unknown): void {
    this.capture.fail(error)
    if (this.#plan !== undefined) takeBackPlan(this.#reply.raw, this.#plan)
    this.#plan = undefined
  }

  #head(status: number): ResponseHead {
    const answer = this.#answer
    const lines = linesOf(this.#reply.raw.getHeaders())
    const facts = {
      isAuthenticated: this.#facts.isAuthenticated(),
      route: this.#route ?? this.#facts.route(),
    }
    const isAnswer = answer?.body !== undefined && (status === answer.status || status < 400)
    if (!isAnswer || this.#isPastFastify) {
      if (status < 400) this.capture.skip()
      return { ...facts, status, lines, baseline: this.#baseline, body: undefined }
    }
    const body = answer.body instanceof RecordedStream ? undefined : answer.body
    return { ...facts, status: answer.status, body, ...withLateLines(answer.lines, this.#baseline, lines) }
  }
}
