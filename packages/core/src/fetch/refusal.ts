import type { CacheControl } from '../http/cache-control.ts'
import { hasHeader, headerValue } from '../http/headers.ts'
import type { Refusal } from '../http/storable.ts'
import {
  eventStreamRefusal,
  fail,
  lengthRefusal,
  nature,
  statusRefusal,
  vetoRefusal,
} from '../http/storable.ts'
import type { ReplyHead } from './reply.ts'

const storedStatuses: ReadonlySet<number> = new Set([200])

/** Why a reply must not be stored, judged by its head. `veto`: what its origin says against it, if that is heeded. */
export function headRefusal(
  { status, headers, hasBody }: ReplyHead,
  veto: Refusal | undefined,
  maxBytes: number,
): Refusal | undefined {
  // An error or opaque response of `fetch`, which cannot be made a second time.
  if (status === 0) return { ...fail('status-0'), isNature: true }
  const ofStatus = statusRefusal(status, storedStatuses)
  if (ofStatus !== undefined) return veto === undefined ? ofStatus : unshared(ofStatus)
  const length = hasBody ? Number(headerValue(headers, 'content-length') ?? 0) : 0
  return veto ?? eventStreamRefusal(headers) ?? (length > maxBytes ? nature('too-large') : undefined)
}

/** A reply is kept whole or not at all, so what is limited to some of its fields holds for all of it (RFC 9111 §5.2.2.7). */
export function upstreamVeto(control: CacheControl): Refusal | undefined {
  return vetoRefusal({ ...control, isPrivate: control.isPrivate || control.fieldsKeptOut.length > 0 })
}

/** Why a body that came to its end is not whole all the same. Packed, its length is not the one that is said. */
export function bodyRefusal({ headers }: ReplyHead, { byteLength }: Uint8Array): Refusal | undefined {
  return hasHeader(headers, 'content-encoding') ? undefined : lengthRefusal(headers, byteLength)
}

/** It means the same for what was stored before, but those who wait cannot share it. */
export function unshared(refusal: Refusal): Refusal {
  return { ...refusal, isNature: true }
}
