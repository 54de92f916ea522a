import type { Request, ResponseObject, ResponseToolkit } from '@hapi/hapi'
import type { OutgoingResponse } from '@restale/core/http'
import { isBodyField, setStoredHead, withoutLength } from '@restale/core/http'
import type { Headers } from './headers.ts'
import { hasCachePolicy, setCacheStatus, standingHeaders } from './headers.ts'
import { hideRange } from './ranges.ts'

/** A stored response as a response of hapi's, which then goes its way: extensions, CORS, cookies, compression. */
export function storedReply(
  request: Request,
  h: ResponseToolkit,
  outgoing: OutgoingResponse,
): ResponseObject {
  const { body, status } = outgoing
  hideRange(request)
  const hasBody = body !== undefined && body.byteLength > 0
  // A copy: extensions may change the bytes in place.
  const response = h.response(hasBody ? Buffer.from(body) : undefined).code(status)
  // Whatever was to be said of it is in the stored type.
  response.charset()
  const headers: Headers = response.headers
  const defaults = hasCachePolicy(request, status) ? [] : outgoing.defaults
  // Extensions may still change the body; hapi counts what it sends.
  const stored = hasBody ? withoutLength(outgoing) : outgoing
  setStoredHead(standingHeaders(request, headers), { ...stored, defaults })
  if (outgoing.cacheStatus !== undefined) setCacheStatus(request, headers, outgoing.cacheStatus)
  if (status === 206) keepUncoded(request)
  varyEtag(response, headers)
  if (request.method === 'head') addRanges(request, headers, status)
  return response
}

/** The response for a client that has it already. */
export function notModified(h: ResponseToolkit, headers: Headers): ResponseObject {
  const response = h.response().code(304)
  for (const [name, value] of Object.entries(headers)) {
    if (!isBodyField(name)) response.header(name, value as string)
  }
  return response
}

/** A part of a response, with the lines that the whole had. */
export function partOf(
  request: Request,
  h: ResponseToolkit,
  headers: Headers,
  { status, bytes }: { status: number; bytes: Uint8Array | undefined },
): ResponseObject {
  const response = h.response(bytes === undefined ? undefined : Buffer.from(bytes)).code(status)
  response.charset()
  for (const [name, value] of Object.entries(headers)) response.header(name, value as string)
  keepUncoded(request)
  return response
}

/** The bytes of a part are those of the whole as it is. */
function keepUncoded({ info }: Request): void {
  info.acceptEncoding = 'identity'
}

/** hapi gives each coding of a response a strong tag of its own, if it knows of the tag. */
function varyEtag(response: ResponseObject, { etag }: Headers): void {
  if (typeof etag === 'string' && etag.startsWith('"')) response.etag(etag.slice(1, -1))
}

/** What hapi says of a GET, and leaves out where there is no body to take a range of. */
function addRanges({ route }: Request, headers: Headers, status: number): void {
  const hasBody = Number(headers['content-length'] ?? 0) > 0
  if (status === 200 && hasBody && route.settings.response?.ranges) headers['accept-ranges'] = 'bytes'
}
