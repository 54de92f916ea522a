import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Capture, HeaderLines, HeadPlan, OutgoingResponse } from '@restale/core/http'
import { ClientConditions } from '@restale/core/http'
import type { Chunk } from './chunk.ts'
import { bytesOf, endArguments, isChunk } from './chunk.ts'
import { replaceConditions } from './conditions.ts'
import { applyPlan, plannedBody, takeBackPlan, watchHead } from './head.ts'
import { cookieLines, headerLines } from './header-lines.ts'
import type { Recorder, ResponseFacts } from './recorder.ts'
import { replaceHead } from './send.ts'

/**
 * Shows a capture what the handler writes to a response, on its way out. Outer layers have put their functions
 * on the response before, so they come after us and their work is not seen; inner ones come before us.
 */
export class ResponseCapture implements Recorder {
  readonly baseline: HeaderLines
  readonly #response: ServerResponse
  readonly #capture: Capture
  readonly #conditions: ClientConditions
  readonly #facts: ResponseFacts
  #route: string | undefined
  #isHeadOut = false
  #isEnding = false
  #isEnded = false
  #hasToldLength = false
  /** Set while the head of a response goes out whose body is complete. */
  #wholeBody: Uint8Array | undefined
  #plan: HeadPlan | undefined
  /** What goes out in the place of what the handler makes. */
  #instead: OutgoingResponse | undefined

  constructor(request: IncomingMessage, response: ServerResponse, capture: Capture, facts: ResponseFacts) {
    this.#response = response
    this.#capture = capture
    this.#facts = facts
    this.baseline = headerLines(response)
    const replace = (conditions: HeaderLines) => replaceConditions(request, conditions)
    this.#conditions = new ClientConditions(capture, replace, () => {
      // The handler's own place; an error handler further out may be the one who answers.
      this.#route ??= facts.route()
    })
    this.#intercept()
    response.once('close', () => {
      if (this.#instead !== undefined) return
      if (!this.#isEnded) capture.abort(new Error('The response was closed before it was complete'))
    })
  }

  get capture(): Capture {
    return this.#capture
  }

  restoreRequest(): void {
    this.#conditions.restore()
  }

  run(next: () => unknown): unknown {
    return next()
  }

  #intercept(): void {
    const response = this.#response
    const { write, end } = response
    watchHead(response, {
      onHead: (status) => this.#headOut(status),
      onOut: () => this.#capture.headOut(cookieLines(response)),
      onRefused: (error) => this.#refused(error),
    })

    response.write = ((chunk: Chunk, ...rest: unknown[]) => {
      // Node's to refuse, while another response can still be sent.
      if (!isChunk(chunk)) return Reflect.apply(write, response, [chunk, ...rest])
      if (!this.#isHeadOut) response.writeHead(response.statusCode)
      if (this.#instead !== undefined && !this.#isEnding) return dropped(rest)
      const isReady = Reflect.apply(write, response, [chunk, ...rest])
      // HTTP/2 writes here what `end` was given, and that is recorded there.
      if (!this.#isEnding) this.#record(chunk, rest[0])
      // A slow first client must not hold up the others, so up to the cap it seems to be fast.
      return this.#capture.isRecording || isReady
    }) as typeof response.write

    response.end = ((...args: unknown[]) => {
      const { chunk, encoding, callback } = endArguments(args)
      if (this.#isEnded || !isChunk(chunk ?? '')) return Reflect.apply(end, response, args)
      if (!this.#isHeadOut) {
        const body = bytesOf(chunk ?? '', encoding)
        this.#wholeHeadOut(body)
        const sent = this.#instead === undefined ? this.#plannedBody(body) : bodyOf(this.#instead)
        this.#isEnding = true
        this.#isEnded = true
        return Reflect.apply(end, response, sent === undefined ? [callback] : [sent, callback])
      }
      this.#record(chunk, encoding)
      this.#isEnding = true
      const instead = this.#instead
      const result = Reflect.apply(end, response, instead === undefined ? args : [bodyOf(instead), callback])
      this.#isEnded = true
      this.#capture.end()
      return result
    }) as typeof response.end
  }

  /** Through the topmost `writeHead`, so that inner layers add what they add when the head goes out. */
  #wholeHeadOut(body: Uint8Array): void {
    this.#wholeBody = body
    this.#response.writeHead(this.#response.statusCode)
    this.#wholeBody = undefined
  }

  #headOut(status: number): void {
    this.#isHeadOut = true
    const response = this.#response
    const head = {
      status,
      lines: headerLines(response),
      baseline: this.baseline,
      isAuthenticated: this.#facts.isAuthenticated(),
      route: this.#route ?? this.#facts.route(),
      body: this.#wholeBody,
    }
    this.#instead = this.#capture.replacement(head)
    if (this.#instead !== undefined) {
      this.#conditions.headOut()
      replaceHead(response, this.baseline, this.#instead)
      return
    }
    const plan = this.#capture.head(head)
    this.#plan = plan
    this.#conditions.headOut()
    applyPlan(response, plan)
    if (!plan.isNotModified && this.#wholeBody !== undefined)
      this.#tellLength(status, this.#wholeBody.byteLength)
  }

  #refused(error: unknown): void {
    this.#capture.fail(error)
    if (this.#hasToldLength) this.#response.removeHeader('Content-Length')
    if (this.#plan !== undefined) takeBackPlan(this.#response, this.#plan)
  }

  #plannedBody(body: Uint8Array): Uint8Array | undefined {
    return this.#plan === undefined ? body : plannedBody(this.#plan, body)
  }

  /** Node tells the length itself only where it writes the head in `end`, and here it has been written before. */
  #tellLength(status: number, length: number): void {
    const response = this.#response
    const isLengthKnown = ['content-length', 'transfer-encoding', 'trailer'].some((name) =>
      response.hasHeader(name),
    )
    if (isLengthKnown || status === 204 || status === 304) return
    response.setHeader('Content-Length', length)
    this.#hasToldLength = true
  }

  #record(chunk: Chunk | undefined, encoding: unknown): void {
    if (chunk !== undefined && chunk !== null && this.#capture.isRecording) {
      this.#capture.write(bytesOf(chunk, encoding))
    }
  }
}

/** A copy: functions that somebody outside has put on the response may change the bytes in place. */
function bodyOf({ body }: OutgoingResponse): Uint8Array | undefined {
  return body && Buffer.from(body)
}

/** As if it had been written: the rest is to come, as from any handler. */
function dropped(rest: readonly unknown[]): true {
  const callback = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined
  if (callback !== undefined) process.nextTick(callback)
  return true
}
