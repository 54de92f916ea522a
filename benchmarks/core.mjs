// node benchmarks/core.mjs [program …] [--out FOLDER]
//
// What costs time and memory without HTTP: each program of core/ in a process of its own.
import { fileURLToPath } from 'node:url'
import { outputOn } from './lib/pinned.mjs'
import { writeResults } from './lib/results.mjs'

const programs = [
  'hit',
  'invalidation',
  'memory',
  'cold',
  'eviction',
  'growth',
  'event-loop',
  'imports',
  'sizes',
]

const optionsFrom = process.argv.indexOf('--out')
const wanted = process.argv.slice(2, optionsFrom < 0 ? undefined : optionsFrom)

for (const name of wanted.length > 0 ? wanted : programs) {
  const file = fileURLToPath(new URL(`core/${name}.mjs`, import.meta.url))
  const flags = ['--expose-gc', '--max-old-space-size=12000']
  const output = await outputOn(0, process.execPath, [...flags, file])
  const results = JSON.parse(output.trim().split('\n').at(-1))
  console.log(`\n${name}`)
  console.table(results)
  writeResults('core', { [name]: results })
}
