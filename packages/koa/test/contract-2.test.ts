import { adapterContract } from '@restale/contract'
import type koa from 'koa'
// @ts-expect-error Types of the other major would be here beside those of this one.
import Koa from 'koa2'
import { describe, it } from 'vitest'
import { cannot, offers, serveWith } from './harness.ts'

adapterContract('@restale/koa on Koa 2', serveWith(Koa as typeof koa), { describe, it, offers, cannot })
