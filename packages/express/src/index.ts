import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache, RegisteredProfile } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import { defaultEndpointPath, endpointPaths, Mount, pathBelow, queryOf } from '@restale/core/http'
import { endpointHandler, serve } from '@restale/node'
import type { Request, Response } from 'express'
import { ExpressExchange, isInRoute } from './exchange.ts'

export { isRefill } from '@restale/node'
export type { CacheHandle, EndpointOptions, ResponseCacheOptions }

declare global {
  namespace Express {
    interface Request {
      /** The cache as this request sees it, below a `responseCache`. */
      cache: CacheHandle<RegisteredProfile>
    }
  }
}

/**
 * What stands in every place where Express takes middleware. It is said in Node's own types, which leave the
 * type parameters of a route alone: handlers beside it keep theirs, `req.params` above all.
 */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Caches the responses of what is mounted below it, or of one route. Nothing is stored until a route says so:
 * `life` or `tags` here, `cacheLife` or `req.cache.life` in the handler, or `s-maxage` in the response.
 *
 * Mount it below helmet, cors, compression and session: what stands above it writes its own headers on hits too.
 *
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws, at once
 */
export function responseCache<P extends string = never>(
  cache: Cache<P>,
  options: ResponseCacheOptions<Request, NoInfer<P> | RegisteredProfile> = {},
): Middleware {
  const mount = new Mount<Request>(cache, options)
  const middleware: Middleware = (request, response, next) => {
    const exchange = new ExpressExchange(request as Request, response as Response, next, middleware)
    const served = serve(mount, exchange)
    if (served instanceof Promise) served.catch(next)
  }
  return middleware
}

/**
 * The endpoint that revalidates on demand; mount it above `express.json()`:
 * `app.use('/api/revalidate', revalidateEndpoint(cache, { secret }))`. Given to a route, it listens at its path.
 *
 * @throws CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`, `ERR_RESTALE_INVALID_OPTION`, at once
 */
export function revalidateEndpoint(cache: Cache, options: EndpointOptions): Middleware {
  const answer = endpointHandler(cache, options)
  const middleware: Middleware = (incoming, response, next) => {
    const request = incoming as Request
    const path = endpointPath(request, middleware, options.path)
    if (path === undefined) return next()
    const place = { path, query: queryOf(request.url), parsedBody: bodyOf(request) }
    answer(request, response, place).catch(next)
  }
  return middleware
}

/** The bytes, where the `verify` of a parser has kept them under the name that NestJS and others give them. */
function bodyOf({ body, rawBody }: Request & { readonly rawBody?: unknown }): unknown {
  return rawBody instanceof Uint8Array ? rawBody : body
}

/** What of the path lies below the endpoint; undefined if the request is not for it. */
function endpointPath(
  request: Request,
  middleware: Middleware,
  path: string | undefined,
): string | undefined {
  if (path === undefined && isInRoute(request, middleware)) return ''
  if (path !== undefined || request.baseUrl === '')
    return pathBelow(request.path, path ?? defaultEndpointPath)
  return endpointPaths.includes(request.path) ? request.path : undefined
}
