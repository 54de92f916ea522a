import { adapterContract } from '@restale/contract'
import type express5 from 'express'
// @ts-expect-error Types of the other major would be here beside those of this one.
import express from 'express4'
import { describe, it } from 'vitest'
import { offers, serveWith } from './harness.ts'

adapterContract('@restale/express on Express 4', serveWith(express as typeof express5), {
  describe,
  it,
  offers,
})
