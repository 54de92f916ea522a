import { adapterContract } from '@restale/contract'
import Koa from 'koa'
import { describe, it } from 'vitest'
import { cannot, offers, serveWith } from './harness.ts'

adapterContract('@restale/koa on Koa 3', serveWith(Koa), {
  describe,
  it,
  offers: [...offers, 'web-streams'],
  cannot,
})
