import { stringsBytes } from '../cache/size.ts'
import { parseCacheControl } from './cache-control.ts'
import { generateEtag } from './etag.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader, headerValue, headerValues } from './headers.ts'
import { ownLines, valuesBeyond } from './own-lines.ts'
import type { ResponseHead } from './storable.ts'
import { permitsAuthorization } from './storable.ts'
import type { StoredResponse } from './stored-response.ts'
import { varyMembers } from './vary.ts'

/** Inside a framework, layers outside may change the bytes; in front of it, nothing does. */
export type Place = 'inside' | 'front'

/** A response in the form in which it is kept. `now`: epoch milliseconds. */
export function storedResponse(
  head: ResponseHead,
  body: Uint8Array,
  selection: Pick<StoredResponse, 'variantNames' | 'variant'>,
  { place, now }: { readonly place: Place; readonly now: number },
): StoredResponse {
  const { status, lines, baseline } = head
  const { headers, added, removed } = ownLines(lines, baseline)
  headers.push(...etagLines(head, body, place))
  if (!hasHeader(headers, 'date')) headers.push('Date', new Date(now).toUTCString())
  // RFC 9110 §8.6: a 204 has none.
  if (status !== 204) headers.push('Content-Length', String(body.byteLength))
  return {
    status,
    headers,
    added,
    removed,
    vary: valuesBeyond([...varyMembers(lines)], [...varyMembers(baseline)]),
    body,
    ...selection,
    hasCacheControl: hasHeader(headers, 'cache-control') || hasHeader(added, 'cache-control'),
    permitsAuthorization: permitsAuthorization(parseCacheControl(headerValues(lines, 'cache-control'))),
  }
}

/** An `ETag`, unless the handler has set its own. Only a 200 is compared with what a client has. */
export function etagLines({ status, lines }: ResponseHead, body: Uint8Array, place: Place): string[] {
  if (status !== 200 || hasHeader(lines, 'etag')) return []
  return ['ETag', generateEtag(body, place === 'front' ? 'strong' : 'weak')]
}

/** Seconds. A response that stood in another cache before brings its age along (RFC 9111 §5.1). */
export function receivedAge(lines: HeaderLines): number {
  const age = headerValue(lines, 'age') ?? ''
  return /^\d{1,10}$/.test(age) ? Number(age) : 0
}

export function responseBytes({ headers, added, removed, vary, body }: StoredResponse): number {
  return body.byteLength + stringsBytes([...headers, ...added, ...removed, ...vary])
}
