import type { HeaderLines } from './headers.ts'
import { connectionNamed, headerValues, hopByHop, isPerRequestHeader } from './headers.ts'

/** What was made of the header lines below the cache. */
export interface OwnLines {
  /** Lines of names that were set, or set anew. */
  readonly headers: string[]
  /** Lines that were added to some that stood there already. */
  readonly added: string[]
  /** Lower-case names that stood there and are gone. */
  readonly removed: string[]
}

/** Made afresh at each use, or kept in another form. */
const notKept: ReadonlySet<string> = new Set(['age', 'cache-status', 'content-length', 'set-cookie', 'vary'])

/** What of the lines below the cache is kept, beyond what always is. */
export interface Keeping {
  readonly storesCookies: boolean
  /** Cookies that are left out all the same, by name. */
  readonly outerCookies: readonly string[]
  readonly storesPerRequest: boolean
  /** Lower-case names that are left out. */
  readonly keptOut: readonly string[]
}

/**
 * The lines that the handler added, changed or removed. What stood there before belongs to this one request:
 * the layers outside write theirs again on every other.
 */
export function ownLines(
  lines: HeaderLines,
  baseline: HeaderLines,
  { storesCookies, storesPerRequest, outerCookies, keptOut }: Keeping,
): OwnLines {
  const now = byName(lines)
  const before = byName(baseline)
  const named = connectionNamed(lines)
  const own: OwnLines = { headers: [], added: [], removed: [] }
  for (const [name, { values, spelling }] of now) {
    if (notKept.has(name) || hopByHop.has(name) || named.has(name) || keptOut.includes(name)) continue
    if (!storesPerRequest && isPerRequestHeader(name)) continue
    const stood = before.get(name)?.values ?? []
    const isExtended = stood.length > 0 && stood.every((value, index) => value === values[index])
    const kept = isExtended ? values.slice(stood.length) : values
    for (const value of kept) (isExtended ? own.added : own.headers).push(spelling, value)
  }
  // Always beside those that stand there: each is a cookie of its own.
  const cookies = storesCookies && !keptOut.includes('set-cookie') ? cookiesBeyond(lines, baseline) : []
  for (const cookie of cookies) {
    if (!outerCookies.includes(cookieName(cookie))) own.added.push('Set-Cookie', cookie)
  }
  for (const name of before.keys()) {
    if (!now.has(name) && !notKept.has(name)) own.removed.push(name)
  }
  return own
}

/** The values of one field beyond those that stood there before. */
export function valuesBeyond(values: readonly string[], baseline: readonly string[]): string[] {
  const stood = [...baseline]
  return values.filter((value) => {
    const index = stood.indexOf(value)
    if (index >= 0) stood.splice(index, 1)
    return index < 0
  })
}

/** The cookies that were set below the cache. */
export function cookiesBeyond(lines: HeaderLines, baseline: HeaderLines): string[] {
  return valuesBeyond(headerValues(lines, 'set-cookie'), headerValues(baseline, 'set-cookie'))
}

export function cookieName(line: string): string {
  const end = line.indexOf('=')
  return (end < 0 ? line : line.slice(0, end)).trim()
}

interface Field {
  readonly spelling: string
  readonly values: string[]
}

function byName(lines: HeaderLines): Map<string, Field> {
  const fields = new Map<string, Field>()
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const spelling = lines[index] as string
    const name = spelling.toLowerCase()
    const field = fields.get(name)
    if (field === undefined) fields.set(name, { spelling, values: [lines[index + 1] as string] })
    else field.values.push(lines[index + 1] as string)
  }
  return fields
}
