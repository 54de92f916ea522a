import { createServer } from 'node:http'
import express from 'express'
import { listen } from './bare.mjs'
import { dataCaches } from './data-caches.mjs'

const serverOf = (app) => listen(createServer(app))

/** An application with what `build` puts in, and the handler behind it. */
const behind = (build) => async (subject) => {
  const app = express()
  await build(app)
  app.get('/', (_, response) => response.json(subject.make()))
  return serverOf(app)
}

const trivial = ({ bytes, ownLines, lines }) => {
  const app = express()
  const headers = pairs(ownLines)
  const [, type] = lines.slice(lines.findIndex((line) => /^content-type$/i.test(line)))
  app.get('/', (_, response) => response.set(headers).type(type).send(bytes))
  return serverOf(app)
}

const pairs = (lines) =>
  Object.fromEntries(lines.flatMap((line, at) => (at % 2 === 0 ? [[line, lines[at + 1]]] : [])))

const constant = ({ bytes, lines }) => {
  const app = express()
  app.use((_, response) => response.writeHead(200, lines).end(bytes))
  return serverOf(app)
}

const apicacheMiddleware = async (app) => {
  const { default: apicache } = await import('apicache')
  app.use(apicache.middleware('1 hour'))
}

const routeCacheMiddleware = async (app) => {
  const { default: routeCache } = await import('route-cache')
  app.use(routeCache.cacheSeconds(3600))
}

/** What many write themselves. */
const lruMiddleware = async (app) => {
  const { LRUCache } = await import('lru-cache')
  const held = new LRUCache({ max: 1000 })
  app.use((request, response, next) => {
    const hit = held.get(request.originalUrl)
    if (hit !== undefined) return response.set(hit.headers).status(hit.status).send(hit.body)
    const { send } = response
    response.send = (body) => {
      response.send = send
      const sent = send.call(response, body)
      if (typeof body === 'string') {
        const headers = { ...response.getHeaders() }
        held.set(request.originalUrl, { status: response.statusCode, headers, body: Buffer.from(body) })
      }
      return sent
    }
    next()
  })
}

const inHandler = (open) => async (subject) => {
  const app = express()
  const read = await open()
  app.get('/', async (_, response) => response.json(await read(subject.make)))
  return serverOf(app)
}

const ours = behind(async (app) => {
  const { createCache } = await import('@restale/core')
  const { responseCache } = await import('@restale/express')
  app.use(responseCache(createCache(), { life: 'hours', tags: ['a', 'b', 'c', 'd'] }))
})

export const candidates = [
  { name: 'Express, res.send', kind: 'floor', start: trivial },
  { name: 'Express, a constant', kind: 'limit', start: constant },
  { name: 'Express, uncached', kind: 'uncached', start: behind(() => {}) },
  { name: 'apicache', kind: 'peer', start: behind(apicacheMiddleware) },
  { name: 'route-cache', kind: 'peer', start: behind(routeCacheMiddleware) },
  { name: 'lru-cache in a middleware', kind: 'peer', start: behind(lruMiddleware) },
  ...Object.entries(dataCaches).map(([name, open]) => ({
    name: `${name} in the handler`,
    kind: 'peer',
    start: inHandler(open),
  })),
  { name: '@restale/express', kind: 'ours', start: ours },
  { name: '@restale/express, 304', kind: 'ours', asks: '304', start: ours },
  { name: '@restale/express, misses', kind: 'ours', asks: 'new', start: ours },
]
