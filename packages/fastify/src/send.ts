import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import type { OutgoingResponse } from '@restale/core/http'
import { appendCacheStatus, setStoredHead } from '@restale/core/http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { standingHeaders } from './standing-headers.ts'

/** Sends a stored response by the reply, so that the hooks of other plugins work on it as on any other. */
export function send(request: FastifyRequest, reply: FastifyReply, outgoing: OutgoingResponse): void {
  setHead(reply, outgoing)
  reply.send(payloadOf(request, reply, outgoing))
}

/** The head of a stored response, among what stands on the reply already. */
export function setHead(reply: FastifyReply, outgoing: OutgoingResponse): void {
  const { status, cacheStatus } = outgoing
  setStoredHead(standingHeaders(reply), outgoing)
  if (cacheStatus !== undefined)
    reply.header('cache-status', appendCacheStatus(reply.getHeader('cache-status')?.toString(), cacheStatus))
  reply.code(status)
}

/** Undefined is nothing at all; other empty payloads are given a type, and a HEAD the length of what it got. */
export function payloadOf(request: FastifyRequest, reply: FastifyReply, { body }: OutgoingResponse): unknown {
  if (request.method === 'HEAD') return Readable.from([])
  if (body === undefined || body.byteLength === 0) return undefined
  // A copy: hooks may change the bytes in place.
  const bytes = Buffer.from(body)
  // Bytes without a type would be given one.
  if (!reply.hasHeader('content-type')) return Readable.from([bytes])
  // Hooks may still change the body; Fastify counts what it sends.
  reply.removeHeader('content-length')
  return bytes
}
