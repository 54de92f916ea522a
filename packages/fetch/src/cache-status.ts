import { appendCacheStatus } from '@restale/core/http'
import type { Journey } from './journey.ts'
import { copyOf } from './response-copy.ts'

const name = 'Cache-Status'

/** A response has one member of ours, that of the innermost mount; it is the first to speak. */
export function setCacheStatus(journey: Journey, headers: Headers, ours: string | undefined): void {
  if (ours === undefined || journey.hasSpoken) return
  journey.hasSpoken = true
  headers.set(name, appendCacheStatus(headers.get(name) ?? undefined, ours))
}

/** The same on a response that goes past the cache: on a copy, if there can be one. */
export function withCacheStatus(
  journey: Journey,
  response: Response | undefined,
  ours: string | undefined,
): Response | undefined {
  if (response === undefined || ours === undefined || journey.hasSpoken) return response
  const copy = copyOf(response)
  if (copy !== undefined) setCacheStatus(journey, copy.headers, ours)
  return copy ?? response
}
