import { createServer } from 'node:http'
import Koa from 'koa'
import { type } from '../subject.mjs'
import { listen } from './bare.mjs'

const serverOf = (app) => listen(createServer(app.callback()))

const behind = (build) => async (subject) => {
  const app = new Koa()
  await build(app)
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

const opened = async () => {
  const { LRUCache } = await import('lru-cache')
  return new LRUCache({ max: 1000 })
}

const koaCashMiddleware = async (app) => {
  const { default: koaCash } = await import('koa-cash')
  const held = await opened()
  const store = { get: async (key) => held.get(key), set: async (key, value) => held.set(key, value) }
  app.use(koaCash({ maxAge: 3_600_000, ...store }))
  app.use(async (ctx, next) => ((await ctx.cashed()) ? undefined : next()))
}

const lruMiddleware = async (app) => {
  const held = await opened()
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

const ours = behind(async (app) => {
  const { createCache } = await import('@restale/core')
  const { responseCache } = await import('@restale/koa')
  app.use(responseCache(createCache(), { life: 'hours', tags: ['a', 'b', 'c', 'd'] }))
})

export const candidates = [
  { name: 'Koa, a Buffer', kind: 'limit', isFloor: true, start: constant },
  { name: 'Koa, uncached', kind: 'uncached', start: behind(() => {}) },
  { name: 'koa-cash', kind: 'peer', start: behind(koaCashMiddleware) },
  { name: 'lru-cache in a Koa middleware', kind: 'peer', start: behind(lruMiddleware) },
  { name: '@restale/koa', kind: 'ours', start: ours },
  { name: '@restale/koa, 304', kind: 'ours', asks: '304', start: ours },
  { name: '@restale/koa, misses', kind: 'ours', asks: 'new', start: ours },
]
