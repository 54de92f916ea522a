import type { Lifecycle, Server, ServerRoute } from '@hapi/hapi'
import type { Cache } from '@restale/core'
import type { EndpointOptions } from '@restale/core/http'
import { defaultEndpointPath, queryOf, setLines } from '@restale/core/http'
import { endpointAnswer } from '@restale/node'
import { standingHeaders } from './headers.ts'

/** The route of the revalidate endpoint, and all below it. @throws CacheError as `createEndpoint` does */
export function endpointRoute(server: Server, cache: Cache, options: EndpointOptions): ServerRoute {
  const answer = endpointAnswer(cache, options)
  const { prefix } = server.realm.modifiers.route
  const base = (options.path ?? (prefix ? '' : defaultEndpointPath)).replace(/\/+$/, '')
  const handler: Lifecycle.Method = async (request, h) => {
    const { raw, params } = request
    const path = `/${params.below ?? ''}`
    const query = queryOf(raw.req.url as string)
    const { status, headers, body } = await answer(raw.req, { path, query })
    const response = h.response(body).code(status)
    setLines(standingHeaders(request, response.headers), headers)
    return response
  }
  return {
    method: '*',
    path: `${base}/{below*}`,
    handler,
    options: {
      auth: false,
      plugins: { restale: false },
      state: { parse: false, failAction: 'ignore' },
      // The bytes as they came, and the endpoint's own limit.
      payload: {
        output: 'stream',
        parse: false,
        override: 'application/octet-stream',
        maxBytes: Number.MAX_SAFE_INTEGER,
      },
    },
  }
}
