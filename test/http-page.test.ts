// docs/http.md and docs/security.md name tests for what they say: they are there.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { themes } from '../packages/contract/src/cases/themes.ts'
import { read, root } from './markdown.ts'

const ids = themes.flatMap(({ cases }) => cases.map(({ id }) => id))
const rows = ['docs/http.md', 'docs/security.md']
  .flatMap((page) => read(page).split('\n'))
  .filter((line) => line.startsWith('| ') && line.split(' | ').length === 3)
  .map((line) => line.split(' | ').at(-1) as string)
  .filter((cell) => !/^(?:tested by|cases|-+|RFC|\d)/.test(cell.trim()))

const named = new Set(rows.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, id]) => id as string)))
const files = new Set(
  rows.flatMap((cell) => [...cell.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file]) => file as string)),
)

test('the page names tests', () => {
  expect(named.size).toBeGreaterThan(150)
  expect(files.size).toBeGreaterThan(8)
})

test.each([...named])('%s is a case of the contract', (name) => {
  const isNamed = name.endsWith('*') ? ids.some((id) => id.startsWith(name.slice(0, -1))) : ids.includes(name)
  expect(isNamed).toBe(true)
})

test.each([...files])('%s is there', (file) => {
  expect(existsSync(join(root, file))).toBe(true)
})
