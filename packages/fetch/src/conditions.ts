import type { HeaderLines } from '@restale/core/http'
import { isConditionalHeader, setLines } from '@restale/core/http'
import { requestAt } from './request-at.ts'

/** A request as its handler gets it: one whose conditions can be replaced. */
export function handedOn(request: Request, url: string): Request {
  const isChanged = url !== request.url || (hasConditions(request) && !isChangeable(request.headers))
  return isChanged ? requestAt(request, url) : request
}

/** Puts lines in the place of the client's conditions and ranges. Gives what puts those back. */
export function replaceConditions(headers: Headers, conditions: HeaderLines): () => void {
  const replaced = conditionsIn(headers)
  deleteConditions(headers)
  setLines(headers, conditions)
  return () => {
    deleteConditions(headers)
    for (const [name, value] of replaced) headers.set(name, value)
  }
}

function deleteConditions(headers: Headers): void {
  for (const [name] of conditionsIn(headers)) headers.delete(name)
}

function conditionsIn(headers: Headers): [name: string, value: string][] {
  return [...headers].filter(([name]) => isConditionalHeader(name))
}

function hasConditions({ headers }: Request): boolean {
  return conditionsIn(headers).length > 0
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
