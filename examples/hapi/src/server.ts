// The hapi server: two plugins, and routes that say how they are cached.
import type { Server } from '@hapi/hapi'
import { server as createServer } from '@hapi/hapi'
import type { Cache } from '@restale/core'
import { isRefill, responseCache, revalidateEndpoint } from '@restale/hapi'
import type { Notes } from './notes.ts'

export interface ServerOptions {
  readonly cache: Cache
  readonly notes: Notes
  readonly secret: string
  readonly host?: string
  readonly port?: number
  readonly log?: (line: string) => void
}

export async function createNotesServer(options: ServerOptions): Promise<Server> {
  const { cache, notes, secret, host = '127.0.0.1', port = 0, log = () => {} } = options
  const server = createServer({ host, port })

  server.events.on('response', (request) => {
    const cacheStatus = isRefill(request)
      ? 'refill, in the background'
      : request.raw.res.getHeader('cache-status')
    log(`${request.method.toUpperCase()} ${request.path} [${cacheStatus ?? '-'}] ${notes.reads} reads`)
  })

  // First, so that what other plugins do to responses they do to hits too.
  await server.register({ plugin: responseCache, options: { cache, closeCache: true } })
  await server.register(
    { plugin: revalidateEndpoint, options: { cache, secret } },
    { routes: { prefix: '/api/revalidate' } },
  )

  // `cacheLife` opts the response in. Its tags are those of the cached function that it calls.
  server.route({
    method: 'GET',
    path: '/notes',
    async handler() {
      cache.cacheLife('minutes')
      return { notes: Object.keys(await notes.list()) }
    },
  })

  // Everything said in the options: the handler need not know that there is a cache.
  server.route<{ Params: { id: string } }>({
    method: 'GET',
    path: '/notes/{id}',
    async handler({ params }, h) {
      const text = (await notes.list())[params.id]
      return text === undefined ? h.response('There is no such note').code(404) : text
    },
    options: { plugins: { restale: { tags: ({ params }) => [`note:${params.id}`], life: 'hours' } } },
  })

  // `updateTag`, in there, has expired the old answers before this one goes out: who writes, reads it.
  server.route<{ Params: { id: string } }>({
    method: 'PUT',
    path: '/notes/{id}',
    async handler({ params, payload }, h) {
      await notes.save(params.id, String(payload))
      return h.response().code(204)
    },
  })
  return server
}
