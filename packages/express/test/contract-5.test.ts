import { adapterContract } from '@restale/contract'
import express from 'express'
import { describe, it } from 'vitest'
import { offers, serveWith } from './harness.ts'

adapterContract('@restale/express on Express 5', serveWith(express), { describe, it, offers })
