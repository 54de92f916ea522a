// The Fastify application: the cache is registered, and awaited, above the routes.
import compress from '@fastify/compress'
import type { Cache } from '@restale/core'
import { responseCache, revalidateEndpoint } from '@restale/fastify'
import type { FastifyInstance } from 'fastify'
import createFastify from 'fastify'
import type { Departures } from './departures.ts'

const train = {
  type: 'object',
  properties: { to: { type: 'string' }, at: { type: 'string' }, delay: { type: 'integer' } },
}
const board = { type: 'object', properties: { trains: { type: 'array', items: train } } }

interface Station {
  Params: { station: string }
}

export async function createApp(
  cache: Cache,
  departures: Departures,
  secret: string,
): Promise<FastifyInstance> {
  const app = createFastify()
  await app.register(responseCache, { cache, closeCache: true })
  await app.register(revalidateEndpoint, { cache, secret, prefix: '/api/revalidate' })
  // The cache keeps plain bytes, whether this stands above or below: each client gets its own coding.
  await app.register(compress, { threshold: 200 })

  // Opted in by its options. Its tag is that of the function that it calls.
  app.get<Station>(
    '/stations/:station',
    { config: { cache: { life: 'minutes' } }, schema: { response: { 200: board } } },
    async ({ params }, reply) => {
      const trains = await departures.from(params.station)
      return trains === undefined ? reply.callNotFound() : { trains }
    },
  )

  // `updateTag`, in there, has expired the old answers before this one goes out: who writes, reads it.
  app.put<Station & { Body: { delay: number } }>('/stations/:station', async ({ params, body }, reply) => {
    await departures.delay(params.station, body.delay)
    return reply.code(204).send()
  })

  app.get('/health', { config: { cache: false } }, async () => ({ reads: departures.reads }))
  return app
}
