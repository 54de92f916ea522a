import { Buffer } from 'node:buffer'
import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream'
import type { Capture, HeaderLines, HeadPlan, OutgoingResponse } from '@restale/core/http'
import { ClientConditions } from '@restale/core/http'
import type { Recorder, ResponseFacts } from '@restale/node'
import {
  applyPlan,
  headerLines,
  isRefill,
  plannedBody,
  replaceConditions,
  restoreBaseline,
  setCacheStatus,
  watchHead,
} from '@restale/node'
import type { Context } from 'koa'
import type { ContextBody } from './context-body.ts'
import { isLeftToKoa, readableOf, statusBodyType, wholeBody } from './context-body.ts'
import { recordedBody } from './recorded-body.ts'
import { send } from './send.ts'
import { watchHandler } from './watch-handler.ts'

/**
 * Shows a capture what the handler has left on the context, when `next` is over and before Koa responds. What
 * stands outside works on the context after us, so its work is not seen.
 */
export class ContextRecorder implements Recorder {
  readonly capture: Capture
  readonly baseline: HeaderLines
  readonly #ctx: Context
  readonly #facts: ResponseFacts
  readonly #conditions: ClientConditions
  #isComplete = false
  #isOut = false

  constructor(ctx: Context, capture: Capture, facts: ResponseFacts) {
    this.capture = capture
    this.#ctx = ctx
    this.#facts = facts
    this.#conditions = new ClientConditions(capture, (conditions) => replaceConditions(ctx.req, conditions))
    this.baseline = headerLines(ctx.res)
  }

  restoreRequest(): void {
    this.#conditions.restore()
  }

  async run(next: () => unknown): Promise<void> {
    const unwatch = watchHandler(this.#ctx.res, {
      // Nobody is to wait for what has no end that could be seen here.
      onSent: () => this.capture.skip(),
      onLeft: () => this.#left(),
    })
    try {
      await next()
    } finally {
      unwatch()
      this.#conditions.headOut()
    }
    const { respond, res } = this.#ctx
    if (res.destroyed) this.#left()
    else if (respond === false || res.headersSent) this.#sentPast()
    else this.#head()
  }

  #left(): void {
    this.capture.abort(new Error('The client has left'))
  }

  #sentPast(): void {
    this.capture.skip()
    this.capture.fail(new Error('It was sent past Koa'))
  }

  #head(): void {
    const ctx = this.#ctx
    const lines = headerLines(ctx.res)
    if (isLeftToKoa(ctx)) lines.push('Content-Type', statusBodyType)
    const facts = { isAuthenticated: this.#facts.isAuthenticated(), route: this.#facts.route() }
    const head = { ...facts, status: ctx.status, lines, baseline: this.baseline }
    const instead = this.capture.replacement(head)
    if (instead !== undefined) {
      this.#replace(instead)
      return
    }
    const body = wholeBody(ctx)
    const plan = this.capture.head({ ...head, body, isHeld: true })
    this.#isComplete = body !== undefined
    this.#follow(plan, body)
    if (this.capture.isRecording) this.#watchHead()
  }

  #follow(plan: HeadPlan, body: Uint8Array | undefined): void {
    const ctx = this.#ctx
    if (plan.part !== undefined && body !== undefined)
      this.#replaceBody(Buffer.from(plannedBody(plan, body) ?? []))
    applyPlan(ctx.res, plan)
    if (plan.part !== undefined) ctx.status = plan.part.status
    // Koa drops the body of its own accord when it is told so.
    if (plan.isNotModified) ctx.status = 304
    else if (plan.isRecorded) this.#record()
  }

  /** As if there had been a hit: what stands outside works on that, too. */
  #replace(instead: OutgoingResponse): void {
    const ctx = this.#ctx
    restoreBaseline(ctx.res, this.baseline)
    send(ctx, instead)
  }

  /** Nothing is stored before the head is out: a session outside sets its cookie then, for what happened inside. */
  #watchHead(): void {
    const { capture } = this
    const { res } = this.#ctx
    const { statusCode } = res
    watchHead(res, {
      onHead: (status) => {
        if (status !== statusCode && status >= 400) capture.fail(new Error('Another response was sent'))
        const cacheStatus = capture.headOut(headerLines(res))
        if (cacheStatus !== undefined) setCacheStatus(res, cacheStatus)
      },
      onOut: () => {
        capture.headOut(headerLines(res))
        this.#isOut = true
        this.#endIfDone()
      },
      onRefused: (error) => capture.fail(error),
    })
    res.once('close', () => {
      if (!this.#isOut && capture.isRecording) this.#left()
    })
  }

  #endIfDone(): void {
    if (this.#isOut && this.#isComplete) this.capture.end()
  }

  #record(): void {
    const ctx = this.#ctx
    const source = readableOf(ctx.body as ContextBody)
    const recorder = recordedBody(this.capture, () => {
      this.#isComplete = true
      this.#endIfDone()
    })
    this.#replaceBody(recorder)
    // Koa 2 hears of an error from what was the body before.
    recorder.removeAllListeners('error')
    pipeline(source, recorder, (error) => {
      // Without an error, but not at its end: the response was over, with another body.
      if (!error && (this.#isComplete || !this.capture.isRecording)) return
      if (ctx.res.destroyed) this.capture.abort(error)
      else this.capture.fail(error)
      // Nobody is there to grow tired of a response that Koa leaves open.
      if (isRefill(ctx.req) && ctx.res.headersSent) ctx.res.destroy()
    })
  }

  /** By another that has the same bytes, or some of them, where Koa expects all to be different. */
  #replaceBody(body: Transform | Buffer): void {
    const { res } = this.#ctx
    const [length, type] = [res.getHeader('Content-Length'), res.getHeader('Content-Type')]
    this.#ctx.body = body
    if (length !== undefined) res.setHeader('Content-Length', length)
    if (type === undefined) res.removeHeader('Content-Type')
  }
}
