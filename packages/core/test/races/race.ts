import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cache } from '@restale/core'
import type fc from 'fast-check'
import type { Outcome, Violation } from './judge.ts'
import { Judge } from './judge.ts'
import type { Plan, Point } from './plan.ts'
import { ticks } from './ticks.ts'
import { World } from './world.ts'

/** What is there when the race begins. */
export const beginnings = ['nothing', 'a fresh value', 'a value stale by age', 'an expired value'] as const

export interface Race {
  /** What is read from outside comes last, after what is nested in it. */
  readonly plans: readonly Plan[]
  readonly beginning: (typeof beginnings)[number]
  readonly severity: 'hard' | 'soft'
  /** The tags whose sources are written, and that are invalidated then. */
  readonly struck: readonly string[]
  /**
   * Not as a step of its own: so many microtasks after a fill has been let go on to its end. So it also comes
   * between the end of a function and the storing of what it gave, where no scheduler can step in.
   */
  readonly ride: number | undefined
  /** Milliseconds that pass at some step, which is what some who wait are waiting for. */
  readonly elapsing: number
  /** Called with the cache before anything else. */
  readonly patch?: ((cache: Cache) => void) | undefined
}

/** What a race came to, when everything had been let through. */
export interface Finish {
  readonly violations: readonly Violation[]
  /** Of the reads that started while everything was held up; none if a law was broken. */
  readonly outcomes: readonly Outcome[]
  /** Runs of what is read from outside, up to then. */
  readonly runs: number
  /** Of a read when all is over, and of one more after that. */
  readonly last: readonly Outcome[]
  readonly world: World
}

/** Two readers and a writer, and two more reads after the invalidation, step by step as the scheduler lets them. */
export async function race(scheduler: fc.Scheduler, settings: Race): Promise<Finish> {
  const running = new RunningRace(scheduler, settings)
  await running.begin()
  return running.run()
}

class RunningRace {
  readonly #scheduler: fc.Scheduler
  readonly #settings: Race
  readonly #world: World
  readonly #judge: Judge
  readonly #name: string
  readonly #outcomes: Promise<Outcome>[] = []
  /** Where no value is being made: the writer is no part of the fill that it comes in between. */
  readonly #outside = AsyncLocalStorage.snapshot()
  #isScheduled = false
  #isStruck = false

  constructor(scheduler: fc.Scheduler, settings: Race) {
    const { plans, patch } = settings
    this.#scheduler = scheduler
    this.#settings = settings
    this.#name = (plans.at(-1) as Plan).name
    this.#world = new World(plans, (point, plan) => this.#pass(point, plan))
    this.#judge = new Judge(this.#world, plans)
    patch?.(this.#world.cache)
  }

  async begin(): Promise<void> {
    const { beginning, plans } = this.#settings
    if (beginning === 'nothing') return
    await this.#judge.read(this.#name)
    if (beginning === 'a value stale by age') this.#world.clock.advance(2_000_000_000)
    if (beginning === 'an expired value')
      this.#judge.hard([...new Set(plans.flatMap(({ tags }) => tags))], 'updateTag')
  }

  async run(): Promise<Finish> {
    const before = this.#runs()
    this.#isScheduled = true
    this.#readWhenLet('first')
    this.#readWhenLet('second')
    if (this.#settings.ride === undefined) this.#strikeWhenLet()
    if (this.#settings.elapsing > 0) this.#elapseWhenLet()
    await this.#letAllThrough()
    // It had no end to ride on: everything was answered from memory.
    if (!this.#isStruck) this.#strike()
    await this.#letAllThrough()
    const runs = this.#runs() - before
    this.#isScheduled = false
    const last = [this.#judge.read(this.#name)]
    await ticks(5)
    last.push(this.#judge.read(this.#name))
    await ticks(5)
    this.#judge.judgeEnd()
    const { violations } = this.#judge
    // Were there one, what hangs would be waited for.
    const all = async (outcomes: readonly Promise<Outcome>[]) =>
      violations.length === 0 ? Promise.all(outcomes) : []
    return {
      violations,
      runs,
      outcomes: await all(this.#outcomes),
      last: await all(last),
      world: this.#world,
    }
  }

  #runs(): number {
    return this.#world.runs.filter(({ plan }) => plan.name === this.#name).length
  }

  #step(label: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), label)
  }

  async #pass(point: Point, plan: Plan): Promise<void> {
    if (!this.#isScheduled) return
    await this.#step(`${plan.name}: ${point}`)
    const { ride } = this.#settings
    if (ride !== undefined && point !== 'before reading') this.#strikeAfter(ride)
  }

  #readWhenLet(label: string): void {
    this.#outcomes.push(this.#step(`${label} read`).then(() => this.#judge.read(this.#name)))
  }

  async #elapseWhenLet(): Promise<void> {
    const { elapsing } = this.#settings
    await this.#step(`${elapsing} ms pass`)
    this.#world.clock.advance(elapsing)
  }

  /** A writer writes first and invalidates then, and in between anything may happen. */
  async #strikeWhenLet(): Promise<void> {
    await this.#step('write')
    this.#write()
    await this.#step('invalidate')
    this.#invalidate()
  }

  async #strikeAfter(microtasks: number): Promise<void> {
    for (let passed = 0; passed < microtasks; passed++) await undefined
    this.#outside(() => this.#strike())
  }

  #strike(): void {
    if (this.#isStruck) return
    this.#write()
    this.#invalidate()
  }

  #write(): void {
    for (const tag of this.#settings.struck) this.#world.sources.write(tag)
  }

  /** One read starts at once, in the same turn; another when it is let. */
  #invalidate(): void {
    const { severity, struck } = this.#settings
    if (severity === 'hard') this.#judge.hard(struck, 'updateTag')
    else this.#judge.soft(struck, Number.POSITIVE_INFINITY)
    this.#isStruck = true
    this.#outcomes.push(this.#judge.read(this.#name))
    this.#readWhenLet('later')
  }

  /** One step at a time, each when all that can go on by itself has: so every step there is can be the next. */
  async #letAllThrough(): Promise<void> {
    for (;;) {
      await ticks(2)
      if (this.#scheduler.count() === 0) return
      await this.#scheduler.waitNext(1)
    }
  }
}
