import { adapterContract } from '@restale/contract'
import { describe, it } from 'vitest'
import { offers, serve } from './harness.ts'

adapterContract('@restale/hapi on hapi 21', serve, {
  describe,
  it,
  offers,
  cannot: {
    'compression-below':
      'hapi compresses by itself, when a response goes out: nothing stands outside of that',
    'forwarded-host-trusted': 'hapi has no notion of a proxy that it trusts',
    'forwarded-host-beside-another': 'hapi has no notion of a proxy that it trusts',
  },
})
