import { Buffer } from 'node:buffer'
import { ServerResponse } from 'node:http'
import type { HeaderLines, OutgoingResponse } from '@restale/core/http'
import { hasRepeatedName, setLines, setStoredHead, wholeHead } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { isHttp2, standingHeaders } from './header-lines.ts'

/** Sends a stored response in the place of the handler's, among the headers that stand there already. */
export function sendResponse(response: ServerResponse, outgoing: OutgoingResponse): void {
  if (isSentAtOnce(response, outgoing)) {
    // The cheapest form that Node has: one flat list, nothing set one by one. A copy: who has patched Node may add to it.
    response.writeHead(outgoing.status, wholeHead(outgoing).slice())
  } else {
    response.statusCode = outgoing.status
    setHead(response, outgoing)
  }
  response.end(bodyFor(response, outgoing))
}

/** A copy, where somebody has put functions of their own on the response: they may change the bytes in place. */
function bodyFor(response: ServerResponse, { body }: OutgoingResponse): Uint8Array | undefined {
  return body === undefined || isNodes(response) ? body : Buffer.from(body)
}

/** What it is ended with goes to Node at once: nobody has put functions of their own on it. */
export function isNodes(response: ServerResponse): boolean {
  const { end, write } = ServerResponse.prototype
  return response.end === end && response.write === write
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

/**
 * Nobody has put a `writeHead` of their own that wants to see each header set, and what stands there goes with ours. Of
 * several lines of one name, Node 20 sends only the last of a flat list where others stand.
 */
function isSentAtOnce(response: ServerResponse, outgoing: OutgoingResponse): boolean {
  if (outgoing.isPart || Object.hasOwn(response, 'writeHead') || isHttp2(response)) return false
  const names = response.getHeaderNames()
  return names.length === 0 || (areApart(names, outgoing) && !hasRepeatedName(wholeHead(outgoing)))
}

/** What stands there is only replaced by lines of the same name: nothing is to be joined, left or taken away. */
function areApart(names: readonly string[], outgoing: OutgoingResponse): boolean {
  const { removed, added, defaults, vary } = outgoing
  if (removed.length > 0 || added.length > 0) return false
  return !names.some(
    (name) =>
      name === 'cache-status' ||
      (name === 'vary' && vary.length > 0) ||
      defaults.some((line, index) => index % 2 === 0 && line.toLowerCase() === name),
  )
}
