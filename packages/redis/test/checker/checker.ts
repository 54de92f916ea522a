import type { ChildProcess } from 'node:child_process'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execPath, hrtime } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { Wire } from '../support/wire.ts'
import type { Outage, Report, Verdict } from './judge.ts'
import { judge } from './judge.ts'

export interface CheckOptions {
  /** How long it reads and invalidates, in milliseconds. */
  readonly forMs: number
  readonly hasFaults: boolean
  /** In a folder, by LMDB, instead of Redis: nothing breaks there, and nobody has to be told. */
  readonly isOneMachine?: boolean
  /** What every process does wrong. */
  readonly mutant?: string
  /** Marks that a process remembers one by one. */
  readonly maxMarks?: number
}

export interface Outcome extends Verdict {
  readonly failures: readonly string[]
  readonly outages: readonly Outage[]
  /** Of the reads of what was never invalidated, how many needed no run. */
  readonly hitRatio: number
  readonly changes: number
  /** Milliseconds from an invalidation to the last read elsewhere that did not obey it, when all was well. */
  readonly delaysMs: readonly number[]
}

const names = ['one', 'two', 'three']
const tags = Array.from({ length: 8 }, (_, index) => `t${index}`)
const untouched = ['u0', 'u1', 'u2', 'u3']
const maxUnverifiedMs = 500
/** Beyond what is promised: a busy machine runs nobody for a while, and a clock is read before what it dates. */
const slackMs = 150
const graces = { healthyMs: 250, cutOffMs: maxUnverifiedMs + slackMs }
/** So long after a fault has ended everything is as it was. */
const recoveryMs = 2_000

const now = () => Number(hrtime.bigint()) / 1e6

/** The processes run what is built. */
export async function build(): Promise<void> {
  const root = fileURLToPath(new URL('../../../..', import.meta.url))
  const tsc = `${root}node_modules/typescript/bin/tsc`
  await promisify(execFile)(execPath, [tsc, '-b', 'packages/redis', 'packages/lmdb'], { cwd: root })
}

/** Three processes that share a Redis, each by a way of its own, and an origin whose things have growing versions. */
export async function check({
  forMs,
  hasFaults,
  isOneMachine = false,
  mutant,
  maxMarks,
}: CheckOptions): Promise<Outcome> {
  const path = isOneMachine ? await temporaryFolder() : undefined
  const server = await RedisServer.start()
  const wires = await Promise.all(names.map(() => Wire.to(server.port)))
  const origin = new Map<string, number>()
  const reports: Report[] = []
  const totals = { runs: 0, untouchedReads: 0 }
  const children = names.map((name, index) => {
    const port = (wires[index] as Wire).port
    const child = start({ name, port, tags, untouched, maxUnverifiedMs, maxMarks, mutant, path })
    child.on('message', (message: Message) => hear(child, message, origin, reports, totals))
    return child
  })
  const outages = hasFaults ? await breakThings(server, wires, forMs) : await peace(forMs)
  await Promise.all(children.map(end))
  const failures = reports.flatMap((report) => (report.kind === 'failure' ? [report.message] : []))
  const changes = reports.filter(({ kind }) => kind === 'change').length
  const hitRatio = 1 - totals.runs / totals.untouchedReads
  const delaysMs = hasFaults ? [] : delays(reports)
  return {
    ...judge(reports, outages, isOneMachine ? { ...graces, healthyMs: 0 } : graces),
    failures,
    outages,
    hitRatio,
    changes,
    delaysMs,
  }
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'restale-checker-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

interface Message {
  readonly id?: number
  readonly question?: { readonly read?: string; readonly change?: string }
  readonly log?: readonly Report[]
  readonly runs?: number
  readonly untouchedReads?: number
}

function start(plan: object): ChildProcess {
  const child = fork(fileURLToPath(new URL('process.mjs', import.meta.url)), [JSON.stringify(plan)], {
    execArgv: [],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.send({ end: true })
  await exited
}

function hear(
  child: ChildProcess,
  { id, question, log, runs = 0, untouchedReads = 0 }: Message,
  origin: Map<string, number>,
  reports: Report[],
  totals: { runs: number; untouchedReads: number },
): void {
  reports.push(...(log ?? []))
  totals.runs += runs
  totals.untouchedReads += untouchedReads
  if (question === undefined) return
  const tag = question.read ?? question.change ?? ''
  const version = (origin.get(tag) ?? 1) + (question.change === undefined ? 0 : 1)
  origin.set(tag, version)
  child.send({ id, answer: version })
}

async function peace(forMs: number): Promise<Outage[]> {
  await pause(forMs)
  return []
}

/** One fault after the other, with time to recover between them. */
async function breakThings(server: RedisServer, wires: readonly Wire[], forMs: number): Promise<Outage[]> {
  const [first, second] = wires as [Wire, Wire]
  const faults: readonly [() => unknown, () => unknown][] = [
    [() => first.become('cut'), () => first.become('pass')],
    [() => second.become('half-open'), () => second.become('pass')],
    [() => server.suspend(), () => server.resume()],
    [() => server.admin.flushall(), () => {}],
    [
      () => first.become('replies'),
      async () => {
        await server.admin.flushall()
        first.become('pass')
      },
    ],
    [() => server.kill(), () => server.launch()],
    [() => first.delay(40), () => first.delay(0)],
    [
      () => first.become('cut'),
      async () => {
        await server.admin.del('{restale}:records')
        first.become('pass')
      },
    ],
    [() => server.killClients(), () => server.killClients()],
  ]
  const outages: Outage[] = []
  const endsAt = now() + forMs
  for (let index = 0; now() < endsAt; index++) {
    await pause(400)
    const [begin, finish] = faults[index % faults.length] as (typeof faults)[number]
    const from = now()
    await begin()
    await pause(700)
    await finish()
    outages.push({ from, to: now() + recoveryMs })
    await pause(500)
  }
  await pause(recoveryMs)
  return outages
}

/** For each hard invalidation: how long it took until nobody elsewhere got anything older. */
function delays(reports: readonly Report[]): number[] {
  const reads = reports.filter((report) => report.kind === 'read')
  const hard = reports
    .filter((report) => report.kind === 'change')
    .filter(({ doneAt, hardAt }) => doneAt === hardAt)
  return hard.map(({ node, tag, version, doneAt }) => {
    const disobeyed = reads.filter(
      (read) => read.node !== node && read.beganAt > doneAt && (read.versions[tag] ?? version) < version,
    )
    return Math.max(0, ...disobeyed.map(({ beganAt }) => beganAt - doneAt))
  })
}
