import type { ServerResponse } from 'node:http'
import type { OutgoingResponse } from '@restale/core/http'
import { setCacheStatus } from './cache-status.ts'
import { setLines } from './header-lines.ts'

/** Sends a stored response in the place of the handler's, among the headers that stand there already. */
export function sendResponse(response: ServerResponse, outgoing: OutgoingResponse): void {
  const { status, headers, body } = outgoing
  if (isUntouched(response)) {
    // The cheapest form that Node has: one flat list, nothing set one by one.
    response.writeHead(status, [
      ...headers,
      ...outgoing.defaults,
      ...outgoing.added,
      ...varyLines([], outgoing),
      'Cache-Status',
      outgoing.cacheStatus,
    ])
  } else {
    response.statusCode = status
    for (const name of outgoing.removed) response.removeHeader(name)
    setLines(response, headers)
    setMissing(response, outgoing.defaults)
    addLines(response, outgoing.added)
    setLines(response, varyLines(membersOf(response.getHeader('vary')), outgoing))
    setCacheStatus(response, outgoing.cacheStatus)
  }
  response.end(body)
}

/** Nobody has set a header, and nobody has put a `writeHead` of their own that wants to see them. */
function isUntouched(response: ServerResponse): boolean {
  return !Object.hasOwn(response, 'writeHead') && response.getHeaderNames().length === 0
}

function setMissing(response: ServerResponse, lines: readonly string[]): void {
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] as string
    if (!response.hasHeader(name)) response.setHeader(name, lines[index + 1] as string)
  }
}

function addLines(response: ServerResponse, lines: readonly string[]): void {
  for (let index = 0; index + 1 < lines.length; index += 2) {
    response.appendHeader(lines[index] as string, lines[index + 1] as string)
  }
}

/** `Vary` is merged: both what stands outside and what stands inside depend on something. */
function varyLines(members: readonly string[], { vary }: OutgoingResponse): string[] {
  if (vary.length === 0) return []
  const known = new Set(members.map((member) => member.toLowerCase()))
  return ['Vary', [...members, ...vary.filter((name) => !known.has(name))].join(', ')]
}

function membersOf(value: number | string | string[] | undefined): string[] {
  return String(value ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
}
