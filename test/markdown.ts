// What the tests of the docs read out of Markdown.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** Hidden folders, and what is installed or built. */
const skipped = /^(?:\..*|node_modules|dist)$/

/** All Markdown files, as paths from the root. */
export const markdownFiles: readonly string[] = filesUnder(root, '.md')

/** Files below a folder with names that end so, as paths from the root. */
export function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return skipped.test(entry.name) ? [] : filesUnder(path, ending)
    return entry.name.endsWith(ending) ? [relative(root, path)] : []
  })
}

export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

export interface Block {
  readonly language: string
  readonly text: string
  /** Of its first line in the file. */
  readonly line: number
}

const fence = /^```(\w*)\n([\s\S]*?)^```$/gm

export function blocks(markdown: string): Block[] {
  return [...markdown.matchAll(fence)].map((match) => ({
    language: match[1] as string,
    text: match[2] as string,
    line: markdown.slice(0, match.index).split('\n').length + 1,
  }))
}

export const withoutCode = (markdown: string): string =>
  markdown.replaceAll(fence, '').replaceAll(/`[^`\n]*`/g, '')

/** Texts of the headings, code marks taken off. */
export function headings(markdown: string): string[] {
  return [...markdown.replaceAll(fence, '').matchAll(/^#{1,6} (.+)$/gm)].map((match) =>
    (match[1] as string).replaceAll('`', '').trim(),
  )
}

/** The anchor that GitHub makes of a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
}
