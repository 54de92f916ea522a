import type { FillScope } from '../cache/scope.ts'
import type { CacheControl } from './cache-control.ts'
import { explicitLifetime } from './freshness-lifetime.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue, headerValues } from './headers.ts'
import { headerLifetime, lifeByHeader } from './lifetime.ts'
import type { ResolvedOptions } from './options.ts'
import { cookieName, cookiesBeyond, valuesBeyond } from './own-lines.ts'
import type { ResponsePolicy } from './response-policy.ts'
import { validatorsOf } from './store-response.ts'
import { varyMembers } from './vary.ts'

/** The head of a response on its way out. */
export interface ResponseHead {
  readonly status: number
  /** All header lines, whoever set them. */
  readonly lines: HeaderLines
  /** Those that stood there where the cache stands. */
  readonly baseline: HeaderLines
  /** The whole body, where it is known with the head. */
  readonly body: Uint8Array | undefined
  /** It goes out later: nothing is stored before the capture's `end`. @default false */
  readonly isHeld?: boolean
  /** Those who wait are given it only then: what stands outside may still show that it is not for everybody. */
  readonly settled?: Promise<unknown> | undefined
  /** Someone has logged in, by the framework's own notion. */
  readonly isAuthenticated: boolean
  /** The route's own pattern in the framework's syntax, if it has one. */
  readonly route: string | undefined
}

/** Why a response is not stored, and what that means for the entry there was and for those who wait. */
export interface Refusal {
  readonly reason: string
  /**
   * `fail`: the origin failed, so the old entry stays and someone else tries. `remove`: the old entry is
   * history. `keep`: it says nothing about the old entry.
   */
  readonly effect: 'fail' | 'remove' | 'keep'
  /** Others cannot expect to share the next one either. */
  readonly isNature: boolean
}

/** Failures of the moment, beside all of 5xx: the next request may fare better. */
const failures: ReadonlySet<number> = new Set([401, 403, 407, 408, 425, 429])
/** Answers to conditions and ranges of one request. */
const partialAnswers: ReadonlySet<number> = new Set([206, 304, 412, 416])
/** Those whose caching RFC 9110 §15 and RFC 7725 define; `must-understand` asks for no less (RFC 9111 §5.2.2.3). */
const understood: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407,
  408, 409, 410, 411, 413, 414, 415, 417, 421, 422, 426, 451, 500, 501, 502, 503, 504, 505,
])

/** What a response is judged by. */
export interface Judgement {
  readonly scope: FillScope
  readonly options: ResolvedOptions<never>
  readonly policy: ResponsePolicy
  /** The request has an `Authorization` that is not in the key. */
  readonly hasCredentials: boolean
  /** There is a response that could still be used, and would be replaced. */
  readonly isReplacing: boolean
  /** It is a renewal of what options or calls had opted in. */
  readonly wasOptedIn: boolean
  /** Epoch milliseconds. */
  readonly now: number
}

/** Why this response must not be stored, or nothing. Judges the head alone; completeness is judged at the end. */
export function refusalOf(head: ResponseHead, judgement: Judgement): Refusal | undefined {
  const { scope, options, policy, hasCredentials } = judgement
  const { control } = policy
  return (
    statusRefusal(head.status, options.statuses) ??
    failureRefusal(head, judgement) ??
    originsRefusal(head.status, judgement) ??
    optInRefusal(head, judgement) ??
    unstorableRefusal(scope) ??
    ownerRefusal(head, options) ??
    varyRefusal(head) ??
    eventStreamRefusal(head.lines) ??
    (headerValue(head.lines, 'content-range') === undefined ? undefined : keep('content-range')) ??
    (hasCredentials && !permitsAuthorization(control) ? keep('authorization') : undefined)
  )
}

/** Of errors only those are stored that say how long, and none in the place of something better (RFC 9111 §4.3.3). */
function failureRefusal(
  head: ResponseHead,
  { options, policy, isReplacing, now }: Judgement,
): Refusal | undefined {
  const { status, lines } = head
  if (!isFailure(status)) return undefined
  const isMeant = options.statuses !== 'any' || explicitLifetime(policy, lines, now) !== undefined
  return isMeant && !isReplacing ? undefined : fail(`status-${status}`)
}

/** RFC 9111 §3.5. */
export function permitsAuthorization(control: CacheControl): boolean {
  return control.isPublic || control.mustRevalidate || control.sMaxage !== undefined
}

/** A whole body that is shorter or longer than its head promised (RFC 9111 §3.3). */
export function lengthRefusal(lines: HeaderLines, length: number): Refusal | undefined {
  const promised = headerValue(lines, 'content-length')
  return promised === undefined || promised === String(length) ? undefined : fail('length-mismatch')
}

/** What was used or done while it was made keeps it out; that may come late, while a body is streamed. */
export function unstorableRefusal({ unstorable }: FillScope): Refusal | undefined {
  return unstorable === undefined ? undefined : keep(unstorable)
}

export function fail(reason: string): Refusal {
  return { reason, effect: 'fail', isNature: false }
}

/** Refused for what the response is: private, or too large, or endless. */
export function nature(reason: string): Refusal {
  return { reason, effect: 'remove', isNature: true }
}

