import { etagsMatchWeakly, parseEtagList } from './etag.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader, headerValue } from './headers.ts'
import { parseHttpDate } from './http-date.ts'

const conditions = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range']

/** Fields that describe a body, which a 304 does not have (RFC 9110 §15.4.5). */
const bodyFields: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'transfer-encoding',
])

/** Whether a 304 goes out without the field. */
export function isBodyField(lowerName: string): boolean {
  return bodyFields.has(lowerName)
}

/** Whether the request has a precondition of any kind (RFC 9110 §13.1). */
export function isConditional(requestHeaders: HeaderLines): boolean {
  return conditions.some((name) => hasHeader(requestHeaders, name))
}

/**
 * Whether a GET or HEAD is answered by 304 from this stored 200 (RFC 9111 §4.3.2). `If-Match` and
 * `If-Unmodified-Since` are for the origin, not for a cache, and are not looked at.
 */
export function isNotModified(
  requestHeaders: HeaderLines,
  responseHeaders: HeaderLines,
  now: number,
): boolean {
  // RFC 9110 §13.2.2: with `If-None-Match`, `If-Modified-Since` does not count.
  const ifNoneMatch = headerValue(requestHeaders, 'if-none-match')
  if (ifNoneMatch !== undefined) return matchesStored(ifNoneMatch, headerValue(responseHeaders, 'etag'))

  const ifModifiedSince = headerValue(requestHeaders, 'if-modified-since')
  if (ifModifiedSince === undefined) return false
  const since = parseHttpDate(ifModifiedSince, now)
  return since !== undefined && isUnmodifiedSince(since, responseHeaders, now)
}

/** What of a stored 200's fields goes out with a 304; `Last-Modified` only if there is no ETag. */
export function notModifiedHeaders(headers: HeaderLines): string[] {
  const hasEtag = hasHeader(headers, 'etag')
  const kept: string[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    const lowerName = name.toLowerCase()
    if (isBodyField(lowerName) || (hasEtag && lowerName === 'last-modified')) continue
    kept.push(name, headers[at + 1] as string)
  }
  return kept
}

function matchesStored(ifNoneMatch: string, etag: string | undefined): boolean {
  if (etag !== undefined && etag !== '' && ifNoneMatch === etag) return true
  const etags = parseEtagList(ifNoneMatch)
  if (etags === '*') return true
  return etag !== undefined && etags.some((candidate) => etagsMatchWeakly(candidate, etag))
}

function isUnmodifiedSince(since: number, responseHeaders: HeaderLines, now: number): boolean {
  const lastModified = headerValue(responseHeaders, 'last-modified')
  if (lastModified !== undefined) {
    const modifiedAt = parseHttpDate(lastModified, now)
    return modifiedAt !== undefined && modifiedAt <= since
  }
  const date = headerValue(responseHeaders, 'date')
  const generatedAt = date === undefined ? undefined : parseHttpDate(date, now)
  // Two responses can be generated within one second, the second because a tag was invalidated. As nothing
  // says which of them the client holds, only an older `Date` counts: equal could be 304 for the wrong one,
  // for ever.
  return generatedAt !== undefined && generatedAt < since
}
