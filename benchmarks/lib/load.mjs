// Load from a process of its own: wrk, or autocannon where it is missing.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { has } from './machine.mjs'
import { outputOn } from './pinned.mjs'

const connections = 64
const clientCore = 1
const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/**
 * @param {string} url
 * @param {{ seconds: number, headers?: Record<string, string>, newUrls?: boolean }} options `newUrls`: another
 *   query with each request
 * @returns {Promise<{ requests: number, seconds: number, failed: number, p99: number }>} `p99` in milliseconds
 */
export const load = (url, options) => (has('wrk') ? wrk(url, options) : autocannon(url, options))

async function wrk(url, { seconds, headers = {}, newUrls = false }) {
  const script = file(newUrls ? 'wrk-new-urls.lua' : 'wrk-report.lua')
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  // A pause of a busy machine is no failure of the server.
  const duration = ['-t1', `-c${connections}`, `-d${Math.ceil(seconds)}s`, '--timeout', '10s']
  const output = await outputOn(clientCore, 'wrk', [...duration, ...lines, '-s', script, url])
  const counted = JSON.parse(output.trim().split('\n').at(-1))
  return {
    requests: counted.requests,
    seconds: counted.us / 1e6,
    failed: counted.failed,
    p99: counted.p99 / 1000,
  }
}

async function autocannon(url, { seconds, headers = {}, newUrls = false }) {
  const program = createRequire(import.meta.url).resolve('autocannon')
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`])
  const ids = newUrls ? ['-I'] : []
  const target = newUrls ? `${url}?n=[<id>]` : url
  const duration = ['-j', '-c', String(connections), '-d', String(Math.ceil(seconds))]
  const output = await outputOn(clientCore, process.execPath, [
    program,
    ...duration,
    ...ids,
    ...lines,
    target,
  ])
  const {
    requests,
    duration: took,
    errors,
    timeouts,
    '4xx': refused,
    '5xx': broken,
    latency,
  } = JSON.parse(output)
  return {
    requests: requests.total,
    seconds: took,
    failed: errors + timeouts + refused + broken,
    p99: latency.p99,
  }
}
