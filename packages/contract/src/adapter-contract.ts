import assert from 'node:assert/strict'
import type { Clock, Store } from '@restale/core'
import { themes } from './cases/themes.ts'
import type { Offer, Serve } from './description.ts'
import type { Case } from './harness/case.ts'
import type { Place } from './harness/place.ts'
import { Trial } from './harness/trial.ts'
import { within } from './harness/waiting.ts'

export interface ContractOptions {
  /** What your test runner groups tests by. */
  readonly describe: (name: string, define: () => void) => unknown
  /** What your test runner registers a test by; it waits for the promise. */
  readonly it: RegisterTest
  /** What your harness can do beside what every harness has to; cases that need more are skipped. @default none */
  readonly offers?: readonly Offer[]
  /**
   * What the framework, not the adapter, makes impossible: a reason for each case by its id. Such a case is
   * run too, and has to fail: a gap that has closed has to leave the list.
   */
  readonly cannot?: Readonly<Record<string, string>>
  /** What each case's cache has behind its memory, whose clock is that of the case. @default nothing */
  readonly store?: ((clock: Clock) => Store) | undefined
}

interface RegisterTest {
  (name: string, run: () => Promise<void>): unknown
  /** Registers a test that is not run. */
  readonly skip?: ((name: string, run: () => Promise<void>) => unknown) | undefined
}

const caseTimeoutMs = 15_000

/**
 * Registers the cases that define a correct adapter. `serve` builds a described application in the adapter's
 * framework.
 * @throws TypeError if `cannot` names no case
 */
export function adapterContract(name: string, serve: Serve, options: ContractOptions): void {
  const { describe, it, cannot = {}, offers = [], store } = options
  const begin = (place: Place) => new Trial(serve, place, store)
  checkIds(cannot)
  describe(`${name} keeps the contract`, () => {
    for (const theme of themes) {
      describe(theme.name, () => {
        for (const each of theme.cases) {
          for (const place of each.places ?? ['root']) {
            const reason = cannot[each.id]
            const title = titleOf(each, place)
            const { needs } = each
            if (needs !== undefined && !offers.includes(needs)) skip(it, `${title} (not offered: ${needs})`)
            else if (reason === undefined) it(title, () => run(each, begin(place)))
            else it(`${title} (cannot: ${reason})`, () => runInVain(each, begin(place)))
          }
        }
      })
    }
  })
}

/** A runner that cannot skip shows it by the title. */
function skip(it: RegisterTest, title: string): void {
  const register = it.skip ?? it
  register(title, async () => {})
}

function titleOf({ id, title, places = [] }: Case, place: Place): string {
  const where = places.length > 1 ? `, ${placeNames[place]}` : ''
  return `${title}${where} [${id}]`
}

const placeNames: Readonly<Record<Place, string>> = {
  root: 'at the root',
  prefix: 'under a prefix',
  route: 'on a route',
}

async function run(each: Case, trial: Trial): Promise<void> {
  try {
    await within(caseTimeoutMs, 'The case ends', each.run(trial))
  } finally {
    await trial.close()
  }
}

async function runInVain(each: Case, trial: Trial): Promise<void> {
  const failure = await run(each, trial).then(
    () => undefined,
    (error) => error ?? new Error('rejected'),
  )
  assert.ok(failure !== undefined, `${each.id} passes by now: take it out of \`cannot\``)
}

function checkIds(cannot: Readonly<Record<string, string>>): void {
  const ids = new Set(themes.flatMap(({ cases }) => cases.map(({ id }) => id)))
  for (const id of Object.keys(cannot)) {
    if (!ids.has(id))
      throw new TypeError(`adapterContract: \`cannot\` names "${id}", and there is no such case`)
  }
}
