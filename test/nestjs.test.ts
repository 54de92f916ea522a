// Decorators do not run in the tests of the docs: the code of docs/nestjs.md is that of an example, which Jest tests.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blocks, filesUnder, read, root } from './markdown.ts'

const folder = join(root, 'examples/nestjs')
const sources = [...filesUnder(join(folder, 'src'), '.ts'), 'examples/nestjs/jest.config.js'].map((file) =>
  readFileSync(join(root, file), 'utf8'),
)
const shown = blocks(read('docs/nestjs.md')).filter(({ language }) => /^(?:type|java)script$/.test(language))

test('the page shows the example', () => {
  expect(shown.length).toBeGreaterThan(5)
})

test.each(shown)('docs/nestjs.md, line $line', ({ text }) => {
  expect(sources.filter((source) => source.includes(text))).not.toHaveLength(0)
})
