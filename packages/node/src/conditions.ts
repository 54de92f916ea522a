import type { IncomingMessage } from 'node:http'
import { isConditionalHeader } from '@restale/core/http'

/**
 * Takes the client's conditions and ranges away from whoever looks at the request, until the returned function
 * gives them back. A handler that answered them itself would leave nothing whole to store.
 */
export function hideConditions(request: IncomingMessage): () => void {
  const { headers, rawHeaders } = request
  const hidden = Object.entries(headers).filter(([name]) => isConditionalHeader(name))
  if (hidden.length === 0) return () => {}
  for (const [name] of hidden) delete headers[name]
  request.rawHeaders = rawHeaders.filter((_, index) => !isConditionalHeader(nameAt(rawHeaders, index)))
  return () => {
    Object.assign(headers, Object.fromEntries(hidden))
    request.rawHeaders = rawHeaders
  }
}

/** The field that a place in the flat list belongs to, be it the name or the value. */
function nameAt(rawHeaders: readonly string[], index: number): string {
  return (rawHeaders[index - (index % 2)] as string).toLowerCase()
}
