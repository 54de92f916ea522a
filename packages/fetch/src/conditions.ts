import { isConditionalHeader } from '@restale/core/http'
import { requestAt } from './request-at.ts'

/** A request as its handler gets it: one whose conditions can be hidden. */
export function handedOn(request: Request, url: string): Request {
  const isChanged = url !== request.url || (hasConditions(request) && !isChangeable(request.headers))
  return isChanged ? requestAt(request, url) : request
}

/** Takes the client's conditions and ranges away. Gives what puts them back. */
export function hideConditions(headers: Headers): () => void {
  const hidden = [...headers].filter(([name]) => isConditionalHeader(name))
  for (const [name] of hidden) headers.delete(name)
  return () => {
    for (const [name, value] of hidden) headers.set(name, value)
  }
}

function hasConditions({ headers }: Request): boolean {
  return [...headers.keys()].some(isConditionalHeader)
}

/** Some runtimes seal the headers of the requests that they make. */
function isChangeable(headers: Headers): boolean {
  try {
    headers.delete('x-restale')
    return true
  } catch {
    return false
  }
}
