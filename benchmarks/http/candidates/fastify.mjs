import fastify from 'fastify'
import { dataCaches } from './data-caches.mjs'

const started = async (app) => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server
}

const behind = (build) => async (subject) => {
  const app = fastify()
  await build(app)
  app.get('/', (_, reply) => reply.send(subject.make()))
  return started(app)
}

const setLines = (reply, lines) => {
  for (let at = 0; at < lines.length; at += 2) reply.header(lines[at], lines[at + 1])
  return reply
}

const trivial = ({ bytes, lines }) => {
  const app = fastify()
  app.get('/', (_, reply) => setLines(reply, lines).send(bytes))
  return started(app)
}

const constant = (hook) => async (subject) => {
  const app = fastify()
  app.addHook(hook, (_, reply) => {
    setLines(reply, subject.lines).send(subject.bytes)
  })
  app.get('/', (_, reply) => reply.send(subject.make()))
  return started(app)
}

const lruHooks = async (app) => {
  const { LRUCache } = await import('lru-cache')
  const held = new LRUCache({ max: 1000 })
  app.addHook('onRequest', (request, reply, done) => {
    const hit = held.get(request.url)
    if (hit === undefined) return done()
    reply.headers(hit.headers).send(hit.body)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!held.has(request.url) && typeof payload === 'string')
      held.set(request.url, { headers: { ...reply.getHeaders() }, body: Buffer.from(payload) })
    done(null, payload)
  })
}

const inHandler = (open) => async (subject) => {
  const app = fastify()
  const read = await open()
  app.get('/', async () => read(subject.make))
  return started(app)
}

const ours = (hook) =>
  behind(async (app) => {
    const { createCache } = await import('@restale/core')
    const { responseCache } = await import('@restale/fastify')
    await app.register(responseCache, {
      cache: createCache(),
      hook,
      life: 'hours',
      tags: ['a', 'b', 'c', 'd'],
    })
  })

export const candidates = [
  { name: 'Fastify, a Buffer', kind: 'floor', start: trivial },
  { name: 'Fastify, a constant in preHandler', kind: 'limit', start: constant('preHandler') },
  { name: 'Fastify, a constant in onRequest', kind: 'limit', start: constant('onRequest') },
  { name: 'Fastify, uncached', kind: 'uncached', start: behind(() => {}) },
  { name: 'lru-cache in Fastify hooks', kind: 'peer', start: behind(lruHooks) },
  {
    name: 'async-cache-dedupe in a Fastify handler',
    kind: 'peer',
    start: inHandler(dataCaches['async-cache-dedupe']),
  },
  { name: '@restale/fastify', kind: 'ours', start: ours('preHandler') },
  { name: '@restale/fastify, onRequest', kind: 'ours', start: ours('onRequest') },
  { name: '@restale/fastify, 304', kind: 'ours', asks: '304', start: ours('preHandler') },
  { name: '@restale/fastify, misses', kind: 'ours', asks: 'new', start: ours('preHandler') },
]
