import type { IncomingMessage } from 'node:http'
import { hideConditions as hideByName, isConditionalHeader } from '@restale/core/http'

/**
 * Takes the client's conditions and ranges away from whoever looks at the request, until the returned function
 * gives them back. A handler that answered them itself would leave nothing whole to store.
 */
export function hideConditions(request: IncomingMessage): () => void {
  const { headers, rawHeaders } = request
  const kept = rawHeaders.filter((_, index) => !isConditionalHeader(nameAt(rawHeaders, index)))
  if (kept.length === rawHeaders.length) return hideByName(headers)
  const show = hideByName(headers)
  setRawHeaders(request, kept)
  return () => {
    show()
    setRawHeaders(request, rawHeaders)
  }
}

/** The field that a place in the flat list belongs to, be it the name or the value. */
function nameAt(rawHeaders: readonly string[], index: number): string {
  return (rawHeaders[index - (index % 2)] as string).toLowerCase()
}

/** Those of HTTP/2 cannot be assigned. */
function setRawHeaders(request: IncomingMessage, value: readonly string[]): void {
  Object.defineProperty(request, 'rawHeaders', {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}
