// What the scripts share: where things are, and how to run them.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The packages that are published, in the order of their layers. */
export const packages = [
  'core',
  'contract',
  'node',
  'express',
  'koa',
  'fastify',
  'hapi',
  'fetch',
  'lmdb',
  'redis',
]

const windows = process.platform === 'win32'

/**
 * Runs a command to its end and never throws: a check that cannot start has failed.
 * With `quiet`, what it prints is collected and returned instead.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, quiet?: boolean, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export const run = (command, args, { cwd = root, quiet = false, env = process.env } = {}) =>
  new Promise((resolve) => {
    const stdio = quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit']
    const child = spawn(command, args, { cwd, env, stdio, shell: windows })
    let output = ''
    const collect = (chunk) => {
      output += chunk
    }
    child.stdout?.setEncoding('utf8').on('data', collect)
    child.stderr?.setEncoding('utf8').on('data', collect)
    child.on('error', (error) => resolve({ ok: false, output: `${output}${error.message}\n` }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })

/** Runs a tool of the workspace. */
export const tool = (name, args, options) => run(`${root}node_modules/.bin/${name}`, args, options)

/** Runs the pnpm that `packageManager` names, on a machine that has only npm. */
export const pnpm = (args, options) => {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  return run('npx', ['--yes', packageManager, ...args], options)
}
