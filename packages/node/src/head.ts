import type { ServerResponse } from 'node:http'
import type { HeadPlan } from '@restale/core/http'
import { isBodyField, setLines } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { headerLines, isHttp2, setWriteHeadHeaders, standingHeaders } from './header-lines.ts'

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
      const isOther = response.statusCode !== status
      // What it was called was another status.
      if (isOther && !isHttp2(response)) response.statusMessage = ''
      Reflect.apply(writeHead, response, [response.statusCode, ...(reason && !isOther ? [reason] : [])])
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
  return () => {
    if (response.headersSent) return
    response.statusCode = statusCode
    const names = new Set(lines.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
    for (const name of response.getHeaderNames()) if (!names.has(name)) response.removeHeader(name)
    setLines(standingHeaders(response), lines)
  }
}

/** Node refuses them for what it does not send in chunks. */
const chunkedFields = ['Trailer', 'Transfer-Encoding']

/** Changes the head of a response as a plan wants it: more lines or fewer, 304, or the head of a part. */
export function applyPlan(response: ServerResponse, plan: HeadPlan): void {
  for (const name of plan.removed) response.removeHeader(name)
  setLines(standingHeaders(response), plan.set)
  setCacheStatus(response, plan.cacheStatus)
  if (plan.part !== undefined || plan.isNotModified)
    for (const name of chunkedFields) response.removeHeader(name)
  if (plan.part !== undefined) {
    setLines(standingHeaders(response), plan.part.set)
    response.statusCode = plan.part.status
  }
  if (!plan.isNotModified) return
  response.statusCode = 304
  for (const name of response.getHeaderNames()) if (isBodyField(name)) response.removeHeader(name)
}

/** What a plan leaves to be sent of a whole body; undefined if it is none. */
export function plannedBody({ isNotModified, part }: HeadPlan, body: Uint8Array): Uint8Array | undefined {
  const sent = part === undefined ? body : body.subarray(part.start, part.end)
  return isNotModified || sent.byteLength === 0 ? undefined : sent
}

export function takeBackPlan(response: ServerResponse, { set }: HeadPlan): void {
  const names = set.filter((_, index) => index % 2 === 0)
  for (const name of ['Cache-Status', ...names]) response.removeHeader(name)
}
