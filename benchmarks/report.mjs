// node benchmarks/report.mjs
//
// Writes the tables of docs/performance.md and of the README anew, from what is in results/.
import { readFileSync, writeFileSync } from 'node:fs'
import { readResults } from './lib/results.mjs'
import { withTables } from './lib/tables.mjs'

const results = { http: readResults('http'), core: readResults('core'), stale: readResults('stale') }

for (const name of ['docs/performance.md', 'README.md']) {
  const file = new URL(`../${name}`, import.meta.url)
  writeFileSync(file, withTables(readFileSync(file, 'utf8'), results))
}
