import type { Entry } from '../cache/entry.ts'
import { isNotModified, notModifiedHeaders } from './conditional.ts'
import { alwaysAskLines, downstreamLines } from './downstream.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue } from './headers.ts'
import type { ResolvedOptions } from './options.ts'
import type { BodyPart } from './range.ts'
import { isSatisfiable, partLines, requestedPart } from './range.ts'
import type { IncomingRequest } from './request.ts'
import type { OutgoingResponse, StoredResponse } from './stored-response.ts'

type Told = Pick<ResolvedOptions<never>, 'tellsBrowsers' | 'tellsCdns'>

/** How a stored response goes out. */
export interface Use {
  readonly now: number
  readonly isFresh: boolean
  /** Our member for `Cache-Status`. */
  readonly cacheStatus: string
  readonly told: Told
}

/** It asks for the whole response; `ifNoneMatch` is all that it says of what it has of it, undefined if it says nothing. */
export interface PlainQuestion {
  readonly ifNoneMatch: string | undefined
}

/** Clients choose what they say, and it is kept for a while. */
const maxKeptLength = 256

const unconditional: PlainQuestion = { ifNoneMatch: undefined }

/** What a request asks, if that is simple enough for many to ask the same; else undefined. */
export function plainQuestion({ method, headers, rawHeaders }: IncomingRequest): PlainQuestion | undefined {
  if (method !== 'GET' || headers.range !== undefined) return undefined
  if (headers['if-none-match'] === undefined)
    return headers['if-modified-since'] === undefined ? unconditional : undefined
  // RFC 9110 §13.2.2: with `If-None-Match`, `If-Modified-Since` does not count.
  const ifNoneMatch = headerValue(rawHeaders, 'if-none-match')
  return ifNoneMatch === undefined || ifNoneMatch.length > maxKeptLength ? undefined : { ifNoneMatch }
}

/** A stored response as this request gets it: whole, a part of it, without body for HEAD, or 304. */
export function respond(entry: Entry<StoredResponse>, request: IncomingRequest, use: Use): OutgoingResponse {
  const { status, headers, added, removed, vary, body } = entry.value
  const { now, cacheStatus } = use
  const isUnmodified = status === 200 && isConditionMet(request, headers, now)
  const age = ageOf(entry, now)
  const outgoing: OutgoingResponse = {
    status: isUnmodified ? 304 : status,
    headers: [...(isUnmodified ? notModifiedHeaders(headers) : headers), 'Age', String(age)],
    defaults: defaultLines(entry, age, use),
    added,
    removed,
    vary,
    body: isUnmodified || request.method === 'HEAD' ? undefined : body,
    cacheStatus,
    isPart: false,
  }
  // RFC 9110 §13.2.2: conditions come first.
  if (request.headers.range === undefined || status !== 200 || isUnmodified) return outgoing
  const part = requestedPart(request, headers, body.byteLength, now)
  return part === undefined ? outgoing : partial(outgoing, part, body)
}

const none: HeaderLines = []

/** For a client that wants nothing but what is stored (RFC 9111 §5.2.1.7). */
export const gatewayTimeout: OutgoingResponse = {
  status: 504,
  headers: ['Content-Length', '0'],
  defaults: ['Cache-Control', 'no-store'],
  added: [],
  removed: [],
  vary: [],
  body: new Uint8Array(),
  cacheStatus: undefined,
  isPart: false,
}

function defaultLines(
  { life, value }: Entry<StoredResponse>,
  age: number,
  { told, isFresh }: Use,
): HeaderLines {
  if (!told.tellsBrowsers && !told.tellsCdns) return value.hasOwnLife ? none : alwaysAskLines
  return downstreamLines(value, value.staleness.isByHeader ? undefined : { life, age, isFresh }, told)
}

/** RFC 9110 §15.3.7, §15.5.17. */
function partial(whole: OutgoingResponse, part: BodyPart, body: Uint8Array): OutgoingResponse {
  const isPart = isSatisfiable(part)
  const lines = isPart ? whole.headers : notModifiedHeaders(whole.headers)
  const kept = lines.filter(
    (_, index) => (lines[index - (index % 2)] as string).toLowerCase() !== 'content-length',
  )
  return {
    ...whole,
    status: isPart ? 206 : 416,
    headers: [...kept, ...partLines(part, body.byteLength)],
    isPart: true,
    body: body.subarray(part.start, part.end),
  }
}

/** Whether the client's own condition makes it a 304. */
function isConditionMet(
  { headers, rawHeaders }: Pick<IncomingRequest, 'headers' | 'rawHeaders'>,
  responseHeaders: HeaderLines,
  now: number,
): boolean {
  if (headers['if-none-match'] === undefined && headers['if-modified-since'] === undefined) return false
  return isNotModified(rawHeaders, responseHeaders, now)
}

/** Seconds since it was generated (RFC 9111 §4.2.3). */
export function ageOf({ bornAt }: Entry, now: number): number {
  return Math.max(0, Math.floor((now - bornAt) / 1000))
}
