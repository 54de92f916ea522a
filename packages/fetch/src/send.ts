import type { HeaderLines, OutgoingResponse } from '@restale/core/http'
import { hasRepeatedName, setStoredHead, wholeHead } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { headersOf } from './header-lines.ts'
import type { Journey } from './journey.ts'

/** A stored response in the place of the handler's, among the header lines that stand there. */
export function storedAnswer(journey: Journey, outgoing: OutgoingResponse, baseline: HeaderLines): Response {
  const { status, body } = outgoing
  const hasBody = body !== undefined && body.byteLength > 0
  const headers = hasBody ? headOf(journey, outgoing, baseline) : headersAmong(journey, outgoing, baseline)
  return new Response(hasBody ? (body as Uint8Array<ArrayBuffer>) : null, { status, headers })
}

function headOf(
  journey: Journey,
  outgoing: OutgoingResponse,
  baseline: HeaderLines,
): Headers | Record<string, string> {
  const isAlone = baseline.length === 0 && !journey.hasSpoken && !outgoing.isPart
  if (isAlone && !hasRepeatedName(wholeHead(outgoing))) {
    journey.hasSpoken = outgoing.cacheStatus !== undefined
    return byName(wholeHead(outgoing))
  }
  return headersAmong(journey, outgoing, baseline)
}

function headersAmong(journey: Journey, outgoing: OutgoingResponse, baseline: HeaderLines): Headers {
  const headers = headersOf(baseline)
  setStoredHead(headers, outgoing)
  setCacheStatus(journey, headers, outgoing.cacheStatus)
  return headers
}

/** Hono's server for Node sends a plain object as it is, where there is a body, and makes `Headers` for who asks for them. */
function byName(lines: HeaderLines): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let index = 0; index < lines.length; index += 2)
    headers[(lines[index] as string).toLowerCase()] = lines[index + 1] as string
  return headers
}
