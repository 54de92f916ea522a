import { defaultEndpointPath, endpointPaths, queryOf, setLines } from '@restale/core/http'
import type { endpointAnswer } from '@restale/node'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { addOwnRoutes } from './earlier-routes.ts'
import { standingHeaders } from './standing-headers.ts'

type Answer = ReturnType<typeof endpointAnswer>

/** The routes of the revalidate endpoint: all methods, and bodies left to it as they came. */
export function addEndpoint(
  app: FastifyInstance,
  answer: Answer,
  path = app.prefix === '' ? defaultEndpointPath : '',
): void {
  const base = path.replace(/\/+$/, '')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  addOwnRoutes(app, () => {
    for (const below of endpointPaths) {
      const url = base + below
      // At a prefix, Fastify adds it beside the one with a slash.
      if (url === '' || (isSlashIgnored(app) && below.endsWith('/') && url !== '/')) continue
      app.route({
        method: app.supportedMethods,
        url,
        handler: handlerOf(answer, below),
        config: { cache: false },
      })
    }
  })
}

function handlerOf(answer: Answer, path: string) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const query = queryOf(request.url)
    const { status, headers, body } = await answer(request.raw, { path, query })
    setLines(standingHeaders(reply), headers)
    return reply.code(status).send(body)
  }
}

function isSlashIgnored({ initialConfig }: FastifyInstance): boolean {
  return Boolean(initialConfig.ignoreTrailingSlash || initialConfig.routerOptions?.ignoreTrailingSlash)
}
