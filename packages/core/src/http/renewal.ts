import { isBodyField } from './conditional.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader } from './headers.ts'
import { formatHttpDate } from './http-date.ts'
import { ownLines } from './own-lines.ts'
import type { ResponseHead } from './storable.ts'
import type { OutgoingResponse, StoredResponse } from './stored-response.ts'
import { varyMembers } from './vary.ts'

/** The head of the handler's 304. */
export type NotModifiedHead = Omit<ResponseHead, 'body' | 'isHeld' | 'settled'>

/** The tag that the handler itself has given a stored response. */
export function ownEtag({ validators }: Pick<StoredResponse, 'validators'>): string | undefined {
  return validators[0] === 'if-none-match' ? validators[1] : undefined
}

/**
 * The head that the response would have had as a whole: that of the 304, and what it leaves out of what is stored
 * (RFC 9111 §3.2). So a renewal is judged, kept and keyed by the same rules as any other response.
 */
export function mergedHead(stored: StoredResponse, head: NotModifiedHead, now: number): ResponseHead {
  const { status, headers, added, removed, vary, body } = stored
  const brought = kept(head.lines, (name) => name !== 'vary' && !isBodyField(name) && !removed.includes(name))
  const date = hasHeader(brought, 'date') ? [] : ['Date', formatHttpDate(now)]
  const names = new Set([...namesOf(brought), 'date', 'content-length'])
  // One that we have made says nothing of what the handler knows.
  if (ownEtag(stored) === undefined) names.add('etag')
  const left = kept([...headers, ...added], (name) => !names.has(name))
  const members = [...new Set([...varyMembers(head.lines), ...vary])]
  const lines = [...brought, ...left, ...date, ...(members.length === 0 ? [] : ['Vary', members.join(', ')])]
  return { ...head, status, lines, body }
}

/** What goes out for a 304: what is stored, and all that the handler has said to this one client. */
export function withOwnLines(
  outgoing: OutgoingResponse,
  { lines, baseline }: NotModifiedHead,
): OutgoingResponse {
  const own = ownLines(lines, baseline, {
    storesCookies: true,
    storesPerRequest: true,
    outerCookies: [],
    keptOut: [],
  })
  const brought = kept(own.headers, (name) => !isBodyField(name))
  const names = new Set([...namesOf(brought), ...namesOf(own.added)])
  const standing = varyMembers(baseline)
  const vary = [...varyMembers(lines)].filter((member) => !standing.includes(member))
  return {
    ...outgoing,
    headers: [...kept(outgoing.headers, (name) => !names.has(name)), ...brought],
    added: [...kept(outgoing.added, (name) => !names.has(name)), ...own.added],
    removed: [...new Set([...outgoing.removed, ...own.removed])],
    vary: [...new Set([...outgoing.vary, ...vary])],
  }
}

function kept(lines: HeaderLines, isKept: (lowerName: string) => boolean): string[] {
  return lines.filter((_, index) => isKept((lines[index - (index % 2)] as string).toLowerCase()))
}

function namesOf(lines: HeaderLines): string[] {
  return lines.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
}
