import type { HeaderLines } from './headers.ts'
import { headerValue, headerValues, listMembers } from './headers.ts'
import { doubleQuote, endOfQuoted, unquote } from './syntax.ts'

/** The tags that a response names in the fields that caches and CDNs read, without duplicates. */
export function namedTags(lines: HeaderLines): string[] {
  const tags = [
    ...commaSeparated(headerValue(lines, 'cache-tag')),
    ...commaSeparated(headerValue(lines, 'edge-cache-tag')),
    // Where lines were joined to one, a comma stands between them.
    ...headerValues(lines, 'surrogate-key').flatMap((value) => value.split(/,?[ \t]+/)),
    ...cacheGroups(headerValue(lines, 'cache-groups')),
  ]
  return [...new Set(tags)].filter((tag) => tag !== '')
}

function commaSeparated(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((tag) => tag.trim())
}

/** A list of strings (RFC 8941 §3.1); one member that is no string, and all of it is ignored (RFC 9875 §2). */
function cacheGroups(value: string | undefined): string[] {
  const members = listMembers(value ?? '')
  const ends = members.map((member) => (member.charCodeAt(0) === doubleQuote ? endOfQuoted(member, 0) : -1))
  const isSound = members.every((member, index) => {
    const end = ends[index] as number
    return end > 0 && (end === member.length || member[end] === ';')
  })
  return isSound ? members.map((member, index) => unquote(member.slice(0, ends[index]))) : []
}
