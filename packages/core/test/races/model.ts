import type { Cache } from '@restale/core'
import { engineOf } from '../../src/cache/engine-of.ts'
import { Holds } from './holds.ts'
import type { Violation } from './judge.ts'
import { Judge } from './judge.ts'
import type { Plan, Point } from './plan.ts'
import { Random } from './random.ts'
import type { Run } from './run.ts'
import { ticks } from './ticks.ts'
import { World } from './world.ts'

/** What became of one seed. */
export interface Report {
  readonly violations: readonly Violation[]
  readonly reads: number
  /** Reads of keys of which a value was stored and nothing was touched since … */
  readonly untouched: number
  /** … and those of them that were given it. */
  readonly hits: number
  /** What each read gave, in order: two runs of one seed have the same. */
  readonly trace: string
}

interface ModelOptions {
  readonly operations: number
  /** Called with the cache before anything else. */
  readonly patch?: (cache: Cache) => void
}

const short = { revalidate: 2, expire: 5 }
const middle = { revalidate: 60, expire: 300 }
const long = { revalidate: 3_600, expire: 86_400 }

/** Some of everything, so that what is nested is also read by itself, and invalidated from several sides. */
const plans: readonly Plan[] = [
  { name: 'options', kind: 'function', tags: ['a'], life: long },
  { name: 'before', kind: 'function', tags: ['b'], tagging: 'before reading', life: middle },
  { name: 'after', kind: 'function', tags: ['c'], tagging: 'after reading', life: long },
  { name: 'result', kind: 'function', tags: ['a', 'b'], tagging: 'of the result', life: middle },
  { name: 'short', kind: 'function', tags: ['d'], life: short },
  { name: 'stand-in', kind: 'function', tags: ['c', 'd'], life: short, staleIfError: 60 },
  { name: 'fetch', kind: 'fetch', tags: ['a'] },
  { name: 'short fetch', kind: 'fetch', tags: ['d', 'e'], life: short },
  { name: 'nested', kind: 'function', tags: ['e'], parts: ['options', 'before'] },
  { name: 'explicit', kind: 'function', tags: [], parts: ['short', 'after'], life: middle },
  { name: 'deep', kind: 'function', tags: [], parts: ['nested', 'short fetch', 'stand-in'] },
  { name: 'of fetch', kind: 'function', tags: ['c'], tagging: 'after reading', parts: ['fetch'] },
  { name: '/route', kind: 'response', tags: ['a'], life: middle },
  { name: '/stream', kind: 'response', tags: ['b'], life: short, isStreamed: true },
  { name: '/inherits', kind: 'response', tags: ['e'], parts: ['result', 'short'] },
  {
    name: '/early',
    kind: 'response',
    tags: ['c'],
    tagging: 'before reading',
    life: long,
    parts: ['options'],
    optIn: 'before reading',
  },
  {
    name: '/late',
    kind: 'response',
    tags: ['d'],
    tagging: 'after reading',
    life: middle,
    parts: ['nested', 'short fetch'],
    optIn: 'after reading',
    isStreamed: true,
  },
  { name: '/never', kind: 'response', tags: [], parts: ['before', 'fetch'], optIn: 'never' },
]

const names = plans.map(({ name }) => name)
const tags = ['a', 'b', 'c', 'd', 'e']
const points: readonly Point[] = ['before reading', 'before finishing', 'before storing']

/** In milliseconds: within one, over one, and over the ends of lives and deadlines. */
const steps = [0, 0.25, 0.5, 0.75, 1, 1.5, 10, 199.5, 200, 999.75, 1_000, 2_000, 2_999.5, 5_000, 60_000]
const rareSteps = [29_999.75, 30_000, 300_000, 900_000, 3_600_000, 86_400_000]
/** Seconds until a soft invalidation expires what it marks. */
const deadlines = [0.000_25, 0.001, 0.5, 1, 3, 5, 60, Number.POSITIVE_INFINITY]

/** One seed: random operations on one cache, each read judged by the laws. */
class Model {
  readonly #random: Random
  readonly #holds = new Holds()
  readonly #world: World
  readonly #judge: Judge
  /** By key: the run that was given last. */
  readonly #known = new Map<string, Run>()
  readonly #trace: string[] = []
  #reads = 0
  #untouched = 0
  #hits = 0

