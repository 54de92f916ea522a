import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import type { Cache, CacheOptions } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock } from '@restale/core/testing'
import type { Express } from 'express'
import express from 'express'
import { onTestFinished } from 'vitest'
import type { RawRequest, RawResponse } from './raw-client.ts'
import { send } from './raw-client.ts'

export const life = { revalidate: 60, expire: 3600 }

/** A cache on a clock that stands still. */
export function setup(options: Omit<CacheOptions, 'clock'> = {}): { cache: Cache; clock: FakeClock } {
  const clock = fakeClock()
  const cache = createCache({ ...options, clock })
  onTestFinished(() => cache.close())
  return { cache, clock }
}

/** An application that prints no errors: those of these tests are meant to be thrown. */
export function quietApp(): Express {
  const app = express()
  app.set('env', 'test')
  return app
}

export interface Site {
  readonly port: number
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<RawResponse>
  request(request: RawRequest): Promise<RawResponse>
}

/** The application on a socket of its own, until the test ends. */
export async function listen(app: Express): Promise<Site> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    get: (path, headers = {}) => send(port, { path, headers }),
    request: (request) => send(port, request),
  }
}

export interface Barrier {
  readonly reached: Promise<void>
  wait(): Promise<void>
  open(): void
}

/** Who waits at it stops until it is opened. */
export function barrier(): Barrier {
  let arrive = () => {}
  let open = () => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  onTestFinished(() => open())
  return {
    reached,
    wait() {
      arrive()
      return opened
    },
    open: () => open(),
  }
}

/** Lets everything run that is ready to. */
export async function quiet(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
}

export const hit = /^restale; hit; ttl=\d+$/
export const stale = /^restale; hit; ttl=-\d+$/
export const stored = /^restale; fwd=(uri-miss|vary-miss|stale); stored$/
/** A streamed response goes out before it is known whether it can be stored. */
export const streamed = /^restale; fwd=(uri-miss|vary-miss|stale)$/
