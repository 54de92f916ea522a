import Hapi from '@hapi/hapi'

const started = async (server) => {
  await server.start()
  return server.listener
}

const behind = (build) => async (subject) => {
  const server = Hapi.server({ host: '127.0.0.1', port: 0 })
  await build(server, subject)
  server.route({ method: 'GET', path: '/', handler: () => subject.make() })
  return started(server)
}

/** hapi writes `Cache-Control: no-cache` of its own where there is none. */
const withLines = (response, lines) => {
  for (let at = 0; at < lines.length; at += 2) response.header(lines[at], lines[at + 1])
  return response
}

const trivial = ({ bytes, lines }) => {
  const server = Hapi.server({ host: '127.0.0.1', port: 0 })
  const handler = (_, h) => withLines(h.response(bytes), lines)
  server.route({ method: 'GET', path: '/', handler })
  return started(server)
}

const constant = (server, { bytes, lines }) =>
  server.ext('onPreHandler', (_, h) => withLines(h.response(bytes), lines).takeover())

const serverMethod = async (subject) => {
  const { Engine: CatboxMemory } = await import('@hapi/catbox-memory')
  const provider = { constructor: CatboxMemory, options: { maxByteSize: 100_000_000 } }
  const server = Hapi.server({ host: '127.0.0.1', port: 0, cache: [{ name: 'memory', provider }] })
  server.method('value', () => subject.make(), {
    cache: { cache: 'memory', expiresIn: 3_600_000, generateTimeout: 1000 },
    generateKey: () => 'value',
  })
  server.route({ method: 'GET', path: '/', handler: () => server.methods.value() })
  return started(server)
}

const lruExtension = async (server, subject) => {
  const { LRUCache } = await import('lru-cache')
  const held = new LRUCache({ max: 1000 })
  server.ext('onPreHandler', (request, h) => {
    const hit = held.get(request.path)
    if (hit === undefined) return h.continue
    return h.response(hit).type('application/json; charset=utf-8').takeover()
  })
  server.ext('onPreResponse', (request, h) => {
    if (!held.has(request.path)) held.set(request.path, Buffer.from(JSON.stringify(subject.value)))
    return h.continue
  })
}

const ours = behind(async (server) => {
  const { createCache } = await import('@restale/core')
  const { responseCache } = await import('@restale/hapi')
  const options = { cache: createCache(), life: 'hours', tags: ['a', 'b', 'c', 'd'] }
  await server.register({ plugin: responseCache, options })
})

export const candidates = [
  { name: 'hapi, a Buffer', kind: 'floor', start: trivial },
  { name: 'hapi, a constant in onPreHandler', kind: 'limit', start: behind(constant) },
  { name: 'hapi, uncached', kind: 'uncached', start: behind(() => {}) },
  { name: 'hapi server method (catbox-memory)', kind: 'peer', start: serverMethod },
  { name: 'lru-cache in hapi extensions', kind: 'peer', start: behind(lruExtension) },
  { name: '@restale/hapi', kind: 'ours', start: ours },
  { name: '@restale/hapi, 304', kind: 'ours', asks: '304', start: ours },
  { name: '@restale/hapi, misses', kind: 'ours', asks: 'new', start: ours },
]
