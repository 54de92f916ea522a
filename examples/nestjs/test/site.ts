// An application of either platform that listens, and what a client sees of it.
import type { CanActivate, INestApplication, NestApplicationOptions, Type } from '@nestjs/common'
import type { NestExpressApplication } from '@nestjs/platform-express'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import type { Cache } from '@restale/core'
import request from 'supertest'
import { CACHE } from '../src/cache.module'
import * as onExpress from '../src/express/set-up'
import * as onFastify from '../src/fastify/set-up'

export const secret = 'at-least-16-characters'
export const partner = { 'X-Api-Key': 'for-partners' }

export const stored = 'restale; fwd=uri-miss; stored'
export const hit = expect.stringMatching(/^restale; hit; ttl=\d/)
export const stale = expect.stringMatching(/^restale; hit; ttl=-\d/)
export const notCached = expect.not.stringMatching(/stored|hit/)

interface Answer {
  readonly status: number
  readonly text: string
  readonly cacheStatus: string
  readonly headers: Readonly<Record<string, string>>
}

type Headers = Readonly<Record<string, string>>

export interface Site {
  readonly app: INestApplication
  readonly cache: Cache
  /** What Nest and Fastify have logged, from warnings on. */
  readonly log: readonly string[]
  get(path: string, headers?: Headers): Promise<Answer>
  send(method: 'post' | 'put', path: string, body: string | object, headers?: Headers): Promise<Answer>
}

interface Start<App> {
  readonly setUp?: (app: App) => unknown
  readonly globalGuards?: readonly CanActivate[]
  readonly options?: NestApplicationOptions
}

let running: INestApplication | undefined

beforeEach(() => {
  process.env.REVALIDATE_SECRET = secret
})

afterEach(async () => {
  await running?.close()
  running = undefined
})

export async function startExpress(
  module: Type,
  { setUp = onExpress.setUp, globalGuards = [], options }: Start<NestExpressApplication> = {},
): Promise<Site> {
  const compiled = await Test.createTestingModule({ imports: [module] }).compile()
  const log: string[] = []
  const app = compiled.createNestApplication<NestExpressApplication>({ logger: loggerTo(log), ...options })
  app.useGlobalGuards(...globalGuards)
  await setUp(app)
  return listen(app, log)
}

export async function startFastify(
  module: Type,
  { setUp = onFastify.setUp, globalGuards = [], options }: Start<NestFastifyApplication> = {},
): Promise<Site> {
  const compiled = await Test.createTestingModule({ imports: [module] }).compile()
  const log: string[] = []
  const stream = { write: (line: string) => void log.push(line) }
  const app = compiled.createNestApplication<NestFastifyApplication>(
    new FastifyAdapter({ logger: { level: 'warn', stream } }),
    { logger: loggerTo(log), ...options },
  )
  app.useGlobalGuards(...globalGuards)
  await setUp(app)
  return listen(app, log)
}

function loggerTo(log: string[]) {
  const note = (message: unknown) => void log.push(String(message))
  return { log: () => {}, warn: note, error: note, fatal: note }
}

async function listen(app: INestApplication, log: readonly string[]): Promise<Site> {
  running = app
  // Before the first request: supertest would give each a port of its own, and the host is part of the key.
  await app.listen(0)
  const server = app.getHttpServer()
  return {
    app,
    cache: app.get<Cache>(CACHE),
    log,
    get: async (path, headers = {}) => answerOf(await request(server).get(path).set(headers)),
    send: async (method, path, body, headers = {}) =>
      answerOf(await request(server)[method](path).set(headers).send(body)),
  }
}

function answerOf({ status, text, headers }: request.Response): Answer {
  return { status, text, headers, cacheStatus: headers['cache-status'] ?? 'none' }
}
