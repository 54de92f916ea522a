import type { HeaderLines } from './headers.ts'
import { connectionNamed, hopByHop, isPerRequestHeader } from './headers.ts'

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

/**
 * The lines that the handler added, changed or removed. What stood there before belongs to this one request:
 * the layers outside write theirs again on every other.
 */
export function ownLines(lines: HeaderLines, baseline: HeaderLines): OwnLines {
  const now = byName(lines)
  const before = byName(baseline)
  const named = connectionNamed(lines)
  const own: OwnLines = { headers: [], added: [], removed: [] }
  for (const [name, { values, spelling }] of now) {
    if (notKept.has(name) || hopByHop.has(name) || named.has(name) || isPerRequestHeader(name)) continue
    const stood = before.get(name)?.values ?? []
    const isExtended = stood.length > 0 && stood.every((value, index) => value === values[index])
    const kept = isExtended ? values.slice(stood.length) : values
    for (const value of kept) (isExtended ? own.added : own.headers).push(spelling, value)
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
