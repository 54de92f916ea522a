import type { Entry } from '../cache/entry.ts'
import { isNotModified, notModifiedHeaders } from './conditional.ts'
import type { HeaderLines } from './headers.ts'
import type { IncomingRequest } from './request.ts'
import type { OutgoingResponse, StoredResponse } from './stored-response.ts'

/**
 * Law 7: a client may keep what it got, but asks each time, and mostly hears 304. We cannot invalidate what
 * lies in browsers and CDNs.
 */
export const generatedCacheControl = 'max-age=0, must-revalidate'
const generatedLines = ['Cache-Control', generatedCacheControl]

/** A stored response as this request gets it: whole, without body for HEAD, or 304. */
export function respond(
  entry: Entry<StoredResponse>,
  request: IncomingRequest,
  now: number,
  cacheStatus: string,
): OutgoingResponse {
  const { status, headers, added, removed, vary, body, hasCacheControl } = entry.value
  const isUnmodified = status === 200 && isConditionMet(request, headers, now)
  const lines = [...(isUnmodified ? notModifiedHeaders(headers) : headers), 'Age', String(ageOf(entry, now))]
  return {
    status: isUnmodified ? 304 : status,
    headers: lines,
    defaults: hasCacheControl ? [] : generatedLines,
    added,
    removed,
    vary,
    body: isUnmodified || request.method === 'HEAD' ? undefined : body,
    cacheStatus,
  }
}

/** Whether the client's own condition makes it a 304. */
function isConditionMet(
  { headers, rawHeaders }: Pick<IncomingRequest, 'headers' | 'rawHeaders'>,
  responseHeaders: HeaderLines,
  now: number,
): boolean {
  if (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined) return false
  return isNotModified(rawHeaders, responseHeaders, now)
}

/** Seconds since it was generated (RFC 9111 §4.2.3). */
function ageOf({ bornAt }: Entry, now: number): number {
  return Math.max(0, Math.floor((now - bornAt) / 1000))
}
