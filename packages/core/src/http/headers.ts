import { comma, doubleQuote, endOfQuoted, trimWhitespace } from './syntax.ts'

/** Header lines in the order and the spelling they had: `[name, value, name, value, …]`. */
export type HeaderLines = readonly string[]

const none: ReadonlySet<string> = new Set()

/**
 * Fields that belong to one connection, and never to a stored response (RFC 9110 §7.6.1, RFC 9111 §3.1).
 * Those that `Connection` names come on top: `connectionNamed`.
 */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const perRequestNames: ReadonlySet<string> = new Set([
  // request ids
  'cf-ray',
  'correlation-id',
  'fly-request-id',
  'request-id',
  'rndr-id',
  'x-amz-cf-id',
  'x-amz-id-2',
  'x-amz-request-id',
  'x-amzn-requestid',
  'x-correlation-id',
  'x-github-request-id',
  'x-ms-request-id',
  'x-nf-request-id',
  'x-req-id',
  'x-request-id',
  'x-transaction-id',
  'x-vercel-id',
  // traces
  'b3',
  'baggage',
  'elastic-apm-traceparent',
  'grpc-trace-bin',
  'sentry-trace',
  'traceparent',
  'traceresponse',
  'tracestate',
  'uber-trace-id',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-honeycomb-trace',
  'x-span-id',
  'x-trace-id',
  // how long this one request took
  'server-timing',
  'x-process-time',
  'x-response-time',
  'x-runtime',
  // rate limits
  'ratelimit',
  'retry-after',
  'x-retry-after',
])

const perRequestPrefixes = ['ratelimit-', 'x-b3-', 'x-datadog-', 'x-newrelic-', 'x-rate-limit', 'x-ratelimit']

/** Whether the field tells of one request only (its id, trace, rate limit), so that no copy may carry it. */
export function isPerRequestHeader(lowerName: string): boolean {
  return perRequestNames.has(lowerName) || perRequestPrefixes.some((prefix) => lowerName.startsWith(prefix))
}

/** Headers by name, as Node has them, line by line. */
export function linesOf(headers: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return []
    return (Array.isArray(value) ? value : [value]).flatMap((line) => [name, String(line)])
  })
}

/** The value of each line of the field, in order. */
export function headerValues(lines: HeaderLines, lowerName: string): string[] {
  const values: string[] = []
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (isNamed(lines[at], lowerName)) values.push(lines[at + 1] as string)
  }
  return values
}

/** The field's lines joined to one value (RFC 9110 §5.3), or undefined if there is none. */
export function headerValue(lines: HeaderLines, lowerName: string): string | undefined {
  let value: string | undefined
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (!isNamed(lines[at], lowerName)) continue
    value = value === undefined ? lines[at + 1] : `${value}, ${lines[at + 1]}`
  }
  return value
}

export function hasHeader(lines: HeaderLines, lowerName: string): boolean {
  for (let at = 0; at + 1 < lines.length; at += 2) {
    if (isNamed(lines[at], lowerName)) return true
  }
  return false
}

/** The lower-case names that `Connection` lists: hop-by-hop for this message (RFC 9110 §7.6.1). */
export function connectionNamed(lines: HeaderLines): ReadonlySet<string> {
  const value = headerValue(lines, 'connection')
  return value === undefined ? none : new Set(listMembers(value.toLowerCase()))
}

/**
 * The members of a comma-separated list (RFC 9110 §5.6.1): commas inside quoted strings do not separate,
 * empty members are skipped. A quote that never closes is an ordinary character: it must not hide the rest.
 */
export function listMembers(value: string): string[] {
  const members: string[] = []
  let start = 0
  let canQuote = true
  for (let at = 0; at <= value.length; at++) {
    const code = value.charCodeAt(at)
    if (code === doubleQuote && canQuote) {
      const end = endOfQuoted(value, at)
      canQuote = end !== -1
      if (canQuote) at = end - 1
    } else if (code === comma || at === value.length) {
      const member = trimWhitespace(value.slice(start, at))
      if (member !== '') members.push(member)
      start = at + 1
    }
  }
  return members
}

function isNamed(name: string | undefined, lowerName: string): boolean {
  return name === lowerName || (name?.length === lowerName.length && name.toLowerCase() === lowerName)
}
