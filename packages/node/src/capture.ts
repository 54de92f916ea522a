import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Capture, HeadPlan } from '@restale/core/http'
import { isBodyField } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { hideConditions } from './conditions.ts'
import { headerLines, setLines, setWriteHeadHeaders } from './header-lines.ts'

/** What only the framework knows of a response that is about to go out. */
export interface ResponseFacts {
  /** Someone is logged in on the request by now. */
  isAuthenticated(): boolean
  /** The pattern of the route that answers, in the framework's own syntax. */
  route(): string | undefined
}

type Chunk = string | Uint8Array

/**
 * Shows a capture what the handler writes to a response, on its way out. Outer layers have put their functions
 * on the response before, so they come after us and their work is not seen; inner ones come before us.
 */
export class ResponseCapture {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #capture: Capture
  readonly #facts: ResponseFacts
  readonly #baseline: readonly string[]
  #route: string | undefined
  #showConditions: () => void = () => {}
  #isHeadOut = false
  #isEnded = false
  #hasToldLength = false
  /** Set while the head of a response goes out whose body is complete. */
  #wholeBody: Uint8Array | undefined
  #plan: HeadPlan | undefined

  constructor(request: IncomingMessage, response: ServerResponse, capture: Capture, facts: ResponseFacts) {
    this.#request = request
    this.#response = response
    this.#capture = capture
    this.#facts = facts
    this.#baseline = headerLines(response)
    capture.onDecided = () => {
      // The handler's own place; an error handler further out may be the one who answers.
      this.#route ??= facts.route()
      this.#hideConditions()
    }
    if (capture.scope.isDecided) this.#hideConditions()
    this.#intercept()
    response.once('close', () => {
      if (!this.#isEnded) capture.abort(new Error('The response was closed before it was complete'))
    })
  }

  get capture(): Capture {
    return this.#capture
  }

  /** A mount further in takes over: it is to see the request as the client sent it. */
  restoreRequest(): void {
    this.#showConditions()
    this.#showConditions = () => {}
  }

  #hideConditions(): void {
    this.restoreRequest()
    if (!this.#isHeadOut) this.#showConditions = hideConditions(this.#request)
  }

  #intercept(): void {
    const response = this.#response
    const { writeHead, write, end } = response
    response.writeHead = ((status: number, ...rest: unknown[]) => {
      // An informational head is not the response's, and a second one is Node's to refuse.
      if (this.#isHeadOut || status < 200) return Reflect.apply(writeHead, response, [status, ...rest])
      const [reason, headers] = typeof rest[0] === 'string' ? rest : [undefined, rest[0] ?? rest[1]]
      setWriteHeadHeaders(response, headers as Record<string, string> | undefined)
      response.statusCode = status
      this.#headOut(status)
      try {
        return Reflect.apply(writeHead, response, [response.statusCode, ...(reason ? [reason] : [])])
      } catch (error) {
        // Whatever the application sends instead is not the response that was announced.
        this.#capture.fail(error)
        this.#takeBackPlan()
        throw error
      }
    }) as typeof response.writeHead

    response.write = ((chunk: Chunk, ...rest: unknown[]) => {
      // Node's to refuse, while another response can still be sent.
      if (!isChunk(chunk)) return Reflect.apply(write, response, [chunk, ...rest])
      if (!this.#isHeadOut) response.writeHead(response.statusCode)
      const isReady = Reflect.apply(write, response, [chunk, ...rest])
      this.#record(chunk, rest[0])
      // A slow first client must not hold up the others, so up to the cap it seems to be fast.
      return this.#capture.isRecording || isReady
    }) as typeof response.write

    response.end = ((...args: unknown[]) => {
      const { chunk, encoding, callback } = endArguments(args)
      if (this.#isEnded || !isChunk(chunk ?? '')) return Reflect.apply(end, response, args)
      if (!this.#isHeadOut) {
        const body = bytesOf(chunk ?? '', encoding)
        this.#wholeHeadOut(body)
        this.#isEnded = true
        const isBodySent = body.byteLength > 0 && !this.#plan?.isNotModified
        return Reflect.apply(end, response, isBodySent ? [body, callback] : [callback])
      }
      this.#record(chunk, encoding)
      const result = Reflect.apply(end, response, args)
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
    const plan = this.#capture.head({
      status,
      lines: headerLines(response),
      baseline: this.#baseline,
      body: this.#wholeBody,
      isAuthenticated: this.#facts.isAuthenticated(),
      route: this.#route ?? this.#facts.route(),
    })
    this.#plan = plan
    this.restoreRequest()
    setLines(response, plan.set)
    if (plan.cacheStatus !== undefined) setCacheStatus(response, plan.cacheStatus)
    if (plan.isNotModified) this.#dropBodyFields()
    else if (this.#wholeBody !== undefined) this.#tellLength(status, this.#wholeBody.byteLength)
  }

  #takeBackPlan(): void {
    const { set = [] } = this.#plan ?? {}
    if (this.#hasToldLength) this.#response.removeHeader('Content-Length')
    for (const name of ['Cache-Status', ...set.filter((_, index) => index % 2 === 0)]) {
      this.#response.removeHeader(name)
    }
  }

  #dropBodyFields(): void {
    const response = this.#response
    response.statusCode = 304
    for (const name of response.getHeaderNames()) if (isBodyField(name)) response.removeHeader(name)
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

function isChunk(chunk: unknown): chunk is Chunk {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}

function bytesOf(chunk: Chunk, encoding: unknown): Uint8Array {
  if (typeof chunk !== 'string') return chunk
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
}

/** `end([chunk[, encoding]][, callback])` */
function endArguments(args: readonly unknown[]): {
  chunk?: Chunk
  encoding?: unknown
  callback?: () => void
} {
  const callback = args.find((argument) => typeof argument === 'function') as (() => void) | undefined
  const [chunk, encoding] = args.filter((argument) => typeof argument !== 'function')
  return {
    encoding,
    ...(chunk === undefined || chunk === null ? {} : { chunk: chunk as Chunk }),
    ...(callback === undefined ? {} : { callback }),
  }
}
