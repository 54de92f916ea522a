// The numbers in the docs are those that are in benchmarks/results.
import { expect, test } from 'vitest'
// @ts-expect-error Programs have no types.
import { readResults } from '../benchmarks/lib/results.mjs'
// @ts-expect-error Programs have no types.
import { withTables } from '../benchmarks/lib/tables.mjs'
import { read } from './markdown.ts'

const results = { http: readResults('http'), core: readResults('core'), stale: readResults('stale') }

/** Tables are padded by the formatter. */
const unpadded = (text: string) => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---').replace(/\n\n+/g, '\n')

test.each(['README.md', 'docs/performance.md'])('%s has the tables of the committed results', (file) => {
  const text = read(file)
  expect(text.match(/<!-- benchmark: /g)?.length).toBeGreaterThan(0)
  expect(unpadded(text)).toBe(unpadded(withTables(text, results)))
})
