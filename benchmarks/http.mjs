// node benchmarks/http.mjs [group …] [--rounds 3] [--visits 4] [--seconds 1] [--size '1 KiB'] [--out FOLDER]
//
// What a request costs, over a real socket. A round starts the candidates of a group, each in a fresh process, and
// visits them in turn, between two visits to a bare node:http server; a ratio is to the mean of those two. Medians over
// all visits of all rounds.
import { parseArgs } from 'node:util'
import { linesOfHit, run } from './http/candidate.mjs'
import { bare } from './http/candidates/bare.mjs'
import { candidatesOf, groups } from './http/candidates/index.mjs'
import { sizes } from './http/subject.mjs'
import { startRedis } from './lib/redis.mjs'
import { rounded, writeResults } from './lib/results.mjs'
import { median } from './lib/statistics.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    visits: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '1' },
    size: { type: 'string', multiple: true, default: Object.keys(sizes) },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const isWanted = ({ name }) => values.only === undefined || values.only.includes(name)

/** All candidates in fresh processes, each visited so many times between two visits to the bare server. */
async function round(specs) {
  const servers = []
  try {
    for (const spec of specs) servers.push(await run(spec))
    const [floor, ...others] = servers
    const samples = []
    for (let visit = 0; visit < Number(values.visits); visit++) samples.push(...(await sweep(floor, others)))
    return samples
  } finally {
    for (const server of servers) await server.stop()
  }
}

async function sweep(floor, others) {
  const samples = []
  let before = await floor.visit(seconds)
  for (const { candidate, visit } of others) {
    const commands = candidate.needs === 'redis' ? await redis.commands() : undefined
    const own = await visit(seconds)
    if (commands !== undefined) own.commandsPerRequest = ((await redis.commands()) - commands) / own.requests
    const after = await floor.visit(seconds)
    samples.push({ name: candidate.name, own, floor: meanOf(before, after) })
    samples.push({ name: bare.name, own: after, floor: meanOf(before, after) })
    before = after
  }
  return samples
}

const meanOf = (one, other) => ({
  perSecond: (one.perSecond + other.perSecond) / 2,
  cpuMicroseconds: (one.cpuMicroseconds + other.cpuMicroseconds) / 2,
})

/** Of one candidate over all visits. `speed` and `thrift`: how near it comes to the bare server, 1 being as good. */
function summary(samples) {
  const over = (give) => rounded(median(samples.map(({ own, floor }) => give(own, floor))))
  return {
    perSecond: over((own) => own.perSecond),
    cpuMicroseconds: over((own) => own.cpuMicroseconds),
    speed: over((own, floor) => own.perSecond / floor.perSecond),
    thrift: over((own, floor) => floor.cpuMicroseconds / own.cpuMicroseconds),
    p99: over((own) => own.p99),
    ...(samples[0].own.commandsPerRequest === undefined
      ? {}
      : { commandsPerRequest: over((own) => own.commandsPerRequest) }),
  }
}

const names = positionals.length > 0 ? positionals : groups
const redis = names.includes('stores') ? await startRedis() : undefined
if (redis !== undefined) process.env.REDIS_URL = redis.url

for (const group of names) {
  const all = await candidatesOf(group)
  const candidates = all.filter(isWanted)
  const ours = all.find(({ kind, asks }) => kind === 'ours' && asks === undefined)
  for (const size of values.size) {
    const bytes = sizes[size]
    const lines = await linesOfHit({ group, candidate: ours, bytes })
    const specs = [bare, ...candidates].map((candidate) => ({ group, candidate, bytes, lines }))
    const samples = []
    for (let count = 0; count < Number(values.rounds); count++) samples.push(...(await round(specs)))
    const results = Object.fromEntries(
      specs.map(({ candidate: { name, kind } }) => [
        name,
        { kind, ...summary(samples.filter((sample) => sample.name === name)) },
      ]),
    )
    console.log(`\n${group}, ${size}`)
    console.table(results)
    writeResults('http', { [`${group}, ${size}`]: results })
  }
}
await redis?.stop()
