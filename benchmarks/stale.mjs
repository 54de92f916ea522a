// node benchmarks/stale.mjs [--rounds 5] [--out FOLDER]
//
// Latency while refills of 50 ms run, beside that of fresh hits: requests come at a fixed rate, whether or not the ones
// before have been answered, and count from when they were due.
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { spawnOn } from './lib/pinned.mjs'
import { rounded, writeResults } from './lib/results.mjs'
import { median, quantile } from './lib/statistics.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, out: { type: 'string' } },
})
const perSecond = 2_000
const seconds = 4
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

function request(url, due, latencies) {
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent }, (response) => {
      response.resume()
      response.once('end', () => {
        latencies.push(performance.now() - due)
        resolve()
      })
    })
    sent.once('error', reject)
  })
}

/** The 99th percentile, in milliseconds. */
async function openLoop(url) {
  const latencies = []
  const all = []
  const began = performance.now()
  for (let count = 0; count < perSecond * seconds; ) {
    const due = began + (count * 1000) / perSecond
    if (performance.now() < due) await wait(1)
    else {
      all.push(request(url, due, latencies))
      count++
    }
  }
  await Promise.all(all)
  return quantile(latencies, 0.99)
}

const program = fileURLToPath(new URL('stale-server.mjs', import.meta.url))
const child = spawnOn(0, process.execPath, [program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
const [{ url }] = await once(child, 'message')
await request(url, performance.now(), [])
await openLoop(url)

const rounds = []
for (let round = 0; round < Number(values.rounds); round++) {
  const fresh = await openLoop(url)
  const invalidating = setInterval(() => child.send('stale'), 60)
  const stale = await openLoop(url)
  clearInterval(invalidating)
  await wait(200)
  rounds.push({ fresh, stale, ratio: stale / fresh })
}
child.send('made')
const [{ made }] = await once(child, 'message')
child.kill('SIGKILL')
if (made < rounds.length * seconds * 5) throw new Error(`Only ${made} refills have run`)

const over = (name) => rounded(median(rounds.map((round) => round[name])))
const results = { 'p99 fresh': over('fresh'), 'p99 stale': over('stale'), ratio: over('ratio') }
console.table(results)
writeResults('stale', { 'hits at 2,000 a second': results })
process.exit()
