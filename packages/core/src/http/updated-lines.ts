import { isBodyField } from './conditional.ts'
import type { HeaderLines } from './headers.ts'

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
