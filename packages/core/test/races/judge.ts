import type { Plan } from './plan.ts'
import type { Run } from './run.ts'
import { SourceError } from './sources.ts'
import type { World } from './world.ts'

/** What no read may ever see, whatever happens side by side. */
export type Law =
  | 'a read that starts after a hard invalidation gets nothing older than what was current then'
  | 'a read that starts after a hard invalidation gets nothing that began before it'
  | 'what is kept never goes back'
  | 'what is kept is never replaced by what began earlier'
  | 'nothing is given past its life'
  | 'nothing is given past the deadline of a soft invalidation'
  | 'a read fails only as its source does'
  | 'nothing hangs'

export interface Violation {
  readonly law: Law
  readonly detail: string
}

/** One read from outside, as it was when it started. */
interface Start {
  readonly name: string
  readonly order: number
  readonly at: number
  /** By tag: what a hard invalidation has made the oldest version that may still be given. */
  readonly floors: ReadonlyMap<string, number>
  /** By tag: the order of the last hard invalidation. */
  readonly hardOrders: ReadonlyMap<string, number>
  /** By tag: the newest version that a read of this key was given of what was there. */
  readonly seen: ReadonlyMap<string, number>
  /** When the last to begin began, of the runs that were there for a read of this key. */
  readonly newest: number
}

interface Deadline {
  readonly order: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** How a read ended. */
export interface Outcome {
  readonly start: Pick<Start, 'order' | 'at'>
  readonly run: Run | undefined
  /** It was there when the read started: nothing had to be waited for. */
  readonly wasThere: boolean
}

/** A life that is nested in another is measured in seconds, which rounds. */
const toleranceMs = 0.001

/** Invalidates, reads, and judges what each read gives by the laws alone: it knows nothing of how a cache works. */
export class Judge {
  readonly violations: Violation[] = []
  readonly #world: World
  readonly #tags: readonly string[]
  readonly #floors = new Map<string, number>()
  readonly #hardOrders = new Map<string, number>()
  readonly #touchOrders = new Map<string, number>()
  readonly #deadlines = new Map<string, Deadline[]>()
  readonly #seen = new Map<string, Map<string, number>>()
  readonly #newest = new Map<string, number>()
  #pending = 0

  constructor(world: World, plans: readonly Plan[]) {
    this.#world = world
    this.#tags = [...new Set(plans.flatMap(({ tags }) => tags))]
  }

  /** Expires the tags: from now on nobody gets less than what their sources are now. */
  hard(tags: readonly string[], how: 'updateTag' | 'revalidateTag'): void {
    const { cache } = this.#world
    if (how === 'updateTag') cache.updateTag(tags)
    else cache.revalidateTag(tags, { expire: 0 })
    this.#noteHard(tags)
  }

  /** Makes stale what has the tags. `expire`: seconds until it is expired. */
  soft(tags: readonly string[], expire: number): void {
    const { cache, clock } = this.#world
    cache.revalidateTag(tags, Number.isFinite(expire) ? { expire } : 'max')
    const order = this.#world.nextOrder()
    for (const tag of tags) {
      this.#touchOrders.set(tag, order)
      const deadlines = this.#deadlines.get(tag) ?? []
      this.#deadlines.set(tag, deadlines)
      deadlines.push({ order, at: clock.now() + expire * 1000 })
    }
  }

  clear(): void {
    this.#world.cache.clear()
    this.#noteHard(this.#tags)
  }

  /** Reads a key from outside and judges what comes; never rejects. */
  async read(name: string): Promise<Outcome> {
    const start = this.#start(name)
    this.#pending++
    try {
      const run = await this.#world.read(name)
      this.#judge(start, run)
      return { start, run, wasThere: wasThere(run, start) }
    } catch (error) {
      if (!(error instanceof SourceError))
        this.#report('a read fails only as its source does', start, String(error))
      return { start, run: undefined, wasThere: false }
    } finally {
      this.#pending--
    }
  }

