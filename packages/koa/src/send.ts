import { Buffer } from 'node:buffer'
import type { OutgoingResponse } from '@restale/core/http'
import { isNodes, setHead } from '@restale/node'
import type { Context } from 'koa'
import { dropBody, messageOf, statusBodyType } from './context-body.ts'

/**
 * A stored response, by the context, so that what stands outside may still work on it. `isOutermost`: nothing of the
 * application stands outside.
 */
export function send(ctx: Context, outgoing: OutgoingResponse, isOutermost = false): void {
  dropBody(ctx)
  if (outgoing.body === undefined) sendHead(ctx, outgoing)
  else if (isOutermost && isNodes(ctx.res)) sendWhole(ctx, outgoing, asBuffer(outgoing.body))
  // A copy: what stands outside may change the bytes in place.
  else sendWhole(ctx, outgoing, Buffer.from(outgoing.body))
  if (isWordOfKoa(ctx, outgoing)) leaveToKoa(ctx)
}

function sendHead(ctx: Context, outgoing: OutgoingResponse): void {
  const hasType = ctx.res.hasHeader('Content-Type')
  ctx.body = null
  // Koa has chosen a status for a body that is none, and taken all fields of one away.
  ctx.status = outgoing.status
  if (!hasType) ctx.remove('Content-Type')
  setHead(ctx.res, outgoing)
}

/** The same memory. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The head first: Koa looks for a type where there is none. */
function sendWhole(ctx: Context, outgoing: OutgoingResponse, body: Buffer): void {
  const { res, response } = ctx
  response.status = outgoing.status
  setHead(res, outgoing)
  const hasType = res.hasHeader('Content-Type')
  response.body = body
  if (!hasType) res.removeHeader('Content-Type')
}

/** What Koa says of an error that nobody has given a body; some stand outside and wait for those. */
function isWordOfKoa(ctx: Context, { status, headers, body }: OutgoingResponse): boolean {
  if (status < 400 || body === undefined) return false
  const words = Buffer.from(messageOf(ctx))
  return words.equals(body) && headers.includes(statusBodyType)
}

function leaveToKoa(ctx: Context): void {
  const { status } = ctx
  // What has this type is never left open.
  ctx.remove('Content-Type')
  ctx.body = undefined
  ctx.status = status
}
