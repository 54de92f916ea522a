import type { FillScope } from '../cache/scope.ts'
import type { CacheControl } from './cache-control.ts'
import { parseCacheControl } from './cache-control.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue, headerValues } from './headers.ts'
import type { ResolvedOptions } from './options.ts'
import { valuesBeyond } from './own-lines.ts'
import { unsupportedVary, varyMembers } from './vary.ts'

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

/** Why this response must not be stored, or nothing. Judges the head alone; completeness is judged at the end. */
export function refusalOf(
  head: ResponseHead,
  scope: FillScope,
  options: ResolvedOptions<never>,
  hasCredentials: boolean,
): Refusal | undefined {
  const control = parseCacheControl(headerValues(head.lines, 'cache-control'))
  return (
    statusRefusal(head.status, options.statuses) ??
    optInRefusal(scope, options, control) ??
    vetoRefusal(control) ??
    unstorableRefusal(scope) ??
    ownerRefusal(head, options) ??
    varyRefusal(head, options) ??
    eventStreamRefusal(head.lines) ??
    (headerValue(head.lines, 'content-range') === undefined ? undefined : keep('content-range')) ??
    (hasCredentials && !permitsAuthorization(control) ? keep('authorization') : undefined)
  )
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
export function statusRefusal(status: number, statuses: ReadonlySet<number>): Refusal | undefined {
  if (statuses.has(status)) return undefined
  if (status >= 500 || failures.has(status)) return fail(`status-${status}`)
  if (partialAnswers.has(status)) return keep(`status-${status}`)
  return { reason: `status-${status}`, effect: 'remove', isNature: false }
}

function optInRefusal(
  scope: FillScope,
  options: ResolvedOptions<never>,
  control: CacheControl,
): Refusal | undefined {
  const isOptedIn = scope.isOptedIn || options.isOptedIn || (control.sMaxage ?? 0) > 0
  return isOptedIn ? undefined : nature('not-opted-in')
}

/** What its origin does not want to be stored. */
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
  if (head.isAuthenticated && !options.isShared)
    return { reason: 'authenticated', effect: 'keep', isNature: true }
  if (hasOwnCookie(cookiesBelow(head), options)) return nature('set-cookie')
  if (hasNonce(head.lines)) return nature('csp-nonce')
  return hasUnvariedOrigin(head) ? nature('cors-origin') : undefined
}

function cookiesBelow({ lines, baseline }: ResponseHead): string[] {
  return valuesBeyond(headerValues(lines, 'set-cookie'), headerValues(baseline, 'set-cookie'))
}

function hasOwnCookie(cookies: readonly string[], { outerCookies }: ResolvedOptions<never>): boolean {
  return cookies.some((cookie) => !outerCookies.includes(cookieName(cookie)))
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

function cookieName(line: string): string {
  const end = line.indexOf('=')
  return (end < 0 ? line : line.slice(0, end)).trim()
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
function varyRefusal({ lines }: ResponseHead, { keyHeaders }: ResolvedOptions<never>): Refusal | undefined {
  // What is in the key has told the requests apart already.
  const [name] = unsupportedVary(varyMembers(lines)).filter((member) => !keyHeaders.includes(member))
  return name === undefined ? undefined : nature(name === '*' ? 'vary' : `vary-${name}`)
}
