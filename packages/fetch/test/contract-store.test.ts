// The same rules with a store behind memory: one that answers at once, and one that answers later.
import { adapterContract } from '@restale/contract'
import { createStore } from '@restale/core/store'
import { describe, it } from 'vitest'
import { Shelf } from '../../core/test/store/shelf.ts'
import { bareOffers, serveBare } from './bare-harness.ts'
import { cannotOfFunctions } from './cannot.ts'

for (const distance of ['near', 'far'] as const) {
  // The clock of a case jumps, and nobody can answer in between.
  const shared = distance === 'far' ? { maxUnverifiedMs: 1e9 } : {}
  adapterContract(`@restale/fetch with a ${distance} store`, serveBare, {
    describe,
    it,
    offers: bareOffers,
    cannot: { ...cannotOfFunctions, 'vary-bound': 'what memory lets go of is still in the store' },
    store: (clock) => createStore('shelf', () => new Shelf(clock)[distance](), shared),
  })
}
