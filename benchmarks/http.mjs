// node benchmarks/http.mjs [group …] [--rounds 5] [--seconds 2] [--size '1 KiB'] [--out FOLDER]
//
// What a request costs, over a real socket. A round visits the candidates of a group in turn, each in a fresh process,
// between two visits to a bare node:http server; a ratio is to the mean of those two. Medians over the rounds.
import { parseArgs } from 'node:util'
import { linesOfHit, measure } from './http/candidate.mjs'
import { bare } from './http/candidates/bare.mjs'
import { candidatesOf, groups } from './http/candidates/index.mjs'
import { sizes } from './http/subject.mjs'
import { startRedis } from './lib/redis.mjs'
import { rounded, writeResults } from './lib/results.mjs'
import { median } from './lib/statistics.mjs'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    size: { type: 'string', multiple: true, default: Object.keys(sizes) },
    only: { type: 'string', multiple: true },
    out: { type: 'string' },
  },
})
const seconds = Number(values.seconds)
const isWanted = ({ name }) => values.only === undefined || values.only.includes(name)

/** Each candidate once. */
async function round(group, candidates, bytes, lines) {
  const visit = async (candidate) => {
    const before = await redis?.commands()
    const measured = await measure({ group, candidate, bytes, lines }, seconds)
    if (candidate.needs !== 'redis') return measured
    return { ...measured, commandsPerRequest: ((await redis.commands()) - before) / measured.requests }
  }
  const before = await visit(bare)
  const measured = {}
  for (const candidate of candidates) measured[candidate.name] = await visit(candidate)
  const after = await visit(bare)
  const floor = {
    perSecond: (before.perSecond + after.perSecond) / 2,
    cpuMicroseconds: (before.cpuMicroseconds + after.cpuMicroseconds) / 2,
  }
  return { [bare.name]: { ...floor, p99: before.p99 }, ...measured }
}

/** Of one candidate over all rounds. `speed` and `thrift`: how near it comes to the bare server, 1 being as good. */
function summary(name, rounds) {
  const over = (give) => rounded(median(rounds.map((each) => give(each[name], each[bare.name]))))
  return {
    perSecond: over((own) => own.perSecond),
    cpuMicroseconds: over((own) => own.cpuMicroseconds),
    speed: over((own, floor) => own.perSecond / floor.perSecond),
    thrift: over((own, floor) => floor.cpuMicroseconds / own.cpuMicroseconds),
    p99: over((own) => own.p99),
    ...(rounds[0][name].commandsPerRequest === undefined
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
    const rounds = []
    while (rounds.length < Number(values.rounds)) rounds.push(await round(group, candidates, bytes, lines))
    const results = Object.fromEntries(
      [bare, ...candidates].map(({ name, kind }) => [name, { kind, ...summary(name, rounds) }]),
    )
    console.log(`\n${group}, ${size}`)
    console.table(results)
    writeResults('http', { [`${group}, ${size}`]: results })
  }
}
await redis?.stop()
