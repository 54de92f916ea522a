import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { listen } from './bare.mjs'

const serverOf = (app) => listen(createAdaptorServer({ fetch: app.fetch }))

const behind = (build) => async (subject) => {
  const app = new Hono()
  await build(app, subject)
  app.get('/', (c) => c.json(subject.make()))
  return serverOf(app)
}

const pairs = (lines) => {
  const headers = {}
  for (let at = 0; at < lines.length; at += 2) headers[lines[at]] = lines[at + 1]
  return headers
}

const trivial = ({ bytes, lines }) => {
  const app = new Hono()
  const headers = pairs(lines)
  app.get('/', (c) => c.body(bytes, 200, headers))
  return serverOf(app)
}

const constant = (app, { bytes, lines }) => {
  const headers = pairs(lines)
  app.use((c) => c.body(bytes, 200, headers))
}

const ours = behind(async (app) => {
  const { createCache } = await import('@restale/core')
  const { responseCache } = await import('@restale/fetch/hono')
  app.use(responseCache(createCache(), { life: 'hours', tags: ['a', 'b', 'c', 'd'] }))
})

export const candidates = [
  { name: 'Hono, a body', kind: 'floor', start: trivial },
  { name: 'Hono, a constant in a middleware', kind: 'limit', start: behind(constant) },
  { name: 'Hono, uncached', kind: 'uncached', start: behind(() => {}) },
  { name: '@restale/fetch in Hono', kind: 'ours', start: ours },
  { name: '@restale/fetch in Hono, 304', kind: 'ours', asks: '304', start: ours },
  { name: '@restale/fetch in Hono, misses', kind: 'ours', asks: 'new', start: ours },
]
