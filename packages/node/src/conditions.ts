import type { IncomingMessage } from 'node:http'
import type { HeaderLines } from '@restale/core/http'
import { isConditionalHeader, replaceConditions as replaceByName } from '@restale/core/http'

/**
 * Puts conditions, by lower-case name, in the place of the client's conditions and ranges, for whoever looks at the
 * request, until the returned function gives those back. A handler that answered them itself would leave nothing whole
 * to store.
 */
export function replaceConditions(request: IncomingMessage, conditions: HeaderLines): () => void {
  const { headers, rawHeaders } = request
  const isNothing = conditions.length === 0 && !Object.keys(headers).some(isConditionalHeader)
  if (isNothing && !rawHeaders.some((_, index) => isConditionalHeader(nameAt(rawHeaders, index))))
    return () => {}
  const kept = rawHeaders.filter((_, index) => !isConditionalHeader(nameAt(rawHeaders, index)))
  const show = replaceByName(headers, conditions)
  if (kept.length === rawHeaders.length && conditions.length === 0) return show
  setRawHeaders(request, [...kept, ...conditions])
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
