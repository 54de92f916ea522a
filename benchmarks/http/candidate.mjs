// Runs one candidate, checks that it does what it is there for, and measures it.
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { load } from '../lib/load.mjs'
import { spawnOn } from '../lib/pinned.mjs'
import { jsonValue } from './subject.mjs'

const program = fileURLToPath(new URL('server.mjs', import.meta.url))
const serverCore = 0

/** Else V8 makes the young generation of a process small that waits for its turn, and the next visit pays for that. */
const flags = ['--min-semi-space-size=16']

/** Lines that Node writes by itself, or that are of one connection. */
const isNodes = (name) => /^(date|connection|keep-alive|transfer-encoding)$/i.test(name)

/** Starts it. `lines`: what its hits are to say, if it writes a constant. */
async function start({ group, candidate, bytes, lines = [] }) {
  const child = spawnOn(serverCore, process.execPath, [...flags, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  child.send({ group, name: candidate.name, bytes, lines })
  const [{ url }] = await once(child, 'message')
  return {
    url,
    async usage() {
      const said = once(child, 'message')
      child.send('usage')
      return (await said)[0]
    },
    async stop() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}

/** @returns {Promise<{ status: number, lines: string[], body: string }>} */
function fetchOnce(url, headers = {}) {
  const agent = new Agent({ keepAlive: false })
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const { rawHeaders } = response
        const lines = rawHeaders.filter((_, at) => !isNodes(rawHeaders[at - (at % 2)]))
        resolve({ status: response.statusCode, lines, body: Buffer.concat(chunks).toString() })
      })
    })
    request.once('error', reject)
  })
}

/** The header lines of a hit of ours, with which all floors and limits answer. */
export async function linesOfHit(spec) {
  const server = await start(spec)
  await fetchOnce(server.url)
  const { lines } = await fetchOnce(server.url)
  await server.stop()
  return lines
}

const headerOf = ({ lines }, name) =>
  lines[lines.findIndex((line, at) => at % 2 === 0 && line.toLowerCase() === name) + 1]

/** Right bytes, right status, and really a hit. Gives the request headers to ask with. */
async function check({ url, usage }, { candidate, bytes }) {
  const fail = (what) => {
    throw new Error(`${candidate.name}: ${what}`)
  }
  const expected = JSON.stringify(jsonValue(bytes))
  const first = await fetchOnce(url)
  const second = await fetchOnce(url)
  for (const { status, body } of [first, second]) {
    if (status !== 200 || body !== expected) fail(`answered ${status}, ${body.length} characters`)
  }
  const { made } = await usage()
  const expectedRuns = { floor: 0, limit: 0, uncached: 2, peer: 1, ours: 1 }[candidate.kind]
  if (made !== expectedRuns) fail(`its handler has run ${made} times for two requests`)
  if (candidate.asks !== '304') return {}
  const headers = { 'If-None-Match': headerOf(second, 'etag') }
  const third = await fetchOnce(url, headers)
  if (third.status !== 304 || third.body !== '') fail(`answered ${third.status} to its own ETag`)
  return headers
}

/** Until the compiler is through with what runs: its time counts as that of the process. */
const warmUpSeconds = 6

/**
 * Starts a candidate, checks it and warms it up. `visit` gives requests per second, and the CPU time that the server
 * takes for one.
 */
export async function run(spec) {
  const { candidate } = spec
  const server = await start(spec)
  try {
    const options = { headers: await check(server, spec), newUrls: candidate.asks === 'new' }
    await load(server.url, { ...options, seconds: warmUpSeconds })
    return {
      candidate,
      visit: (seconds) => visit(server, candidate, { ...options, seconds }),
      stop: () => server.stop(),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function visit(server, { name, kind, asks }, options) {
  const before = await server.usage()
  const { requests, seconds, failed, p99 } = await load(server.url, options)
  const after = await server.usage()
  if (failed > 0) throw new Error(`${name}: ${failed} requests failed`)
  if (kind === 'ours' && asks !== 'new' && after.made !== 1)
    throw new Error(`${name}: made ${after.made} responses`)
  return {
    requests,
    perSecond: requests / seconds,
    cpuMicroseconds: (after.cpuMicroseconds - before.cpuMicroseconds) / requests,
    p99,
  }
}
