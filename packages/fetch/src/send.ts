import type { HeaderLines, OutgoingResponse } from '@restale/core/http'
import { setStoredHead } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { headersOf } from './header-lines.ts'
import type { Journey } from './journey.ts'

/** A stored response in the place of the handler's, among the header lines that stand there. */
export function storedAnswer(journey: Journey, outgoing: OutgoingResponse, baseline: HeaderLines): Response {
  const headers = headersOf(baseline)
  setStoredHead(headers, outgoing)
  setCacheStatus(journey, headers, outgoing.cacheStatus)
  const { status, body } = outgoing
  const hasBody = body !== undefined && body.byteLength > 0
  return new Response(hasBody ? (body as Uint8Array<ArrayBuffer>) : null, { status, headers })
}
