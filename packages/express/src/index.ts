import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Cache, RegisteredProfile } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import { Mount } from '@restale/core/http'
import type { Exchange } from '@restale/node'
import { endpointHandler, serve } from '@restale/node'
import type { Application, Request, Response } from 'express'

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
    serve(mount, exchange(request as Request, response as Response, next, middleware))
  }
  return middleware
}

/** Where the endpoint listens if neither `path` nor the path of its mount says so. */
const defaultPath = '/api/revalidate'
const ownPaths = ['', '/', '/webhook', '/webhook/']

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
    const query = request.url.indexOf('?')
    answer(request, response, path, query < 0 ? '' : request.url.slice(query + 1)).catch(next)
  }
  return middleware
}

/** What of the path lies below the endpoint; undefined if the request is not for it. */
function endpointPath(
  request: Request,
  middleware: Middleware,
  path: string | undefined,
): string | undefined {
  if (path === undefined && isInRoute(request, middleware)) return ''
  const base = (path ?? (request.baseUrl === '' ? defaultPath : '')).replace(/\/+$/, '')
  if (!isAtOrBelow(request.path, base)) return undefined
  const below = request.path.slice(base.length)
  // Mounted bare in a router, it must not take what is meant for its neighbours.
  return path === undefined && base === '' && !ownPaths.includes(below) ? undefined : below
}

function exchange(
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
  middleware: Middleware,
): Exchange<Request> {
  return {
    request,
    response,
    next,
    scheme: request.protocol,
    authority: request.host ?? '',
    target: request.originalUrl,
    isRoute: isInRoute(request, middleware),
    mountPath: request.baseUrl,
    listener: rootOf(request.app),
    isAuthenticated: () => isAuthenticated(request),
    route: () => routeOf(request),
    setHandle: (handle) => {
      request.cache = handle
    },
    setTarget: (target) => setQuery(request, target),
  }
}

/** Express leaves the route on the request that it came by last, also when that one has passed it on. */
function isInRoute({ route }: Request, middleware: Middleware): boolean {
  const stack: readonly { readonly handle: unknown }[] = route?.stack ?? []
  return stack.some(({ handle }) => handle === middleware)
}

/** A mounted app knows its parent; the outermost runs everything that a client's request meets. */
function rootOf(app: Application): RequestListener {
  let root = app as Application & { parent?: Application }
  while (root.parent !== undefined) root = root.parent as typeof root
  return root as unknown as (request: IncomingMessage, response: ServerResponse) => void
}

/** Where passport, express-jwt, express-basic-auth and their like put who has logged in. */
function isAuthenticated(request: Request & { user?: unknown; auth?: unknown }): boolean {
  return Boolean(request.user || request.auth)
}

function routeOf({ baseUrl, route }: Request): string | undefined {
  return typeof route?.path === 'string' ? `${baseUrl ?? ''}${route.path}` : undefined
}

/** Routers have cut the path to what is below them, so only the query is put in; `originalUrl` stays as it came. */
function setQuery(request: Request, target: string): void {
  const query = target.indexOf('?')
  const path = request.url.split('?', 1)[0] as string
  const search = query < 0 ? '' : target.slice(query)
  request.url = path + search
  // Some code puts a parsed query in the place of Express's getter, which would follow the URL by itself.
  if (Object.hasOwn(request, 'query')) {
    const parse = request.app.get('query parser fn') as (text: string) => Request['query']
    Object.defineProperty(request, 'query', {
      value: parse(search.slice(1)),
      writable: true,
      configurable: true,
      enumerable: true,
    })
  }
}

function isAtOrBelow(path: string, base: string): boolean {
  return path === base || path.startsWith(base.endsWith('/') ? base : `${base}/`)
}
