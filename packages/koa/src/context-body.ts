import { Buffer } from 'node:buffer'
import { Readable, Stream } from 'node:stream'
import type { Context } from 'koa'

export type ContextBody =
  | Buffer
  | Blob
  | ReadableStream
  | Readable
  | Response
  | object
  | string
  | null
  | undefined

/** What Koa sends by itself for a status that nobody has given a body. */
export const statusBodyType = 'text/plain; charset=utf-8'

const emptyStatuses: ReadonlySet<number> = new Set([204, 205, 304])

/** Koa gives a body to a status that has none, when everybody is through with the context. */
export function isLeftToKoa({ body, response, status }: Context): boolean {
  const isEmptied = (response as unknown as { _explicitNullBody?: boolean })._explicitNullBody === true
  return (body === null || body === undefined) && !isEmptied && !emptyStatuses.has(status)
}

/** What Koa says of a status; of those that it does not know, their number. */
export function messageOf({ message, status }: Context): string {
  return message || String(status)
}

/** The whole body as Koa is going to send it; undefined if it comes bit by bit. */
export function wholeBody(ctx: Context): Uint8Array | undefined {
  const body = ctx.body as ContextBody
  if (isLeftToKoa(ctx)) return Buffer.from(messageOf(ctx))
  if (body === null || body === undefined || emptyStatuses.has(ctx.status)) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  if (Buffer.isBuffer(body)) return body
  return isStreamed(body) ? undefined : Buffer.from(JSON.stringify(body))
}

export function readableOf(body: ContextBody): Readable {
  if (body instanceof Blob) return readableOf(body.stream() as ReadableStream)
  if (body instanceof Response)
    return body.body === null ? Readable.from([]) : readableOf(body.body as ReadableStream)
  if (body instanceof ReadableStream) return Readable.fromWeb(body as never)
  return body as Readable
}

/** Nobody is going to read it. */
export function dropBody(ctx: Context): void {
  const body = ctx.body as ContextBody
  if (body instanceof Response) cancel(body.body)
  else if (body instanceof ReadableStream) cancel(body)
  else if (typeof body === 'object' && body !== null && !(body instanceof Blob) && isStreamed(body))
    destroy(body as Readable)
}

/** Somebody else may be reading it. */
function cancel(stream: ReadableStream | null): void {
  stream?.cancel().catch(() => {})
}

function destroy(stream: Readable): void {
  stream.on('error', () => {})
  stream.destroy()
}

function isStreamed(body: object): boolean {
  return (
    body instanceof Stream ||
    body instanceof Blob ||
    body instanceof ReadableStream ||
    body instanceof Response ||
    isLikeStream(body as Partial<Readable>)
  )
}

/** Of another copy of the module; other things have a `pipe`, too, and are sent as JSON. */
function isLikeStream({ readable, pipe, read, destroy }: Partial<Readable>): boolean {
  return readable === true && [pipe, read, destroy].every((method) => typeof method === 'function')
}
