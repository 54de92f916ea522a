// docs/architecture.md names folders, files and functions. They exist.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blocks, filesUnder, read, root } from './markdown.ts'

const page = read('docs/architecture.md')

test('each folder of the listing is there', () => {
  const above: string[] = []
  const listing = blocks(page).find(({ language }) => language === 'text')?.text ?? ''
  const folders = listing.split('\n').flatMap((line) => {
    const [, indent = '', name] = /^( *)([\w/]+\/)(?: |$)/.exec(line) ?? []
    if (name === undefined) return []
    above.splice(indent.length / 2)
    above.push(name)
    return [above.join('')]
  })
  expect(folders.length).toBeGreaterThan(8)
  expect(folders.filter((folder) => !existsSync(join(root, folder)))).toEqual([])
})

test('each name in code marks occurs in the sources', () => {
  const sources = filesUnder(join(root, 'packages'), '.ts').filter((file) => file.includes('/src/'))
  const words = new Set(sources.flatMap((file) => read(file).match(/\w+/g) ?? []))
  const names = [...page.matchAll(/`(\w+(?:\.\w+)?)`/g)].map((match) => match[1] as string)
  const files = names.filter((name) => name.endsWith('.ts'))
  expect(files.filter((file) => !existsSync(join(root, 'packages/core/src', file)))).toEqual([])
  const identifiers = names.filter((name) => !/\.(?:ts|json)$/.test(name)).flatMap((name) => name.split('.'))
  expect(identifiers.length).toBeGreaterThan(30)
  expect(identifiers.filter((name) => !words.has(name))).toEqual([])
})
