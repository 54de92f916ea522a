import type { Transform } from 'node:stream'
import { pipeline } from 'node:stream'
import type { Capture, HeadPlan } from '@restale/core/http'
import { ClientConditions } from '@restale/core/http'
import type { Recorder, ResponseFacts } from '@restale/node'
import { applyPlan, headerLines, hideConditions, isRefill, setCacheStatus, watchHead } from '@restale/node'
import type { Context } from 'koa'
import type { ContextBody } from './context-body.ts'
import { isLeftToKoa, readableOf, statusBodyType, wholeBody } from './context-body.ts'
import { recordedBody } from './recorded-body.ts'
import { watchHandler } from './watch-handler.ts'

/**
 * Shows a capture what the handler has left on the context, when `next` is over and before Koa responds. What
 * stands outside works on the context after us, so its work is not seen.
 */
export class ContextRecorder implements Recorder {
  readonly capture: Capture
  readonly #ctx: Context
  readonly #facts: ResponseFacts
  readonly #conditions: ClientConditions
  readonly #baseline: readonly string[]
  #isComplete = false
  #isOut = false

  constructor(ctx: Context, capture: Capture, facts: ResponseFacts) {
    this.capture = capture
    this.#ctx = ctx
    this.#facts = facts
    this.#conditions = new ClientConditions(capture, () => hideConditions(ctx.req))
    this.#baseline = headerLines(ctx.res)
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
    const body = wholeBody(ctx)
    const plan = this.capture.head({
      status: ctx.status,
      lines,
      baseline: this.#baseline,
      body,
      isHeld: true,
      isAuthenticated: this.#facts.isAuthenticated(),
      route: this.#facts.route(),
    })
    this.#isComplete = body !== undefined
    this.#follow(plan)
    if (this.capture.isRecording) this.#watchHead()
  }

  #follow(plan: HeadPlan): void {
    applyPlan(this.#ctx.res, plan)
    // Koa drops the body of its own accord when it is told so.
    if (plan.isNotModified) this.#ctx.status = 304
    else if (plan.isRecorded) this.#record()
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
    pipeline(source, recorder, (error) => {
      // Without an error, but not at its end: the response was over, with another body.
      if (!error && (this.#isComplete || !this.capture.isRecording)) return
      if (ctx.res.destroyed) this.capture.abort(error)
      else this.capture.fail(error)
      // Nobody is there to grow tired of a response that Koa leaves open.
      if (isRefill(ctx.req) && ctx.res.headersSent) ctx.res.destroy()
    })
  }

  /** By another that has the same bytes, where Koa expects all to be different. */
  #replaceBody(recorder: Transform): void {
    const { res } = this.#ctx
    const [length, type] = [res.getHeader('Content-Length'), res.getHeader('Content-Type')]
    this.#ctx.body = recorder
    // Koa 2 hears of an error from what was the body before.
    recorder.removeAllListeners('error')
    if (length !== undefined) res.setHeader('Content-Length', length)
    if (type === undefined) res.removeHeader('Content-Type')
  }
}
