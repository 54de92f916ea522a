import { createServer } from 'node:http'
import { createCache } from '@restale/core'
import { responseCache } from '@restale/koa'
import Koa from 'koa'
import koaCash from 'koa-cash'
import { LRUCache } from 'lru-cache'
import { type } from '../subject.mjs'
import { listen } from './node.mjs'

const serverOf = (app) => listen(createServer(app.callback()))

const behind = (build) => (subject) => {
  const app = new Koa()
  build(app, subject)
  app.use((ctx) => {
    ctx.type = type
    ctx.body = subject.make()
  })
  return serverOf(app)
}

/** A Buffer as the body: from the handler of an application that has nothing else, or from its first middleware. */
const constant = ({ bytes, lines }) => {
  const app = new Koa()
  app.use((ctx) => {
    for (let at = 0; at < lines.length; at += 2) ctx.res.setHeader(lines[at], lines[at + 1])
    ctx.body = bytes
  })
  return serverOf(app)
}

const kept = () => {
  const held = new LRUCache({ max: 1000 })
  return { get: async (key) => held.get(key), set: async (key, value) => held.set(key, value) }
}

const koaCashMiddleware = (app) => {
  app.use(koaCash({ maxAge: 3_600_000, ...kept() }))
  app.use(async (ctx, next) => ((await ctx.cashed()) ? undefined : next()))
}

const lruMiddleware = (app) => {
  const held = new LRUCache({ max: 1000 })
  app.use(async (ctx, next) => {
    const hit = held.get(ctx.originalUrl)
    if (hit !== undefined) {
      ctx.set(hit.headers)
      ctx.body = hit.body
      return
    }
    await next()
    const { 'content-length': _, ...headers } = ctx.response.headers
    held.set(ctx.originalUrl, { headers, body: Buffer.from(JSON.stringify(ctx.body)) })
  })
}

const ours = behind((app) =>
  app.use(responseCache(createCache(), { life: 'hours', tags: ['a', 'b', 'c', 'd'] })),
)

export const koaCandidates = [
  { name: 'Koa, a Buffer', kind: 'limit', isFloor: true, start: constant },
  { name: 'Koa, uncached', kind: 'uncached', start: behind(() => {}) },
  { name: 'koa-cash', kind: 'peer', start: behind(koaCashMiddleware) },
  { name: 'lru-cache in a Koa middleware', kind: 'peer', start: behind(lruMiddleware) },
  { name: '@restale/koa', kind: 'ours', start: ours },
  { name: '@restale/koa, 304', kind: 'ours', asks: '304', start: ours },
  { name: '@restale/koa, misses', kind: 'ours', asks: 'new', start: ours },
]
