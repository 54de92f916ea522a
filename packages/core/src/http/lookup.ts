import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Moment } from '../cache/fills.ts'
import { hasCredentials } from './bypass.ts'
import type { ForwardReason } from './cache-status.ts'
import { headerValue } from './headers.ts'
import type { KeyPair } from './key.ts'
import { cacheKey, cookieValues, keyedTarget } from './key.ts'
import type { ResolvedOptions } from './options.ts'
import type { IncomingRequest } from './request.ts'
import { routingPairs } from './routing-fields.ts'
import type { StoredResponse } from './stored-response.ts'
import type { Variants } from './variants.ts'
import { isVariants, selectVariant } from './variants.ts'
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
  /** It would do, but the client asks for more (RFC 9111 §5.2.1). */
  readonly isPassedOver?: true
}

export function lookup<Native>(
  { memory }: Engine,
  request: IncomingRequest<Native>,
  options: ResolvedOptions<Native>,
  began: Moment,
): Found {
  const urlKey = requestKey(request, options)
  const held = memory.get(urlKey) as Entry<StoredResponse | Variants> | undefined
  if (held === undefined || !isVariants(held.value)) {
    const entry = held as Entry<StoredResponse> | undefined
    return { urlKey, key: urlKey, entry, ...began, isForbidden: isForbidden(entry, request, options) }
  }
  const key = selectVariant(memory, urlKey, held.value, request.rawHeaders)
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
export function forwardReason({ urlKey, key, entry, isForbidden, isPassedOver }: Found): ForwardReason {
  if (isForbidden || isPassedOver) return 'request'
  if (entry !== undefined) return 'stale'
  return key === urlKey ? 'uri-miss' : 'vary-miss'
}

const none: readonly KeyPair[] = []

function requestKey<Native>(
  request: IncomingRequest<Native>,
  { query, keyHeaders, keyCookies, isByHost, keyStart }: ResolvedOptions<Native>,
): string {
  const { scheme, authority, target, rawHeaders } = request
  const named =
    keyHeaders.length === 0 ? none : keyHeaders.map((key): KeyPair => [key, headerValue(rawHeaders, key)])
  const routing = routingPairs(rawHeaders, isByHost ? authority : undefined)
  return cacheKey({
    start: isByHost ? keyStart(scheme, authority) : keyStart('', ''),
    target: keyedTarget(target, query),
    headers: routing.length === 0 ? named : [...named, ...routing],
    cookies: keyCookies.length === 0 ? none : cookieValues(rawHeaders, keyCookies),
  })
}
