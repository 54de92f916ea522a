// docs/http.md and docs/security.md name tests for what they say: they are there.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { themes } from '../packages/contract/src/cases/themes.ts'
import { read, root } from './markdown.ts'

const ids = themes.flatMap(({ cases }) => cases.map(({ id }) => id))
const rows = ['docs/http.md', 'docs/security.md'].flatMap((page) => testedRows(read(page)))
const tests = rows.map((row) => row.at(-1) as string)

const named = new Set(tests.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, id]) => id as string)))
const files = new Set(
  tests.flatMap((cell) => [...cell.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file]) => file as string)),
)

/** The cells of each row of the tables that name tests. */
function testedRows(page: string): string[][] {
  const tables = page.split('\n\n').filter((block) => block.startsWith('| '))
  return tables.flatMap((table) => {
    const [head = [], , ...body] = table.trim().split('\n').map(cellsOf)
    return head.at(-1) === 'tested by' || head.at(-1) === 'cases' ? body : []
  })
}

function cellsOf(line: string): string[] {
  const cells = line.replace(/^\| | \|$/g, '').split(' | ')
  return cells.map((cell) => cell.trim())
}

test('the pages name tests', () => {
  expect(rows.length).toBeGreaterThan(120)
  expect(named.size).toBeGreaterThan(200)
  expect(files.size).toBeGreaterThan(15)
})

test('each row names a test, or says why there is none', () => {
  const untested = rows.filter((row) => !/`|\]\(|theme /.test(row.at(-1) as string))
  const unexplained = untested.filter((row) => row.at(-1) !== 'tests of the adapters')
  expect(unexplained.filter(([, here = '']) => !here.startsWith('left out: '))).toEqual([])
})

test.each([...named])('%s is a case of the contract', (name) => {
  const isNamed = name.endsWith('*') ? ids.some((id) => id.startsWith(name.slice(0, -1))) : ids.includes(name)
  expect(isNamed).toBe(true)
})

test.each([...files])('%s is there', (file) => {
  expect(existsSync(join(root, file))).toBe(true)
})
