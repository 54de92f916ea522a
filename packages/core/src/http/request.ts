import type { FillScope } from '../cache/scope.ts'
import type { Capture } from './capture.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue } from './headers.ts'
import type { Refill } from './refill.ts'

/** What an adapter gives of a request. */
export interface IncomingRequest<Native = unknown> {
  readonly method: string
  /** `http` or `https`, as far as the framework trusts its proxy. */
  readonly scheme: string
  /** Host and port, as the framework tells them: as far as it trusts its proxy; empty if there is none. */
  readonly authority: string
  /** As the client sent it, before mounts and rewrites. */
  readonly target: string
  /** By lower-case name, as Node gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly rawHeaders: HeaderLines
  /** The framework's own request, for the user's functions. */
  readonly native: Native
  /** What stands for the request at every mount on its way, where `native` is not of all of them. @default native */
  readonly carrier?: object | undefined
  /** `Mount.position` when the request came, where something else has looked at it before. @default as it is now */
  readonly position?: number | undefined
  /** Someone has logged in on it, by the framework's own notion, before it got here. */
  readonly isAuthenticated: boolean
  /** The options were given for one route, not for all that is mounted below. */
  readonly isRoute: boolean
  /** The fill that it is re-dispatched for, if it is no client's. */
  readonly refill?: Refill | undefined
  /** A mount further out that is capturing the same request. */
  readonly outer?: Capture | undefined
  /** The value that asks for it, inside the process, while it is being made. */
  readonly within?: FillScope | undefined
}

/** Header fields that ask for something else than the whole current response (RFC 9110 §13.1, §14.2). */
const conditionalHeaders = new Set([
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
])
const connectionHeaders = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
])

/** Conditions and ranges: the cache answers them itself, so a handler whose response is to be stored does not see them. */
export function isConditionalHeader(lowerName: string): boolean {
  return conditionalHeaders.has(lowerName)
}

/** With the client's conditions and ranges, which may be hidden from whoever looks at the request now. */
export function asSent<Native>(request: IncomingRequest<Native>): IncomingRequest<Native> {
  const headers: Record<string, string | undefined> = {}
  for (const name of conditionalHeaders) headers[name] = headerValue(request.rawHeaders, name)
  return { ...request, headers: { ...request.headers, ...headers } }
}

/** The fields with which a refill asks again: those of the request, less conditions, ranges and connection. */
export function refillHeaders(headers: HeaderLines): string[] {
  const kept: string[] = []
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] as string).toLowerCase()
    if (!conditionalHeaders.has(name) && !connectionHeaders.has(name))
      kept.push(headers[index] as string, headers[index + 1] as string)
  }
  return kept
}

/** The path of a target, without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? target : target.slice(0, query)
}

/** The query of a target, without the first `?`; any other is part of it. */
export function queryOf(target: string): string {
  const query = target.indexOf('?')
  return query < 0 ? '' : target.slice(query + 1)
}
