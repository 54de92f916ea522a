import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { Capture } from '@restale/core/http'
import { linesOf } from '@restale/core/http'
import type { FastifyReply } from 'fastify'
import { RecordedStream } from './recorded-stream.ts'

/** What a handler has answered, before anybody else has been at it. */
export interface Answer {
  readonly status: number
  readonly lines: readonly string[]
  /** Whole, or as it flows; neither, if nobody can tell what Fastify will make of it. */
  readonly body: Uint8Array | RecordedStream | undefined
  /** What Fastify is to send on. */
  readonly payload: unknown
}

/** A reply that is about to be sent, with all its hooks still to come. */
export function answerOf(reply: FastifyReply, payload: unknown, capture: Capture): Answer {
  const body = bodyOf(reply, payload, capture)
  return {
    status: reply.statusCode,
    lines: linesOf(reply.getHeaders()),
    body,
    payload: body instanceof RecordedStream ? body : payload,
  }
}

function bodyOf(reply: FastifyReply, payload: unknown, capture: Capture): Answer['body'] {
  if (payload === undefined || payload === null || reply.statusCode === 204) return Buffer.alloc(0)
  if (typeof payload === 'string') return Buffer.from(payload)
  // A copy: hooks may change the bytes in place before the head goes out.
  if (payload instanceof Uint8Array) return Buffer.from(payload)
  const source = isWebStream(payload) && !payload.locked ? Readable.fromWeb(payload) : payload
  return isStream(source) ? new RecordedStream(source, reply.raw, capture) : undefined
}

/** Nobody is going to read it. */
export function dropPayload(payload: unknown): void {
  if (typeof payload !== 'object' || payload === null) return
  if (isWebStream(payload)) payload.cancel().catch(() => {})
  else if (isStream(payload)) payload.on('error', () => {}).destroy()
}

/** What is in a `Response`, as Fastify takes it out once all hooks have run; other payloads as they are. */
export function unwrapped(reply: FastifyReply, payload: unknown): unknown {
  if (!isFetchResponse(payload) || payload.bodyUsed) return payload
  reply.code(payload.status)
  for (const [name, value] of payload.headers) reply.header(name, value)
  // To a hook, undefined would mean what there was.
  return payload.body
}

/** Also one of another implementation. */
function isFetchResponse(payload: unknown): payload is Response {
  return Object.prototype.toString.call(payload) === '[object Response]'
}

function isWebStream(payload: unknown): payload is ReadableStream {
  return typeof (payload as { getReader?: unknown }).getReader === 'function'
}

/** Also one of another implementation; not what only has a `pipe`, and writes to the response what it likes. */
function isStream(payload: unknown): payload is Readable {
  const { readable, pipe, read, destroy } = payload as Partial<Readable>
  return readable === true && [pipe, read, destroy].every((method) => typeof method === 'function')
}
