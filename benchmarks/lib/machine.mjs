// What the results were measured on, and with which versions.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

const manifest = (url) => JSON.parse(readFileSync(url, 'utf8'))

/** The version of each package that takes part, as it is installed. */
function versions() {
  const { dependencies } = manifest(new URL('../package.json', import.meta.url))
  const names = Object.keys(dependencies).filter((name) => !name.startsWith('@restale/'))
  return Object.fromEntries(names.map((name) => [name, installed(name)]))
}

const installed = (name) => manifest(new URL(`../node_modules/${name}/package.json`, import.meta.url)).version

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim()

export const has = (command) => spawnSync('which', [command]).status === 0

/** A machine, the commit and the versions, for the head of a file of results. */
export function environment() {
  const [{ model }] = cpus()
  return {
    cpu: model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    node: process.version,
    load: has('wrk') ? 'wrk' : 'autocannon',
    pinned: has('taskset') && cpus().length > 1,
    commit: git('rev-parse', '--short', 'HEAD'),
    versions: versions(),
  }
}
