import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Moment } from '../cache/fills.ts'
import { hasCredentials } from './bypass.ts'
import type { ForwardReason } from './cache-status.ts'
import { headerValue } from './headers.ts'
import { otherHost } from './host.ts'
import type { KeyPair } from './key.ts'
import { cacheKey, cookieValues, keyedTarget } from './key.ts'
import type { ResolvedOptions } from './options.ts'
import type { IncomingRequest } from './request.ts'
import type { StoredResponse } from './stored-response.ts'
import type { Variants } from './variants.ts'
import { isVariants, variantKey } from './variants.ts'
import { variantOf } from './vary.ts'

/** Where a request's response is or will be, and what lies there. */
export interface Found extends Moment {
  /** The key of the URL, under which its variants are listed if it has any. */
  readonly urlKey: string
  /** The key of the response: that of the URL, or of the variant that this request selects. */
  readonly key: string
  readonly entry: Entry<StoredResponse> | undefined
  /** The entry is not for requests like this one. */
  readonly isForbidden: boolean
}

export function lookup<Native>(
  { memory, version }: Engine,
  request: IncomingRequest<Native>,
  options: ResolvedOptions<Native>,
  began: Moment,
): Found {
  const urlKey = requestKey(request, options, version)
  const held = memory.get(urlKey) as Entry<StoredResponse | Variants> | undefined
  if (held === undefined || !isVariants(held.value)) {
    const entry = held as Entry<StoredResponse> | undefined
    return { urlKey, key: urlKey, entry, ...began, isForbidden: isForbidden(entry, request, options) }
  }
  const key = variantKey(urlKey, variantOf(held.value.names, request.rawHeaders))
  const entry = memory.get(key) as Entry<StoredResponse> | undefined
  return { urlKey, key, entry, ...began, isForbidden: isForbidden(entry, request, options) }
}

/** RFC 9111 §3.5: what was stored is for requests with `Authorization` only if it says so. */
function isForbidden<Native>(
  entry: Entry<StoredResponse> | undefined,
  request: IncomingRequest<Native>,
  options: ResolvedOptions<Native>,
): boolean {
  return entry !== undefined && !entry.value.permitsAuthorization && hasCredentials(request, options)
}

/** Whether what was made for another request is what this one would have selected. */
export function isForVariant({ value }: Entry<StoredResponse>, { rawHeaders }: IncomingRequest): boolean {
  return value.variantNames.length === 0 || variantOf(value.variantNames, rawHeaders) === value.variant
}

/** Why a request goes forward that found nothing to use (RFC 9211 §2.2). */
export function forwardReason({ urlKey, key, entry, isForbidden }: Found): ForwardReason {
  if (isForbidden) return 'request'
  if (entry !== undefined) return 'stale'
  return key === urlKey ? 'uri-miss' : 'vary-miss'
}

const none: readonly KeyPair[] = []

function requestKey<Native>(
  request: IncomingRequest<Native>,
  { query, keyHeaders, keyCookies, isByHost, name }: ResolvedOptions<Native>,
  version: string,
): string {
  const { scheme, authority, target, rawHeaders } = request
  return cacheKey({
    version,
    mount: name,
    scheme: isByHost ? scheme : '',
    authority: isByHost ? authority : '',
    host: isByHost ? otherHost(request) : undefined,
    target: keyedTarget(target, query),
    headers: keyHeaders.length === 0 ? none : keyHeaders.map((key) => [key, headerValue(rawHeaders, key)]),
    cookies: keyCookies.length === 0 ? none : cookieValues(rawHeaders, keyCookies),
  })
}
