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
  const seen = new Set<string>()
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] as string
    const value = lines[index + 1] as string
    const lowerName = name.toLowerCase()
    if (seen.has(lowerName)) headers.append(name, value)
    else headers.set(name, value)
    seen.add(lowerName)
  }
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