  /** To be called when everything has been let through. */
  judgeEnd(): void {
    if (this.#pending === 0) return
    this.violations.push({ law: 'nothing hangs', detail: `${this.#pending} reads are still waiting` })
  }

  /** Nothing has touched what this run is made of since it began. */
  isUntouched({ readings }: Run): boolean {
    return [...readings].every(([tag, { startOrder }]) => startOrder > (this.#touchOrders.get(tag) ?? 0))
  }

  #noteHard(tags: readonly string[]): void {
    const order = this.#world.nextOrder()
    for (const tag of tags) {
      this.#floors.set(tag, this.#world.sources.current(tag))
      this.#hardOrders.set(tag, order)
      this.#touchOrders.set(tag, order)
    }
  }

  #start(name: string): Start {
    return {
      name,
      order: this.#world.nextOrder(),
      at: this.#world.clock.now(),
      floors: new Map(this.#floors),
      hardOrders: new Map(this.#hardOrders),
      seen: new Map(this.#seen.get(name)),
      newest: this.#newest.get(name) ?? 0,
    }
  }

  #judge(start: Start, run: Run): void {
    this.#judgeVersions(start, run)
    this.#judgeDeadlines(start, run)
    if (!wasThere(run, start)) return
    this.#judgeAge(start, run)
    this.#judgeProgress(start, run)
  }

  #judgeVersions(start: Start, run: Run): void {
    for (const [tag, { version, startOrder }] of run.readings) {
      const floor = start.floors.get(tag) ?? 0
      const hardOrder = start.hardOrders.get(tag) ?? 0
      if (version < floor) {
        const law =
          'a read that starts after a hard invalidation gets nothing older than what was current then'
        this.#report(law, start, `${tag} is ${version}, not ${floor}`)
      }
      if (startOrder < hardOrder) {
        const law = 'a read that starts after a hard invalidation gets nothing that began before it'
        this.#report(law, start, `${tag} was read by what began at ${startOrder}, not after ${hardOrder}`)
      }
    }
  }

  /** Of what was there already: who waits for a run side by side with it may even see more than what is kept. */
  #judgeProgress(start: Start, run: Run): void {
    const seen = this.#seen.get(start.name) ?? new Map<string, number>()
    this.#seen.set(start.name, seen)
    if (run.startOrder < start.newest) {
      this.#report(
        'what is kept is never replaced by what began earlier',
        start,
        `${run.startOrder} after ${start.newest}`,
      )
    }
    this.#newest.set(start.name, Math.max(run.startOrder, this.#newest.get(start.name) ?? 0))
    for (const [tag, { version }] of run.readings) {
      const before = start.seen.get(tag) ?? 0
      if (version < before) {
        this.#report('what is kept never goes back', start, `${tag} is ${version} after ${before}`)
      }
      seen.set(tag, Math.max(version, seen.get(tag) ?? 0))
    }
  }

  /** Of what was there already: who waits for what is being made may get it however long that takes. */
  #judgeAge(start: Start, run: Run): void {
    if (start.at >= run.expiresAt + toleranceMs) {
      this.#report('nothing is given past its life', start, `by ${start.at - run.expiresAt} ms`)
    }
  }

  #judgeDeadlines(start: Start, run: Run): void {
    for (const [tag, { startOrder }] of run.readings) {
      const passed = this.#deadlines.get(tag)?.find(({ order, at }) => startOrder < order && at <= start.at)
      if (passed === undefined) continue
      const law = 'nothing is given past the deadline of a soft invalidation'
      this.#report(law, start, `of ${tag}, by ${start.at - passed.at} ms`)
    }
  }

  #report(law: Law, { name, order }: Start, detail: string): void {
    this.violations.push({ law, detail: `${name}, started at ${order}: ${detail}` })
  }
}

function wasThere({ endOrder }: Run, { order }: Pick<Start, 'order'>): boolean {
  return endOrder !== undefined && endOrder < order
}
