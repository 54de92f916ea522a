import type { HeaderLines } from './headers.ts'
import { listMembers } from './headers.ts'
import { untransformed } from './range.ts'
import type { OutgoingResponse } from './stored-response.ts'

/** The headers that stand on a response that has not gone out, as its framework has them; the `Headers` of Fetch, too. */
export interface StandingHeaders {
  /** The lines of a name, joined; null if there is none. */
  get(name: string): string | null
  set(name: string, value: string): void
  append(name: string, value: string): void
  delete(name: string): void
}

/** The first line of a name replaces what stands there, more of it are added. */
export function setLines(headers: Pick<StandingHeaders, 'set' | 'append'>, lines: HeaderLines): void {
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] as string
    const value = lines[index + 1] as string
    if (isNamedBefore(lines, index)) headers.append(name, value)
    else headers.set(name, value)
  }
}

/** Whether a name occurs more than once. */
export function hasRepeatedName(lines: HeaderLines): boolean {
  return lines.some((_, index) => index % 2 === 0 && isNamedBefore(lines, index))
}

/** There are few lines, and fewer of one length. */
function isNamedBefore(lines: HeaderLines, at: number): boolean {
  const name = lines[at] as string
  for (let index = 0; index < at; index += 2) {
    const earlier = lines[index] as string
    if (earlier.length === name.length && earlier.toLowerCase() === name.toLowerCase()) return true
  }
  return false
}

/** The head of a stored response, among what stands there already. `Cache-Status` is the adapter's to append. */
export function setStoredHead(headers: StandingHeaders, stored: OutgoingResponse): void {
  for (const name of stored.removed) headers.delete(name)
  setLines(headers, stored.headers)
  setMissing(headers, stored.defaults)
  appendLines(headers, stored.added)
  if (stored.isPart) headers.set('Cache-Control', untransformed(headers.get('cache-control') ?? ''))
  if (stored.vary.length > 0) headers.set('Vary', mergedVary(headers.get('vary'), stored.vary))
}

/** All lines of its head, for a response on which nothing stands. */
export function wholeHead(stored: OutgoingResponse): HeaderLines {
  if (stored.whole !== undefined) return stored.whole
  const { headers, defaults, added, vary, cacheStatus } = stored
  const lines = [...headers, ...defaults, ...added]
  if (vary.length > 0) lines.push('Vary', vary.join(', '))
  if (cacheStatus !== undefined) lines.push('Cache-Status', cacheStatus)
  return lines
}

/** All but `Content-Length`, for a framework that counts what it sends; elsewhere a header is set to be taken away again. */
export function withoutLength(stored: OutgoingResponse): OutgoingResponse {
  const { headers } = stored
  const at = headers.findIndex(
    (line, index) => index % 2 === 0 && line.length === 14 && line.toLowerCase() === 'content-length',
  )
  return at < 0 ? stored : { ...stored, headers: headers.toSpliced(at, 2) }
}

function setMissing(headers: StandingHeaders, lines: HeaderLines): void {
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] as string
    if (headers.get(name) === null) headers.set(name, lines[index + 1] as string)
  }
}

function appendLines(headers: StandingHeaders, lines: HeaderLines): void {
  for (let index = 0; index + 1 < lines.length; index += 2) {
    headers.append(lines[index] as string, lines[index + 1] as string)
  }
}

/** Both what stands outside and what stands inside depend on something. */
function mergedVary(standing: string | null, vary: readonly string[]): string {
  const members = listMembers(standing ?? '')
  const known = new Set(members.map((member) => member.toLowerCase()))
  return [...members, ...vary.filter((name) => !known.has(name))].join(', ')
}