  constructor(seed: number, patch: ModelOptions['patch']) {
    this.#random = new Random(seed)
    this.#world = new World(plans, (point) => this.#holds.pass(point))
    this.#judge = new Judge(this.#world, plans)
    settleBackOff(this.#world.cache)
    patch?.(this.#world.cache)
  }

  async run({ operations }: ModelOptions): Promise<Report> {
    for (let index = 0; index < operations; index++) {
      this.#operate()
      await ticks(4)
      this.#holds.arm()
      this.#world.sources.failures = 0
    }
    await this.#end()
    return {
      violations: this.#judge.violations,
      reads: this.#reads,
      untouched: this.#untouched,
      hits: this.#hits,
      trace: this.#trace.join('\n'),
    }
  }

  /** Everybody may go on; whoever is still waiting then waits for ever. */
  async #end(): Promise<void> {
    this.#holds.open()
    await ticks(20)
    this.#judge.judgeEnd()
  }

  #operate(): void {
    const random = this.#random
    const operation = random.pickWeighted<() => void>([
      [50, () => this.#read()],
      [9, () => this.#readHeld()],
      [10, () => this.#holds.release(random.below(this.#holds.count))],
      [6, () => this.#hard(this.#write([random.pick(tags)]))],
      [3, () => this.#hard(this.#write([random.pick(tags), random.pick(tags)]))],
      [6, () => this.#soft(this.#write([random.pick(tags)]))],
      [2, () => this.#soft(this.#write([random.pick(tags), random.pick(tags)]))],
      [1, () => this.#hard([random.pick(tags)])],
      [1, () => this.#soft([random.pick(tags)])],
      [1, () => this.#write([random.pick(tags)])],
      [10, () => this.#world.clock.advance(random.pick(steps))],
      [1, () => this.#world.clock.advance(random.pick(rareSteps))],
      [2, () => this.#readFailing()],
      [0.3, () => this.#clear()],
    ])
    operation()
  }

  #readHeld(): void {
    this.#holds.arm(this.#random.pick(points))
    this.#read()
  }

  #readFailing(): void {
    this.#world.sources.failures = 1 + this.#random.below(2)
    this.#read()
  }

  #write(written: readonly string[]): readonly string[] {
    for (const tag of written) this.#world.sources.write(tag)
    return written
  }

  #hard(marked: readonly string[]): void {
    this.#judge.hard(marked, this.#random.pick(['updateTag', 'revalidateTag']))
  }

  #soft(marked: readonly string[]): void {
    this.#judge.soft(marked, this.#random.pick(deadlines))
  }

  #clear(): void {
    this.#judge.clear()
    this.#known.clear()
  }

  async #read(): Promise<void> {
    const name = this.#random.pick(names)
    const known = this.#known.get(name)
    const isUntouched = known !== undefined && this.#isKept(known)
    const { run, wasThere } = await this.#judge.read(name)
    this.#trace.push(`${name}: ${run?.id}`)
    this.#reads++
    if (isUntouched) this.#untouched++
    if (isUntouched && wasThere) this.#hits++
    if (run !== undefined) this.#known.set(name, run)
  }

  /** By all that the laws say there is no reason why the cache should not have it. */
  #isKept(run: Run): boolean {
    const isFresh = this.#world.clock.now() < run.freshUntil
    return run.plan.optIn !== 'never' && isFresh && this.#judge.isUntouched(run)
  }
}

/** How long it waits after a failure is up to chance; a seed has none but its own. */
function settleBackOff(cache: Cache): void {
  const engine = engineOf(cache)
  const retryLater = engine.retryLater.bind(engine)
  engine.retryLater = (previous, error) => {
    retryLater(previous, error)
    if (previous !== undefined) previous.retryAt = engine.clock.now() + 750 * previous.failures
  }
}

/** Runs one seed. */
export function runModel(seed: number, options: ModelOptions): Promise<Report> {
  return new Model(seed, options.patch).run(options)
}
