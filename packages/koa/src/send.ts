import { Buffer } from 'node:buffer'
import type { OutgoingResponse } from '@restale/core/http'
import { setHead } from '@restale/node'
import type { Context } from 'koa'
import { dropBody, messageOf, statusBodyType } from './context-body.ts'

/** A stored response, by the context, so that what stands outside may still work on it. */
export function send(ctx: Context, outgoing: OutgoingResponse): void {
  dropBody(ctx)
  if (outgoing.body === undefined) sendHead(ctx, outgoing)
  else sendWhole(ctx, outgoing, outgoing.body)
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

/** The head first: Koa looks for a type where there is none. */
function sendWhole(ctx: Context, outgoing: OutgoingResponse, body: Uint8Array): void {
  const { res, response } = ctx
  response.status = outgoing.status
  setHead(res, outgoing)
  const hasType = res.hasHeader('Content-Type')
  // A copy: what stands outside may change the bytes in place.
  response.body = Buffer.from(body)
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
