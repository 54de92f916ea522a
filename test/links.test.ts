// Links between the pages of this repository lead somewhere: to a file or folder, and to a heading of it.
import { existsSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { anchor, headings, markdownFiles, read, root, withoutCode } from './markdown.ts'

const ours = /^https:\/\/github\.com\/restale\/restale\/(?:blob|tree)\/main\//
const elsewhere = /^[a-z]+:/

test.each(markdownFiles)('links of %s', (file) => {
  expect(linksOf(file).filter((link) => !leadsSomewhere(file, link))).toEqual([])
})

test('every page of docs is reached from its index', () => {
  const seen = new Set<string>()
  const queue = ['docs/README.md']
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    if (seen.has(file) || !file.endsWith('.md')) continue
    seen.add(file)
    for (const link of linksOf(file)) if (!elsewhere.test(link)) queue.push(targetOf(file, link))
  }
  expect(markdownFiles.filter((file) => file.startsWith('docs/') && !seen.has(file))).toEqual([])
})

function linksOf(file: string): string[] {
  return [...withoutCode(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string)
}

function targetOf(file: string, link: string): string {
  const path = link.split('#', 1)[0] as string
  return path === '' ? file : normalize(join(dirname(file), path))
}

function leadsSomewhere(file: string, link: string): boolean {
  const isOurs = ours.test(link)
  if (!isOurs && elsewhere.test(link)) return true
  const [from, to] = isOurs ? ['README.md', link.replace(ours, '')] : [file, link]
  const target = targetOf(from, to)
  if (target.startsWith('..') || !existsSync(join(root, target))) return false
  const fragment = to.split('#', 2)[1]
  if (fragment === undefined) return true
  return statSync(join(root, target)).isFile() && headings(read(target)).map(anchor).includes(fragment)
}
