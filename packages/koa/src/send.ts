import { Buffer } from 'node:buffer'
import type { OutgoingResponse } from '@restale/core/http'
import { setHead } from '@restale/node'
import type { Context } from 'koa'
import { dropBody, messageOf, statusBodyType } from './context-body.ts'

/** A stored response, by the context, so that what stands outside may still work on it. */
export function send(ctx: Context, outgoing: OutgoingResponse): void {
  const { status, body } = outgoing
  const hasType = ctx.res.hasHeader('Content-Type')
  dropBody(ctx)
  // A copy: what stands outside may change the bytes in place.
  ctx.body = body === undefined ? null : Buffer.from(body)
  // Koa has chosen a status and a type for what it takes for a new body.
  ctx.status = status
  if (!hasType) ctx.remove('Content-Type')
  setHead(ctx.res, outgoing)
  if (isWordOfKoa(ctx, outgoing)) leaveToKoa(ctx)
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
