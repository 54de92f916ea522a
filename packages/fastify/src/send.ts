import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import type { OutgoingResponse } from '@restale/core/http'
import { appendCacheStatus, setStoredHead, withoutLength } from '@restale/core/http'
import { isNodes } from '@restale/node'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { standingHeaders } from './standing-headers.ts'
import { mayHaveTrailers } from './trailers.ts'

/**
 * Sends a stored response by the reply, so that the hooks of other plugins work on it as on any other. `isUnseen`: there
 * are none that see what is sent.
 */
export function send(
  request: FastifyRequest,
  reply: FastifyReply,
  outgoing: OutgoingResponse,
  isUnseen: boolean,
): void {
  reply.send(storedPayload(request, reply, outgoing, isUnseen && isFastifys(reply)))
}

/**
 * Puts the head of a stored response on the reply, among what stands there already, and gives the payload. Undefined is
 * nothing at all; other empty payloads are given a type, and a HEAD the length of what it got.
 */
export function storedPayload(
  request: FastifyRequest,
  reply: FastifyReply,
  outgoing: OutgoingResponse,
  isUnseen = false,
): unknown {
  const { body } = outgoing
  if (request.method === 'HEAD' || body === undefined || body.byteLength === 0) {
    setHead(reply, outgoing)
    return request.method === 'HEAD' ? Readable.from([]) : undefined
  }
  // Hooks may still change the body; Fastify counts what it sends.
  setHead(reply, withoutLength(outgoing))
  // A copy: hooks may change the bytes in place.
  const bytes = isUnseen ? body : Buffer.from(body)
  if (reply.hasHeader('content-type')) return bytes
  // Bytes without a type would be given one, and a stream is not counted.
  reply.header('content-length', bytes.byteLength)
  return Readable.from([bytes])
}

/** Nobody has put functions of their own on it, or on Node's response. */
function isFastifys(reply: FastifyReply): boolean {
  return !Object.hasOwn(reply, 'send') && !mayHaveTrailers(reply) && isNodes(reply.raw)
}

function setHead(reply: FastifyReply, outgoing: OutgoingResponse): void {
  const { status, cacheStatus } = outgoing
  setStoredHead(standingHeaders(reply), outgoing)
  if (cacheStatus !== undefined)
    reply.header('cache-status', appendCacheStatus(reply.getHeader('cache-status')?.toString(), cacheStatus))
  reply.code(status)
}
