import { isStrings } from '../cache/shape.ts'
import type { HeaderLines } from './headers.ts'
import { endOfToken } from './syntax.ts'

/** What would end a line or be cut short: everything but a tab, visible characters and bytes beyond ASCII (RFC 9110 §5.5). */
const outsideOfValues = /[^\t\x20-\x7e\x80-\xff]/

/** Header lines that come from outside: names and values that can be sent, and nothing that could begin a line of its own. */
export function isHeaderLines(value: unknown): value is HeaderLines {
  if (!isStrings(value) || value.length % 2 !== 0) return false
  return value.every((part, at) => (at % 2 === 0 ? isFieldName(part) : !outsideOfValues.test(part)))
}

/** Names without values, as `Vary` lists them. */
export function isFieldNames(value: unknown): value is readonly string[] {
  return isStrings(value) && value.every(isFieldName)
}

function isFieldName(name: string): boolean {
  return name !== '' && endOfToken(name, 0) === name.length
}
