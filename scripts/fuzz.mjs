// npm run fuzz: many more runs of the fuzz tests than the suite has. How many: the argument, or FUZZ_RUNS.
import { tool } from './lib.mjs'

const [runs = process.env.FUZZ_RUNS ?? '20000'] = process.argv.slice(2)
if (!/^[1-9]\d*$/.test(runs)) {
  console.error(`The number of runs must be a whole number, got "${runs}".`)
  process.exit(1)
}
const env = { ...process.env, FUZZ_RUNS: runs }
const { ok } = await tool('vitest', ['run', 'packages/core/test/http/fuzz.test.ts'], { env })
process.exitCode = ok ? 0 : 1
