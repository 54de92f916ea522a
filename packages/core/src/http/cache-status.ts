import { isTokenCode } from './syntax.ts'

/** Why a request went to the handler (RFC 9211 §2.2). */
export type ForwardReason =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'
  | 'partial'

/** What the cache did with a request: a hit, or a forward with its reason, never both (RFC 9211 §2). */
export type CacheStatus = CacheStatusHit | CacheStatusForward

interface CacheStatusHit {
  readonly hit: true
  /** Seconds of freshness left; negative when stale. Left out if not finite. */
  readonly ttl?: number | undefined
  readonly detail?: string | undefined
}

export interface CacheStatusForward {
  readonly fwd: ForwardReason
  /** The handler's status, where another one is sent. */
  readonly fwdStatus?: number | undefined
  readonly stored?: boolean | undefined
  readonly collapsed?: boolean | undefined
  readonly ttl?: number | undefined
  readonly detail?: string | undefined
}

const name = 'restale'
/** RFC 9651 §3.3.1: fifteen digits. */
const largestInteger = 999_999_999_999_999

/** Our member of `Cache-Status`, always a valid structured field (RFC 9211 §2, RFC 9651 §3.1). */
export function formatCacheStatus(status: CacheStatus): string {
  const ttl = parameter('ttl', status.ttl)
  const detail = status.detail === undefined ? '' : `; detail=${bareItem(status.detail)}`
  if ('hit' in status) return `${name}; hit${ttl}${detail}`
  const fwdStatus = parameter('fwd-status', status.fwdStatus)
  const stored = status.stored === true ? '; stored' : ''
  const collapsed = status.collapsed === true ? '; collapsed' : ''
  return `${name}; fwd=${status.fwd}${fwdStatus}${stored}${collapsed}${ttl}${detail}`
}

/** Caches nearer to the origin come first (RFC 9211 §2), so ours goes behind what is there. */
export function appendCacheStatus(existing: string | undefined, ours: string): string {
  return existing === undefined || existing === '' ? ours : `${existing}, ${ours}`
}

function parameter(key: string, value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return ''
  const integer = Math.max(-largestInteger, Math.min(largestInteger, Math.floor(value)))
  return `; ${key}=${integer}`
}

/** A Token where the text is one, else a String, which holds printable ASCII only (RFC 9651 §3.3.3). */
function bareItem(text: string): string {
  return isToken(text) ? text : `"${text.replace(/[^ -~]/g, '?').replace(/["\\]/g, '\\$&')}"`
}

function isToken(text: string): boolean {
  if (!isTokenStart(text.charCodeAt(0))) return false
  for (let at = 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (!isTokenCode(code) && code !== 0x3a && code !== 0x2f) return false
  }
  return true
}

/** A letter or `*`. */
function isTokenStart(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x2a
}
