import { adapterContract } from '@restale/contract'
import { describe, it } from 'vitest'
import { offers, serveManually } from './harness.ts'

adapterContract("@restale/fastify on Fastify 5, hook: 'manual'", serveManually, {
  describe,
  it,
  offers,
  cannot: {
    'compression-below':
      'in Fastify, plugins compress in a hook on what is sent, and all of these stand outside of the cache',
  },
})
