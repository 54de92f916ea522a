import { Buffer } from 'node:buffer'
import { ServerResponse } from 'node:http'
import type { HeaderLines, OutgoingResponse } from '@restale/core/http'
import { setLines, setStoredHead } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { isHttp2, standingHeaders } from './header-lines.ts'

/** Sends a stored response in the place of the handler's, among the headers that stand there already. */
export function sendResponse(response: ServerResponse, outgoing: OutgoingResponse): void {
  const { status, headers, vary, cacheStatus } = outgoing
  if (isUntouched(response) && !outgoing.isPart) {
    // The cheapest form that Node has: one flat list, nothing set one by one.
    response.writeHead(status, [
      ...headers,
      ...outgoing.defaults,
      ...outgoing.added,
      ...(vary.length > 0 ? ['Vary', vary.join(', ')] : []),
      ...(cacheStatus === undefined ? [] : ['Cache-Status', cacheStatus]),
    ])
  } else {
    response.statusCode = status
    setHead(response, outgoing)
  }
  response.end(bodyFor(response, outgoing))
}

/** A copy, where somebody has put functions of their own on the response: they may change the bytes in place. */
function bodyFor(response: ServerResponse, { body }: OutgoingResponse): Uint8Array | undefined {
  const { end, write } = ServerResponse.prototype
  const isNodes = response.end === end && response.write === write
  return body === undefined || isNodes ? body : Buffer.from(body)
}

/**
 * Puts the head of a stored response in the place of what the handler has set, among the lines that stood there before
 * the handler.
 */
export function replaceHead(
  response: ServerResponse,
  baseline: HeaderLines,
  outgoing: OutgoingResponse,
): void {
  restoreBaseline(response, baseline)
  response.statusCode = outgoing.status
  setHead(response, outgoing)
}

/** As if the handler had set nothing. */
export function restoreBaseline(response: ServerResponse, baseline: HeaderLines): void {
  const { sendDate } = response
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  // Node takes a `Date` that is removed for one that is not wanted.
  response.sendDate = sendDate
  if (!isHttp2(response)) response.statusMessage = ''
  setLines(standingHeaders(response), baseline)
}

/** Sets the head of a stored response among the header lines that stand there already. */
export function setHead(response: ServerResponse, outgoing: OutgoingResponse): void {
  setStoredHead(standingHeaders(response), outgoing)
  setCacheStatus(response, outgoing.cacheStatus)
}

/** Nobody has set a header, and nobody has put a `writeHead` of their own that wants to see them. */
function isUntouched(response: ServerResponse): boolean {
  return !Object.hasOwn(response, 'writeHead') && response.getHeaderNames().length === 0 && !isHttp2(response)
}
