import { isBodyField } from './conditional.ts'
import { etagsMatchWeakly } from './etag.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue } from './headers.ts'

/** Does a 304 mean the version that has this tag? Not if it names another one (RFC 9111 §4.3.4). */
export function isOfVersion(brought: HeaderLines, etag: string | undefined): boolean {
  const named = headerValue(brought, 'etag')
  if (named === undefined) return true
  return etag === undefined ? named.startsWith('W/') : etagsMatchWeakly(named, etag)
}

/**
 * Stored header lines after a 304: the fields that it brings replace those of their name, but for those that
 * describe the stored body (RFC 9111 §3.2). The age that the stored response had is past.
 */
export function updatedLines(stored: HeaderLines, brought: HeaderLines): string[] {
  const replaced = new Set(['age'])
  const added: string[] = []
  for (let at = 0; at + 1 < brought.length; at += 2) {
    const name = brought[at] as string
    if (isBodyField(name.toLowerCase())) continue
    replaced.add(name.toLowerCase())
    added.push(name, brought[at + 1] as string)
  }
  const kept: string[] = []
  for (let at = 0; at + 1 < stored.length; at += 2) {
    const name = stored[at] as string
    if (!replaced.has(name.toLowerCase())) kept.push(name, stored[at + 1] as string)
  }
  return [...kept, ...added]
}
