import type { Cache, RegisteredProfile } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import { defaultEndpointPath, endpointPaths, Mount, pathBelow, setLines } from '@restale/core/http'
import { endpointAnswer, serve, standingHeaders } from '@restale/node'
import type { Context, Middleware as TypedMiddleware } from 'koa'
import { KoaExchange } from './exchange.ts'
import { isInRoute, mountPrefix } from './place.ts'

export { isRefill } from '@restale/node'
export type { CacheHandle, EndpointOptions, ResponseCacheOptions }

declare module 'koa' {
  interface ExtendableContext {
    /** The cache as this request sees it, below a `responseCache`. */
    cache: CacheHandle<RegisteredProfile>
  }
}

/** It asks for nothing of state and context, so that those of an application stay what they are. */
export type Middleware = TypedMiddleware<object, object>

/**
 * Caches the responses of what comes after it, or of one route. Nothing is stored until a route says so: `life` or
 * `tags` here, `cacheLife` or `ctx.cache.life` in the handler, or `s-maxage` in the response.
 *
 * Use it after session, compress and their like: what stands before it works on hits too.
 *
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws, at once
 */
export function responseCache<P extends string = never>(
  cache: Cache<P>,
  options: ResponseCacheOptions<Context, NoInfer<P> | RegisteredProfile> = {},
): Middleware {
  const mount = new Mount<Context>(cache, options)
  const middleware: Middleware = (ctx, next) =>
    serve(mount, new KoaExchange(ctx as Context, next, middleware))
  return middleware
}

/**
 * The endpoint that revalidates on demand, at `path` (`/api/revalidate`), in a route of its own, or under
 * koa-mount. Use it before a body parser.
 *
 * @throws CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`, `ERR_RESTALE_INVALID_OPTION`, at once
 */
export function revalidateEndpoint(cache: Cache, options: EndpointOptions): Middleware {
  const answer = endpointAnswer(cache, options)
  const middleware: Middleware = async (context, next) => {
    const ctx = context as Context
    const path = endpointPath(ctx, middleware, options.path)
    if (path === undefined) return next()
    const { body: parsedBody } = ctx.request as { body?: unknown }
    const { status, headers, body } = await answer(ctx.req, { path, query: ctx.querystring, parsedBody })
    ctx.body = body
    ctx.status = status
    ctx.remove('Content-Type')
    setLines(standingHeaders(ctx.res), headers)
  }
  return middleware
}

/** What of the path lies below the endpoint; undefined if the request is not for it. */
function endpointPath(ctx: Context, middleware: Middleware, path: string | undefined): string | undefined {
  if (path === undefined && isInRoute(ctx, middleware)) return ''
  const isMounted = path === undefined && mountPrefix(ctx) !== undefined
  if (!isMounted) return pathBelow(ctx.path, path ?? defaultEndpointPath)
  return endpointPaths.includes(ctx.path) ? ctx.path : undefined
}
