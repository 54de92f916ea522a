/** In UTF-16 units, as Next.js counts. */
export const maxTagLength = 256
/** Tags that one scope may declare itself. */
export const maxTagsPerScope = 128
/** Tags on one entry, with those of everything nested in it. */
export const maxTagsPerEntry = 1024

/** Says what is wrong with a tag, or nothing if it is right. Tags are case-sensitive and otherwise free. */
export function tagProblem(tag: unknown): string | undefined {
  if (typeof tag !== 'string') return `a tag must be a string, got ${tag === null ? 'null' : typeof tag}`
  if (tag.length === 0) return 'a tag must not be empty'
  if (tag.length > maxTagLength) {
    return `a tag must not be longer than ${maxTagLength} characters, "${tag.slice(0, 32)}…" has ${tag.length}`
  }
  // Half a character: two of them would be the same tag to a store that writes UTF-8.
  if (/\p{Surrogate}/u.test(tag)) return 'a tag must be well-formed, a lone surrogate is not a character'
  return undefined
}