/** Not stored, which says nothing about what was stored before. */
export function keep(reason: string): Refusal {
  return { reason, effect: 'keep', isNature: false }
}

/** What a status means for what was stored before, unless it is one of those that are stored. */
export function statusRefusal(status: number, statuses: ReadonlySet<number> | 'any'): Refusal | undefined {
  if (statuses === 'any' ? !partialAnswers.has(status) : statuses.has(status)) return undefined
  if (isFailure(status)) return fail(`status-${status}`)
  if (partialAnswers.has(status)) return keep(`status-${status}`)
  return { reason: `status-${status}`, effect: 'remove', isNature: false }
}

function isFailure(status: number): boolean {
  return status >= 500 || failures.has(status)
}

function optInRefusal(head: ResponseHead, judgement: Judgement): Refusal | undefined {
  const { options, policy, now } = judgement
  if (isOptedIn(judgement)) return undefined
  if (options.isByHeaders) return isOfUse(head, judgement) ? undefined : nature('no-freshness')
  return (headerLifetime(head, policy, options, now) ?? 0) > 0 ? undefined : nature('not-opted-in')
}

/** Fresh or stale it may be served, or stand in for an error, or at least be asked for by its validator. */
function isOfUse(head: ResponseHead, { options, policy, now }: Judgement): boolean {
  const { life, staleness } = lifeByHeader(head, policy, options, now)
  const isValidatable = head.status === 200 && validatorsOf(head.lines, now).length > 0
  return life.expire > 0 || staleness.ifErrorSeconds > 0 || isValidatable
}

/** What its origin does not want to be stored. By RFC 9111 that says nothing of what was stored before. */
function originsRefusal(status: number, judgement: Judgement): Refusal | undefined {
  const { options, policy } = judgement
  const { control } = policy
  if (!options.isByHeaders) return vetoRefusal(control)
  if (control.mustUnderstand && !understood.has(status)) return passing('must-understand')
  if (control.noStore && !control.mustUnderstand) return passing('no-store')
  if (control.isPrivate) return passing('private')
  // It would have to be validated each time, and options or calls say that it has not.
  return control.noCache && isOptedIn(judgement) ? passing('no-cache') : undefined
}

function isOptedIn({ scope, options, wasOptedIn }: Judgement): boolean {
  return scope.isOptedIn || options.isOptedIn || wasOptedIn
}

/** Others cannot expect to share the next one either, and what was stored before stays. */
function passing(reason: string): Refusal {
  return { reason, effect: 'keep', isNature: true }
}

/** What its origin does not want to be stored, where something else opted it in. */
export function vetoRefusal({ noStore, isPrivate, noCache }: CacheControl): Refusal | undefined {
  if (noStore) return nature('no-store')
  if (isPrivate) return nature('private')
  return noCache ? nature('no-cache') : undefined
}

/** It has no end that anyone could wait for. */
export function eventStreamRefusal(lines: HeaderLines): Refusal | undefined {
  const type = headerValue(lines, 'content-type')?.toLowerCase()
  return type?.startsWith('text/event-stream') ? nature('event-stream') : undefined
}

/** What is one requester's own must not become everybody's. */
function ownerRefusal(head: ResponseHead, options: ResolvedOptions<never>): Refusal | undefined {
  if (head.isAuthenticated && !options.isShared) return passing('authenticated')
  if (hasOwnCookie(cookiesBeyond(head.lines, head.baseline), options)) return nature('set-cookie')
  if (hasNonce(head.lines)) return nature('csp-nonce')
  return hasUnvariedOrigin(head) ? nature('cors-origin') : undefined
}

function hasOwnCookie(
  cookies: readonly string[],
  { outerCookies, storesCookies }: ResolvedOptions<never>,
): boolean {
  return !storesCookies && cookies.some((cookie) => !outerCookies.includes(cookieName(cookie)))
}

/**
 * A cookie has come since the head was shown. Whoever sets it late may do so because of what the handler did, as
 * sessions do, so the body may be one person's, too.
 */
export function hasLateCookie(
  head: ResponseHead,
  lines: HeaderLines,
  options: ResolvedOptions<never>,
): boolean {
  const shown = headerValues(head.lines, 'set-cookie')
  return hasOwnCookie(valuesBeyond(headerValues(lines, 'set-cookie'), shown), options)
}

/** A nonce is in the body too, wherever its header was set. */
function hasNonce(lines: HeaderLines): boolean {
  const policies = [
    ...headerValues(lines, 'content-security-policy'),
    ...headerValues(lines, 'content-security-policy-report-only'),
  ]
  return policies.some((policy) => policy.toLowerCase().includes("'nonce-"))
}

function hasUnvariedOrigin({ lines, baseline }: ResponseHead): boolean {
  const name = 'access-control-allow-origin'
  const origins = valuesBeyond(headerValues(lines, name), headerValues(baseline, name))
  if (origins.every((origin) => origin === '*')) return false
  return !varyMembers(lines).includes('origin')
}

/** Also what layers outside vary on: what they read may have been passed on to the handler. */
function varyRefusal({ lines }: ResponseHead): Refusal | undefined {
  return varyMembers(lines) === '*' ? nature('vary') : undefined
}
