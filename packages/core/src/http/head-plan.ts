import { isNotModified } from './conditional.ts'
import { downstreamLines } from './downstream.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader, headerValue } from './headers.ts'
import type { BodyPart } from './range.ts'
import { isSatisfiable, partLines, requestedPart, untransformed } from './range.ts'
import type { IncomingRequest } from './request.ts'
import { asSent } from './request.ts'
import type { Making } from './response-entry.ts'
import { lifeFor } from './response-entry.ts'
import { policyOf } from './response-policy.ts'
import type { ResponseHead } from './storable.ts'
import { saysLife } from './store-response.ts'

/** A part in the place of the whole. */
export interface PlannedPart extends BodyPart {
  readonly status: 206 | 416
  /** Lines to set before it goes out. */
  readonly set: HeaderLines
}

/** What the adapter does with the head that it has shown to the capture. */
export interface HeadPlan {
  /** Lines to set before it goes out. */
  readonly set: HeaderLines
  /** Lower-case names to take away before it goes out. */
  readonly removed: readonly string[]
  /** Our member for `Cache-Status`. */
  readonly cacheStatus: string | undefined
  /** The client has it already: 304, without body and without the fields that describe one. */
  readonly isNotModified: boolean
  /**
   * The client has asked for a part of the whole body: send no more of it than that. Not if something outside has
   * changed the body meanwhile.
   */
  readonly part: PlannedPart | undefined
  /** Give the body to `write` as it goes out, then call `end`. */
  readonly isRecorded: boolean
}

export const untouched: HeadPlan = {
  set: [],
  removed: [],
  cacheStatus: undefined,
  isNotModified: false,
  part: undefined,
  isRecorded: false,
}

/** Whether a client that gets a whole response has it already, or wants no more of it than a part. */
export function answerTo(
  request: IncomingRequest,
  { status, lines, body }: { status: number; lines: HeaderLines; body: Uint8Array },
  now: number,
): Pick<HeadPlan, 'isNotModified' | 'part'> {
  if (status !== 200) return { isNotModified: false, part: undefined }
  // RFC 9110 §13.2.2: conditions come first.
  if (isNotModified(request.rawHeaders, lines, now)) return { isNotModified: true, part: undefined }
  if (!hasHeader(request.rawHeaders, 'range')) return { isNotModified: false, part: undefined }
  const part = requestedPart(asSent(request), lines, body.byteLength, now)
  return { isNotModified: false, part: part && plannedPart(part, lines, body.byteLength) }
}

function plannedPart(part: BodyPart, lines: HeaderLines, length: number): PlannedPart {
  const set = [
    ...partLines(part, length),
    'Cache-Control',
    untransformed(headerValue(lines, 'cache-control') ?? ''),
  ]
  return { ...part, status: isSatisfiable(part) ? 206 : 416, set }
}

/** What clients are told where the handler does not say so: as with the hits that come after. */
export function defaultLines(making: Making, { status, lines }: ResponseHead, isFresh: boolean): HeaderLines {
  const { options } = making
  const own = { hasOwnLife: saysLife(lines), headers: lines }
  if (!options.tellsBrowsers && !options.tellsCdns) return downstreamLines(own, undefined, options)
  const { life, staleness } = lifeFor(making, { status, lines }, policyOf(lines, options.targetedFields))
  return downstreamLines(own, staleness.isByHeader ? undefined : { life, age: 0, isFresh }, options)
}
