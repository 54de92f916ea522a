// pnpm mutants: breaks one rule at a time in a copy of the tree, and expects the contract to notice.
// With arguments: only mutants whose names contain one of them.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, tool } from './lib.mjs'
import { mutants, suites } from './mutations.mjs'

/** Runs at once: a machine has other things to do, too. */
const lanes = 2

const work = mkdtempSync(join(tmpdir(), 'restale-mutants-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** What is installed, but for our own packages, which are to be those of the copy. */
const linkModules = (from, to, copy) => {
  mkdirSync(to)
  for (const name of readdirSync(from)) {
    if (name === '@restale') linkOwn(join(from, name), join(to, name), copy)
    else if (!name.startsWith('.')) symlinkSync(join(from, name), join(to, name))
  }
}

const linkOwn = (from, to, copy) => {
  mkdirSync(to)
  for (const name of readdirSync(from)) symlinkSync(join(copy, 'packages', name), join(to, name))
}

/** A tree of its own to break things in. */
const makeCopy = (name) => {
  const copy = join(work, name)
  mkdirSync(copy)
  for (const file of ['package.json', 'vitest.config.ts', 'tsconfig.base.json']) {
    cpSync(join(root, file), join(copy, file))
  }
  const isSource = (path) => !/\/(node_modules|dist)$/.test(path)
  cpSync(join(root, 'packages'), join(copy, 'packages'), { recursive: true, filter: isSource })
  linkModules(join(root, 'node_modules'), join(copy, 'node_modules'), copy)
  for (const name of readdirSync(join(copy, 'packages'))) {
    const modules = join('packages', name, 'node_modules')
    linkModules(join(root, modules), join(copy, modules), copy)
  }
  return copy
}

/** Runs the named cases of a suite until one fails. Gives the titles of those that ran, and of the one that failed. */
const runCases = async (copy, suite, cases) => {
  const report = join(copy, 'report.json')
  rmSync(report, { force: true })
  const pattern = cases.map(partOfTitle).join('|')
  const reporter = ['--reporter=json', `--outputFile=${report}`]
  const args = ['run', suites[suite], '-t', pattern, '--bail', '1', '--maxWorkers', '1', ...reporter]
  const { output } = await tool('vitest', args, { cwd: copy, quiet: true })
  const files = readReport(report)?.testResults ?? []
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  const isRun = ({ status }) => status === 'passed' || status === 'failed'
  return {
    ran: tests.filter(isRun).map(({ title }) => title),
    failed: tests.filter(({ status }) => status === 'failed').map(({ title }) => title),
    output,
  }
}

/** Ids stand in brackets; tests beside the contract have none, and are named by their titles. */
const partOfTitle = (name) => (name.includes(' ') ? name : `\\[${name}`)

const readReport = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** The mutated text, or why there is none. */
const mutate = (text, { find, replace }) => {
  const found = text.split(find).length - 1
  if (found !== 1) return { problem: `\`find\` matches ${found} times, not once` }
  return { text: text.replace(find, () => replace) }
}

/** @returns {Promise<{ killedBy: string } | { problem: string }>} */
const tryMutant = async (copy, mutant) => {
  const file = join(copy, mutant.file)
  if (!existsSync(file)) return { problem: `there is no ${mutant.file}` }
  const text = readFileSync(file, 'utf8')
  const { text: mutated, problem } = mutate(text, mutant)
  if (problem !== undefined) return { problem }
  writeFileSync(file, mutated)
  try {
    return await judge(copy, mutant)
  } finally {
    writeFileSync(file, text)
  }
}

/** It has to be noticed on each of the adapters concerned. */
const judge = async (copy, { cases, on }) => {
  const killers = []
  for (const suite of on) {
    const { ran, failed, output } = await runCases(copy, suite, cases)
    if (failed.length > 0) killers.push(`${suite}: ${failed[0]}`)
    else if (ran.length > 0) return { problem: `survived on ${suite}` }
    else return { problem: `broke the suite of ${suite} instead of a rule:\n${output.slice(-2_000)}` }
  }
  return { killedBy: killers.join('\n    ') }
}

/** Without a mutation every case has to run and to pass, or a failure would say nothing. */
const checkBaseline = async (copy, suite, chosen) => {
  const cases = [...new Set(chosen.filter(({ on }) => on.includes(suite)).flatMap((mutant) => mutant.cases))]
  const { ran, failed, output } = await runCases(copy, suite, cases)
  if (ran.length === 0) return [`${suite} does not run:\n${output.slice(-2_000)}`]
  if (failed.length > 0) return failed.map((title) => `${suite} fails without a mutation: ${title}`)
  const isMissing = (name) => !ran.some((title) => new RegExp(partOfTitle(name)).test(title))
  return cases.filter(isMissing).map((name) => `${suite} does not run a case named ${name}`)
}

const wanted = process.argv.slice(2)
const isWanted = ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part))
const chosen = mutants.filter(isWanted)
const copies = Array.from({ length: lanes }, (_, lane) => makeCopy(`tree-${lane}`))

/** Takes what is left of `tasks`, in each of the copies. */
const inLanes = (tasks, run) => {
  const queue = [...tasks]
  return Promise.all(
    copies.map(async (copy) => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift()) await run(copy, task)
    }),
  )
}

const broken = new Set()
await inLanes(new Set(chosen.flatMap(({ on }) => on)), async (copy, suite) => {
  for (const complaint of await checkBaseline(copy, suite, chosen)) {
    broken.add(suite)
    console.error(`✗ ${complaint}`)
  }
})

let killed = 0
await inLanes(chosen, async (copy, mutant) => {
  const suite = mutant.on.find((each) => broken.has(each))
  const { killedBy, problem } =
    suite === undefined ? await tryMutant(copy, mutant) : { problem: `nothing can be said of ${suite}` }
  if (problem === undefined) killed++
  console.log(problem === undefined ? `✓ ${mutant.name}\n    ${killedBy}` : `✗ ${mutant.name}: ${problem}`)
})

const survived = chosen.length - killed
console.log(`\n${killed} killed, ${survived} survived`)
process.exitCode = survived === 0 ? 0 : 1
