import type { Entry } from './entry.ts'

/** What an entry costs beside its contents: its objects, its place in the maps, headers of its buffers. */
const entryOverhead = 512

/** What an entry costs beside its value. */
export function entryBytes({ key, tags, paths, uri }: Pick<Entry, 'key' | 'tags' | 'paths' | 'uri'>): number {
  return (
    entryOverhead + stringBytes(key) + stringsBytes(tags) + stringsBytes(paths ?? []) + stringBytes(uri ?? '')
  )
}

/** Strings are counted at two bytes a character, which is what they cost at most. */
export function stringBytes(text: string): number {
  return text.length * 2 + 16
}

export function stringsBytes(texts: readonly string[]): number {
  let bytes = texts.length * 8
  for (const text of texts) bytes += stringBytes(text)
  return bytes
}
