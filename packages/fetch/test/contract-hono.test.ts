import { adapterContract } from '@restale/contract'
import { describe, it } from 'vitest'
import { cannotOfHeaders } from './cannot.ts'
import { honoOffers, serveHono } from './hono-harness.ts'

adapterContract('@restale/fetch/hono on @hono/node-server', serveHono, {
  describe,
  it,
  offers: honoOffers,
  cannot: cannotOfHeaders,
})
