import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '@restale/core'
import type { EndpointOptions } from '@restale/core/http'
import { defaultEndpointPath, pathBelow, pathOf, queryOf } from '@restale/core/http'
import { endpointHandler } from './endpoint.ts'
import type { AnyRequest, AnyResponse } from './response-cache.ts'

/**
 * The endpoint that revalidates on demand, at `path` (`/api/revalidate`): a listener that hands on every other
 * request to `next`, or answers it by 404 without one.
 *
 * @throws CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`, `ERR_RESTALE_INVALID_OPTION`, at once
 */
export function revalidateEndpoint(
  cache: Cache,
  options: EndpointOptions,
): (request: AnyRequest, response: AnyResponse, next?: () => void) => void {
  const answer = endpointHandler(cache, options)
  return (anyRequest, anyResponse, next) => {
    const request = anyRequest as IncomingMessage
    const response = anyResponse as ServerResponse
    const url = request.url as string
    const path = pathBelow(pathOf(url), options.path ?? defaultEndpointPath)
    if (path === undefined) return next ? next() : notFound(response)
    answer(request, response, { path, query: queryOf(url) }).catch((error) => response.destroy(error))
  }
}

function notFound(response: ServerResponse): void {
  response.statusCode = 404
  response.end()
}
