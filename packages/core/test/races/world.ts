import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock } from '@restale/core/testing'
import { fetchReader, Upstream } from './fetches.ts'
import { functionReader } from './functions.ts'
import type { Plan, Point, Reader, Value } from './plan.ts'
import { responseReader } from './responses.ts'
import type { Run } from './run.ts'
import { addReading } from './run.ts'
import { Sources } from './sources.ts'

const readers = { function: functionReader, fetch: fetchReader, response: responseReader }

/** The life of what does not say one itself: the profile `default`, or for ever if it is a fetch. */
const implicitLife = {
  function: { revalidate: 900, expire: Number.POSITIVE_INFINITY },
  response: { revalidate: 900, expire: Number.POSITIVE_INFINITY },
  fetch: { revalidate: Number.POSITIVE_INFINITY, expire: Number.POSITIVE_INFINITY },
}

/** A cache, the sources of what is in it, and a record of every run of the code that is cached. */
export class World {
  readonly clock: FakeClock = fakeClock()
  readonly cache: Cache
  readonly sources = new Sources()
  readonly upstream: Upstream
  readonly runs: Run[] = []
  /** Called at each point of each run, which goes on when the promise resolves. */
  readonly pass: (point: Point, plan: Plan) => Promise<void> | void
  #order = 0
  readonly #readers = new Map<string, Reader>()

  constructor(plans: readonly Plan[], pass: World['pass']) {
    this.pass = pass
    this.upstream = new Upstream(this)
    this.cache = createCache({ clock: this.clock, fetch: { fetch: this.upstream.fetch } })
    for (const plan of plans) this.#readers.set(plan.name, readers[plan.kind](this, plan))
  }

  /** The next place in the order of all that happens. */
  nextOrder(): number {
    return ++this.#order
  }

  /** Reads a key, and gives the run that has made what came. */
  async read(name: string): Promise<Run> {
    const read = this.#readers.get(name) as Reader
    const { run } = await read()
    return this.runs[run] as Run
  }

  /** What the code does that is cached: reads its sources, then what is nested in it. */
  async make(plan: Plan): Promise<Value> {
    const run = this.#begin(plan)
    await this.pass('before reading', plan)
    for (const tag of plan.tags) {
      addReading(run, tag, { version: this.sources.read(tag), startOrder: run.startOrder })
    }
    for (const name of plan.parts ?? []) this.#nest(run, await this.read(name))
    await this.pass('before finishing', plan)
    return { run: run.id }
  }

  /** To be called when nothing is left to do but to store it. */
  end({ run: id }: Value): void {
    const run = this.runs[id] as Run
    run.endOrder = this.nextOrder()
    const elapsed = this.clock.now() - run.startedAt
    if (run.plan.life !== undefined) return
    for (const part of run.parts) {
      // What remains of a nested life is counted from when it was used, by a value that began before.
      run.freshUntil = Math.min(run.freshUntil, part.freshUntil - elapsed)
      // Those without a life of their own hand on what they have themselves, a fetch nothing.
      if (part.plan.kind !== 'fetch') run.expiresAt = Math.min(run.expiresAt, part.expiresAt)
    }
  }

  /** No other run of the same key was under way meanwhile. */
  wasAlone(run: Run): boolean {
    const { startOrder, endOrder = Number.POSITIVE_INFINITY } = run
    return this.runs.every(
      (other) =>
        other === run ||
        other.plan !== run.plan ||
        other.startOrder > endOrder ||
        (other.endOrder ?? Number.POSITIVE_INFINITY) < startOrder,
    )
  }

  #begin(plan: Plan): Run {
    const { revalidate, expire } = { ...implicitLife[plan.kind], ...plan.life }
    const startedAt = this.clock.now()
    const lasting = plan.kind === 'fetch' ? Number.POSITIVE_INFINITY : expire + (plan.staleIfError ?? 0)
    const run: Run = {
      id: this.runs.length,
      plan,
      startOrder: this.nextOrder(),
      startedAt,
      endOrder: undefined,
      freshUntil: startedAt + revalidate * 1000,
      expiresAt: startedAt + lasting * 1000,
      readings: new Map(),
      parts: [],
    }
    this.runs.push(run)
    return run
  }

  #nest(run: Run, part: Run): void {
    run.parts.push(part)
    for (const [tag, reading] of part.readings) addReading(run, tag, reading)
  }
}
