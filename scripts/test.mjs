// npm test: sets up, then runs every check, and goes on after a failure so that one run tells all.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root, run, tool } from './lib.mjs'
import { redisServer } from './redis-server.mjs'
import { setup } from './setup.mjs'
import { typeChecks } from './types.mjs'

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`
const began = performance.now()
const failures = []
let passed = 0
let failed = 0

const heading = (name) => console.log(`\n── ${name}`)

const finish = (name, since, ok) => {
  console.log(`${ok ? '✓' : '✗'} ${name} (${seconds(since)})`)
  if (!ok) failures.push(name)
}

/** A check that counts as one. */
const check = async (name, start) => {
  heading(name)
  const since = performance.now()
  const { ok } = await start()
  if (ok) passed++
  else failed++
  finish(name, since, ok)
}

/** What a report of vitest or Jest says: each test counts as one, and so does a file that could not be loaded. */
const count = (report) => {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length }
}

/** The Node that runs this, and what users have beside the oldest that is supported: the LTS and the latest. */
const otherNodes = ['24', '26']

/** Minutes of waiting for what breaks to be mended, which another Node does not change. */
const slow = ['packages/redis/test/faults/**', 'packages/redis/test/checker/**']

/** Arguments of vitest for a report in that file. */
const reportOfVitest = (file) => [
  ...['run', '--reporter=default', '--reporter=json'],
  `--outputFile.json=${relative(root, file)}`,
]

/** Runs tests by `start`, which gets the file for the report. */
const tests = async (name, start) => {
  heading(name)
  const since = performance.now()
  const folder = mkdtempSync(join(tmpdir(), 'restale-tests-'))
  const file = join(folder, 'report.json')
  const { ok } = await start(file)
  let result
  try {
    result = count(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    console.error(`No report of the tests: ${error.message}`)
    result = { passed: 0, failed: 1 }
  }
  rmSync(folder, { recursive: true, force: true })
  // an error outside any test fails the run without failing a test
  if (!ok && result.failed === 0) result.failed = 1
  passed += result.passed
  failed += result.failed
  finish(name, since, ok && result.failed === 0)
}

try {
  await setup()
  await redisServer()
  await check('lint and format', () => tool('biome', ['ci']))
  for (const [name, args] of Object.entries(typeChecks)) await check(name, () => tool('tsc', args))
  await tests('tests', (file) => tool('vitest', reportOfVitest(file)))
  for (const version of otherNodes) {
    const vitest = ['--yes', `node@${version}`, 'node_modules/vitest/vitest.mjs']
    const args = (file) => [
      ...vitest,
      ...reportOfVitest(file),
      ...slow.flatMap((each) => ['--exclude', each]),
    ]
    await tests(`tests on Node ${version}`, (file) => run('npx', args(file)))
  }
  await tests('tests of the NestJS example, with Jest', (file) => {
    const cwd = `${root}examples/nestjs`
    return run(`${cwd}/node_modules/.bin/jest`, ['--json', `--outputFile=${file}`, '--silent'], { cwd })
  })
  await check('knip', () => tool('knip', []))
  await check('packages', () => run(process.execPath, [`${root}scripts/packages.mjs`]))
} catch (error) {
  console.error(error.message)
  failures.push('set-up')
  failed++
}

console.log(`\n${failures.length === 0 ? 'All good' : `Failed: ${failures.join(', ')}`} (${seconds(began)})`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
