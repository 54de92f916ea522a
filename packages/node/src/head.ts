import type { ServerResponse } from 'node:http'
import type { HeadPlan } from '@restale/core/http'
import { isBodyField, setLines } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { headerLines, setWriteHeadHeaders, standingHeaders } from './header-lines.ts'

interface HeadWatcher {
  /** The head is about to go out, with all of its lines set on the response. */
  onHead(status: number): void
  /** It is out, or on its way: nobody changes it any more. */
  onOut(): void
  /** Node has refused it, and throws: whatever the application sends instead is not what was announced. */
  onRefused(error: unknown): void
}

/** Watches for the head of a response, by whichever way it goes out. */
export function watchHead(response: ServerResponse, { onHead, onOut, onRefused }: HeadWatcher): void {
  const { writeHead } = response
  let isOut = false
  response.writeHead = ((status: number, ...rest: unknown[]) => {
    // An informational head is not the response's, and a second one is Node's to refuse.
    if (isOut || status < 200) return Reflect.apply(writeHead, response, [status, ...rest])
    const [reason, headers] = typeof rest[0] === 'string' ? rest : [undefined, rest[0] ?? rest[1]]
    const takeBack = standing(response)
    try {
      setWriteHeadHeaders(response, headers as Record<string, string> | undefined)
      isOut = true
      response.statusCode = status
      onHead(status)
      Reflect.apply(writeHead, response, [response.statusCode, ...(reason ? [reason] : [])])
    } catch (error) {
      if (isOut) onRefused(error)
      takeBack()
      throw error
    }
    onOut()
    return response
  }) as typeof response.writeHead
}

/** What stands on a response that is not out yet. Gives what puts it back. */
function standing(response: ServerResponse): () => void {
  const { statusCode } = response
  const lines = headerLines(response)
  const names = new Set(response.getHeaderNames())
  return () => {
    if (response.headersSent) return
    response.statusCode = statusCode
    for (const name of response.getHeaderNames()) if (!names.has(name)) response.removeHeader(name)
    setLines(standingHeaders(response), lines)
  }
}

/** Sets what a plan adds to the head of a response, or makes a 304 of it. */
export function applyPlan(response: ServerResponse, { set, cacheStatus, isNotModified }: HeadPlan): void {
  setLines(standingHeaders(response), set)
  if (cacheStatus !== undefined) setCacheStatus(response, cacheStatus)
  if (!isNotModified) return
  response.statusCode = 304
  for (const name of response.getHeaderNames()) if (isBodyField(name)) response.removeHeader(name)
}

export function takeBackPlan(response: ServerResponse, { set }: HeadPlan): void {
  const names = set.filter((_, index) => index % 2 === 0)
  for (const name of ['Cache-Status', ...names]) response.removeHeader(name)
}
