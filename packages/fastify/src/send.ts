import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import type { OutgoingResponse } from '@restale/core/http'
import { appendCacheStatus, setStoredHead, withoutLength } from '@restale/core/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { standingHeaders } from './standing-headers.ts'

/** Sends a stored response by the reply, so that the hooks of other plugins work on it as on any other. */
export function send(request: FastifyRequest, reply: FastifyReply, outgoing: OutgoingResponse): void {
  reply.send(storedPayload(request, reply, outgoing))
}

/**
 * Puts the head of a stored response on the reply, among what stands there already, and gives the payload. Undefined is
 * nothing at all; other empty payloads are given a type, and a HEAD the length of what it got.
 */
export function storedPayload(
  request: FastifyRequest,
  reply: FastifyReply,
  outgoing: OutgoingResponse,
): unknown {
  const { body } = outgoing
  if (request.method === 'HEAD' || body === undefined || body.byteLength === 0) {
    setHead(reply, outgoing)
    return request.method === 'HEAD' ? Readable.from([]) : undefined
  }
  // Hooks may still change the body; Fastify counts what it sends.
  setHead(reply, withoutLength(outgoing))
  // A copy: hooks may change the bytes in place.
  const bytes = Buffer.from(body)
  if (reply.hasHeader('content-type')) return bytes
  // Bytes without a type would be given one, and a stream is not counted.
  reply.header('content-length', bytes.byteLength)
  return Readable.from([bytes])
}

function setHead(reply: FastifyReply, outgoing: OutgoingResponse): void {
  const { status, cacheStatus } = outgoing
  setStoredHead(standingHeaders(reply), outgoing)
  if (cacheStatus !== undefined)
    reply.header('cache-status', appendCacheStatus(reply.getHeader('cache-status')?.toString(), cacheStatus))
  reply.code(status)
}
