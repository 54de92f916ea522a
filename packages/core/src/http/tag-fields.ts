import { parseList } from 'structured-headers'
import type { HeaderLines } from './headers.ts'
import { headerValue, headerValues } from './headers.ts'

/** Fields that name the tags of a response for caches alone; `Cache-Groups` is for clients, too. */
export const cdnTagFields: readonly string[] = ['cache-tag', 'edge-cache-tag', 'surrogate-key']

/** The tags that a response names in the fields that caches and CDNs read, without duplicates. */
export function namedTags(lines: HeaderLines): string[] {
  const tags = [
    ...commaSeparated(headerValue(lines, 'cache-tag')),
    ...commaSeparated(headerValue(lines, 'edge-cache-tag')),
    // Where lines were joined to one, a comma stands between them.
    ...headerValues(lines, 'surrogate-key').flatMap((value) => value.split(/,?[ \t]+/)),
    ...cacheGroups(lines),
  ]
  return tags.length === 0 ? tags : [...new Set(tags)].filter((tag) => tag !== '')
}

/** The groups of a response (RFC 9875 §2). */
export function cacheGroups(lines: HeaderLines): string[] {
  return listOfStrings(headerValue(lines, 'cache-groups'))
}

/** The groups that a response to an unsafe method invalidates (RFC 9875 §3). */
export function invalidatedGroups(lines: HeaderLines): string[] {
  return listOfStrings(headerValue(lines, 'cache-group-invalidation'))
}

function commaSeparated(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(',').map((tag) => tag.trim())
}

/** A list of strings (RFC 9651 §3.1); one member that is no string, and all of it is ignored. */
function listOfStrings(value: string | undefined): string[] {
  if (value === undefined) return []
  try {
    const members = parseList(value).map(([member]) => member)
    return members.every((member) => typeof member === 'string') ? members : []
  } catch {
    return []
  }
}
