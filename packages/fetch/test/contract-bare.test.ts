import { adapterContract } from '@restale/contract'
import { describe, it } from 'vitest'
import { bareOffers, serveBare } from './bare-harness.ts'
import { cannotOfFunctions } from './cannot.ts'

adapterContract('@restale/fetch around functions', serveBare, {
  describe,
  it,
  offers: bareOffers,
  cannot: cannotOfFunctions,
})
