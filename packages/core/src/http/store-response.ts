import { stringsBytes } from '../cache/size.ts'
import { dateOf } from './age.ts'
import { generateEtag } from './etag.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader, headerValue } from './headers.ts'
import { formatHttpDate, parseHttpDate } from './http-date.ts'
import type { Keeping } from './own-lines.ts'
import { ownLines, valuesBeyond } from './own-lines.ts'
import type { ResponseHead } from './storable.ts'
import type { StoredResponse } from './stored-response.ts'
import { varyMembers } from './vary.ts'

/** Inside a framework, layers outside may change the bytes; in front of it, nothing does. */
export type Place = 'inside' | 'front'

/** A response in the form in which it is kept. `etag`: the line of one of ours, if any; `now`: epoch milliseconds. */
export function storedResponse(
  head: ResponseHead,
  body: Uint8Array,
  kept: Pick<StoredResponse, 'variantNames' | 'variant' | 'staleness' | 'permitsAuthorization'>,
  { etag, now, keeping }: { readonly etag: HeaderLines; readonly now: number; readonly keeping: Keeping },
): StoredResponse {
  const { status, lines, baseline } = head
  const { headers, added, removed } = ownLines(lines, baseline, keeping)
  const validators = status === 200 ? validatorsOf(headers, now) : none
  headers.push(...etag)
  if (!hasHeader(headers, 'date')) headers.push('Date', formatHttpDate(now))
  // RFC 9110 §8.6: a 204 has none.
  if (status !== 204) headers.push('Content-Length', String(body.byteLength))
  return {
    status,
    headers: exactly(headers),
    added: exactly(added),
    removed: exactly(removed),
    vary: exactly(valuesBeyond([...varyMembers(lines)], [...varyMembers(baseline)])),
    body,
    hasOwnLife: saysLife(headers) || saysLife(added),
    permitsAuthorization: kept.permitsAuthorization,
    validators: exactly(validators),
    staleness: kept.staleness,
    variantNames: exactly(kept.variantNames),
    variant: kept.variant,
  }
}

const none: readonly string[] = []

/** Without the room that a list has which has grown; very many are kept. */
function exactly(list: readonly string[]): readonly string[] {
  return list.length === 0 ? none : list.slice()
}

/**
 * The conditions that follow from a response's own validators (RFC 9111 §4.3.1). A `Last-Modified` within a second of
 * `Date` is none: two versions of that second would pass for the same (RFC 9110 §8.8.2.2).
 */
export function validatorsOf(lines: HeaderLines, now: number): string[] {
  const etag = headerValue(lines, 'etag')
  const lastModified = headerValue(lines, 'last-modified')
  const modifiedAt = lastModified === undefined ? undefined : parseHttpDate(lastModified, now)
  const isStrong = modifiedAt !== undefined && dateOf(lines, now) - modifiedAt >= 1000
  return [
    ...(etag === undefined ? [] : ['if-none-match', etag]),
    ...(isStrong ? ['if-modified-since', lastModified as string] : []),
  ]
}

/** The handler says itself how long clients may keep it. */
export function saysLife(lines: HeaderLines): boolean {
  return hasHeader(lines, 'cache-control') || hasHeader(lines, 'expires')
}

/** An `ETag`, unless the handler has set its own. Only a 200 is compared with what a client has. */
export function etagLines(
  { status, lines }: Pick<ResponseHead, 'status' | 'lines'>,
  body: Uint8Array,
  place: Place,
): string[] {
  if (status !== 200 || hasHeader(lines, 'etag')) return []
  return ['ETag', generateEtag(body, place === 'front' ? 'strong' : 'weak')]
}

export function responseBytes({ headers, added, removed, vary, body }: StoredResponse): number {
  return body.byteLength + stringsBytes([...headers, ...added, ...removed, ...vary])
}
