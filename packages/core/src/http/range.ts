import { dateOf } from './age.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue, listMembers } from './headers.ts'
import { parseHttpDate } from './http-date.ts'
import type { IncomingRequest } from './request.ts'

/** A part of a whole body, by bytes; none of it, if the client asks for what is not there. */
export interface BodyPart {
  readonly start: number
  /** The first byte behind it. */
  readonly end: number
}

const unsatisfiable: BodyPart = { start: 0, end: 0 }

/**
 * The part of a stored 200 that a request asks for (RFC 9110 §14.2); undefined if it gets the whole: without `Range`,
 * for HEAD, for several ranges at once, and where `If-Range` does not hold.
 */
export function requestedPart(
  { method, headers, rawHeaders }: Pick<IncomingRequest, 'method' | 'headers' | 'rawHeaders'>,
  responseHeaders: HeaderLines,
  length: number,
  now: number,
): BodyPart | undefined {
  if (headers.range === undefined || method !== 'GET') return undefined
  const ifRange = headerValue(rawHeaders, 'if-range')
  if (ifRange !== undefined && !isUnchanged(ifRange, responseHeaders, now)) return undefined
  return partOf(String(headers.range), length)
}

export function isSatisfiable({ start, end }: BodyPart): boolean {
  return end > start
}

/** The lines that tell of a part: they replace those of the whole. */
export function partLines(part: BodyPart, length: number): string[] {
  const { start, end } = part
  const range = isSatisfiable(part) ? `${start}-${end - 1}` : '*'
  return ['Content-Range', `bytes ${range}/${length}`, 'Content-Length', String(end - start)]
}

/** Outer layers are not to compress a part: its bytes are those of the whole as it is (RFC 9111 §5.2.2.6). */
export function untransformed(control: string): string {
  const members = listMembers(control)
  const isSaid = members.some((member) => member.toLowerCase() === 'no-transform')
  return (isSaid ? members : [...members, 'no-transform']).join(', ')
}

/** RFC 9110 §14.1.2. What breaks the grammar, or is of another unit, counts as not there. */
function partOf(value: string, length: number): BodyPart | undefined {
  const [unit = '', ...rest] = value.split('=')
  const ranges = listMembers(rest.join('='))
  const match = ranges.length === 1 ? /^(\d*)-(\d*)$/.exec(ranges[0] as string) : null
  if (unit.toLowerCase() !== 'bytes' || match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '') return last === '' ? undefined : suffix(Number(last), length)
  const end = last === '' ? length : Math.min(Number(last) + 1, length)
  if (last !== '' && Number(last) < Number(first)) return undefined
  return Number(first) < length ? { start: Number(first), end } : unsatisfiable
}

function suffix(count: number, length: number): BodyPart | undefined {
  if (count === 0) return unsatisfiable
  return length === 0 ? undefined : { start: Math.max(0, length - count), end: length }
}

/** By strong comparison of tags, or by the very date of a `Last-Modified` that is a strong one (RFC 9110 §13.1.5). */
function isUnchanged(ifRange: string, responseHeaders: HeaderLines, now: number): boolean {
  if (ifRange.includes('"'))
    return !ifRange.startsWith('W/') && ifRange === headerValue(responseHeaders, 'etag')
  const lastModified = headerValue(responseHeaders, 'last-modified')
  if (lastModified === undefined) return false
  const modifiedAt = parseHttpDate(lastModified, now)
  const isStrong = modifiedAt !== undefined && dateOf(responseHeaders, now) - modifiedAt >= 1000
  return isStrong && parseHttpDate(ifRange, now) === modifiedAt
}
