// node benchmarks/compare.mjs FOLDER [--margin 0.2]
//
// Compares the results in FOLDER with those that are committed, as ratios, and fails if one of ours has become dearer
// by more than the margin: a fifth, which is more than two runs on one quiet machine differ by.
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { costs } from './lib/costs.mjs'
import { readResults } from './lib/results.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { margin: { type: 'string', default: '0.2' } },
})
const [folder] = positionals
if (folder === undefined) throw new Error('Which results? node benchmarks/compare.mjs FOLDER')

const allCosts = (from) =>
  costs(readResults('http', from), readResults('core', from), readResults('stale', from))
const committed = allCosts()
const measured = allCosts(pathToFileURL(`${folder}/`))
const rows = Object.entries(measured)
  .filter(([name]) => committed[name] !== undefined)
  .map(([name, now]) => ({ name, committed: committed[name], now, change: now / committed[name] - 1 }))
if (rows.length === 0) throw new Error(`Nothing in ${folder} can be compared`)

const dearer = rows.filter(({ change }) => change > Number(values.margin))
const percent = (change) => `${(change * 100).toFixed(1)} %`
console.table(rows.map((row) => ({ ...row, change: percent(row.change) })))
for (const { name, change } of dearer) console.error(`${name}: dearer by ${percent(change)}`)
process.exitCode = dearer.length > 0 ? 1 : 0
