import assert from 'node:assert/strict'
import type { Cache } from '@restale/core'
import type { CacheOptions } from '../description.ts'
import type { Barrier } from '../harness/barrier.ts'
import type { Case, Theme } from '../harness/case.ts'
import type { Connection } from '../harness/connection.ts'
import { expectBody, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'
import { quiet } from '../harness/waiting.ts'

/** What a fill does, in order. */
const steps = ['start', 'read', 'finish', 'store'] as const
type Step = (typeof steps)[number]

interface Dependence {
  readonly id: string
  readonly title: string
  readonly options: CacheOptions
  /** What it depends on is known while it runs, so that nobody has to wait for it. */
  readonly isKnown: boolean
  readonly invalidate: (cache: Cache, prefix: string) => unknown
}

const dependences: readonly Dependence[] = [
  {
    id: 'tag',
    title: 'its tag',
    options: { life, tags: ['source'] },
    isKnown: true,
    invalidate: ({ updateTag }) => updateTag('source'),
  },
  {
    id: 'late-tag',
    title: 'a tag that it declares last',
    options: { life },
    isKnown: false,
    invalidate: ({ updateTag }) => updateTag('late'),
  },
  {
    id: 'path',
    title: 'its path',
    options: { life },
    isKnown: true,
    invalidate: ({ revalidatePath }, prefix) => revalidatePath(`${prefix}/page`),
  },
]

export const races: Theme = {
  name: 'invalidation while a fill runs',
  cases: [
    ...dependences.flatMap((dependence) => [undefined, ...steps].map((after) => race(dependence, after))),
    ...steps.map(refillRace),
  ],
}

/** The steps of a first fill, each taken when told; later ones take them all at once. */
class Script {
  readonly handle
  source = 'old'
  readonly #gates: Readonly<Record<Exclude<Step, 'start'>, Barrier>>
  readonly #page
  readonly #gatedRun: number

  constructor(trial: Trial, gatedRun = 1) {
    this.#gates = { read: trial.barrier(), finish: trial.barrier(), store: trial.barrier() }
    this.#gatedRun = gatedRun
    this.#page = origin(async (_, run) => {
      const pass = (step: Exclude<Step, 'start'>) =>
        run === this.#gatedRun ? this.#gates[step].wait() : Promise.resolve()
      await pass('read')
      const read = this.source
      await pass('finish')
      trial.cache.cacheTag('late')
      return { stream: parts(`${read} `, () => pass('store'), 'data') }
    })
    this.handle = this.#page.handle
  }

  get runs(): number {
    return this.#page.runs
  }

  /** Takes the step, and resolves when the handler stands before the next one. */
  async take(step: Step): Promise<void> {
    if (step !== 'start') this.#gates[step].open()
    const next = steps[steps.indexOf(step) + 1]
    if (next === undefined || next === 'start') return quiet()
    await this.#gates[next].reached
    await quiet()
  }
}

function race({ id, title, options, isKnown, invalidate }: Dependence, after: Step | undefined): Case {
  const when = after === undefined ? 'before a fill starts' : `when a fill has done its "${after}"`
  return {
    id: `race-${id}-${after ?? 'before'}`,
    title: `a hard invalidation of ${title} ${when}: whoever asks later gets what was read later`,
    places,
    async run(trial) {
      const script = new Script(trial)
      const site = await trial.site({ options, routes: [get('/page', script.handle)] })
      const change = () => {
        script.source = 'new'
        invalidate(trial.cache, site.prefix)
      }
      if (after === undefined) change()
      const first = await site.send({ path: '/page' })
      let during: Connection | undefined
      for (const step of steps) {
        await script.take(step)
        if (step !== after) continue
        change()
        during = await site.send({ path: '/page' })
        if (isKnown || step === 'store') expectBody(await during.response(), 'new data')
        else await quiet()
      }
      await first.response()
      if (during !== undefined) expectBody(await during.response(), 'new data')
      await expectNewFor(trial, site)
    },
  }
}

async function expectNewFor(trial: Trial, site: Site): Promise<void> {
  for (let request = 1; request <= 2; request++) {
    expectBody(await site.get('/page'), 'new data')
    await trial.settled()
  }
}

function refillRace(after: Step): Case {
  return {
    id: `race-refill-${after}`,
    title: `a hard invalidation when a refill has done its "${after}" expires what it replaces and what it brings`,
    places,
    async run(trial) {
      const script = new Script(trial, 2)
      const options = { life, tags: ['source'] }
      const site = await trial.site({ options, routes: [get('/page', script.handle)] })
      await site.get('/page')
      trial.clock.advance(61_000)
      expectStale(await site.get('/page'), 'old data')
      for (const step of steps) {
        await script.take(step)
        if (step !== after) continue
        script.source = 'new'
        trial.cache.updateTag('source')
        expectBody(await site.get('/page'), 'new data')
      }
      await trial.settled()
      assert.equal(script.runs, 3)
      await expectNewFor(trial, site)
      assert.equal(script.runs, 3)
    },
  }
}
