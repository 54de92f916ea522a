// One core for the server, one for who asks it: neither waits for the other's turn.
import { spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { has } from './machine.mjs'

const canPin = has('taskset') && cpus().length > 1

/** @param {number} core @param {string} command @param {readonly string[]} args @param {object} options as of `spawn` */
export function spawnOn(core, command, args, options) {
  return canPin
    ? spawn('taskset', ['-c', String(core), command, ...args], options)
    : spawn(command, args, options)
}

/** What a command prints. Rejects if it fails. */
export async function outputOn(core, command, args) {
  const child = spawnOn(core, command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
  return output
}
