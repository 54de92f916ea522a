import type { Cache } from '@restale/core'
import type { Engine } from '../../src/cache/engine.ts'
import { engineOf } from '../../src/cache/engine-of.ts'
import type { Entry } from '../../src/cache/entry.ts'
import type { Marking } from '../../src/cache/ledger.ts'
import type { Freshness } from '../../src/state/freshness.ts'

/** A mistake that a cache could make, put into one cache and no other. */
interface Mutant {
  readonly name: string
  readonly patch: (cache: Cache) => void
}

export const mutants = {
  stampAtWrite: { name: 'stamp at write', patch: (cache) => stampAtWrite(engineOf(cache)) },
  joinAnyFlight: { name: 'join any flight', patch: (cache) => joinAnyFlight(engineOf(cache)) },
  softOverwritesHard: { name: 'soft overwrites hard', patch: (cache) => softOverwritesHard(engineOf(cache)) },
  wholeMilliseconds: {
    name: 'whole-millisecond stamps',
    patch: (cache) => wholeMilliseconds(engineOf(cache)),
  },
} as const satisfies Record<string, Mutant>

/** The version of an entry is the position at which it is stored, not that at which its fill began. */
function stampAtWrite(engine: Engine): void {
  const entryOf = engine.entryOf.bind(engine)
  engine.entryOf = (fill, filled) => ({ ...entryOf(fill, filled), version: engine.ledger.position })
}

/** Nobody asks whether a flight, or what has landed, was invalidated before they came. */
function joinAnyFlight({ ledger }: Engine): void {
  ledger.isMarked = () => false
}

/** The last call decides: a soft one makes of what a hard one has expired something stale. */
function softOverwritesHard({ ledger }: Engine): void {
  const last = new Map<string, Marking & { readonly version: number }>()
  const invalidate = ledger.invalidate.bind(ledger)
  ledger.invalidate = (marking, now) => {
    const version = invalidate(marking, now)
    for (const tag of marking.tags) last.set(tag, { ...marking, version })
    return version
  }
  const byMark = (entry: Entry, tag: string, now: number): Freshness => {
    const marking = last.get(tag)
    if (marking === undefined || entry.version >= marking.version) return 'fresh'
    return now >= marking.expiredAt ? 'expired' : 'stale'
  }
  ledger.judge = (entry, now) => {
    const { bornAt, life } = entry
    const verdicts = entry.tags.map((tag) => byMark(entry, tag, now))
    if (verdicts.includes('expired') || now >= bornAt + life.expire * 1000) return 'expired'
    return verdicts.includes('stale') || now >= bornAt + life.revalidate * 1000 ? 'stale' : 'fresh'
  }
}

/** Versions are whole milliseconds of the clock, as in caches that compare times. */
function wholeMilliseconds({ ledger, clock }: Engine): void {
  let isMinting = false
  Object.defineProperty(ledger, 'position', {
    // What is minted is the position and one more, so while that is done it is one less.
    get: () => Math.floor(clock.now()) - (isMinting ? 1 : 0),
    set: () => {},
  })
  const mint = <R>(act: () => R): R => {
    isMinting = true
    try {
      return act()
    } finally {
      isMinting = false
    }
  }
  const invalidate = ledger.invalidate.bind(ledger)
  const invalidateAll = ledger.invalidateAll.bind(ledger)
  ledger.invalidate = (marking, now) => mint(() => invalidate(marking, now))
  ledger.invalidateAll = () => mint(invalidateAll)
}
