import type { Cache, RegisteredProfile } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import { defaultEndpointPath } from '@restale/core/http'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { endpointAnswer } from './endpoint-answer.ts'
import type { Exchange } from './exchange.ts'
import { headerLines } from './header-lines.ts'
import { dispatchThrough, executionContextOf } from './hono-dispatch.ts'
import { isRefill as isRefillRequest, journeyOf } from './journey.ts'
import { mountFor } from './mount.ts'
import { serve } from './serve.ts'

export type { CacheHandle, EndpointOptions, ResponseCacheOptions }

declare module 'hono' {
  interface ContextVariableMap {
    /** The cache as this request sees it, below a `responseCache`. */
    cache: CacheHandle<RegisteredProfile>
  }
}

/** Is this request run again by the cache, with nobody waiting? For access logs, rate limiters and the like. */
export function isRefill(c: Context): boolean {
  return isRefillRequest(c.req.raw)
}

/**
 * Caches the responses of what is mounted below it, or of one route. Nothing is stored until a route says so:
 * `life` or `tags` here, `cacheLife` or `c.var.cache.life` in the handler, or `s-maxage` in the response.
 *
 * Mount it below what writes each response's own headers, and below authentication: that runs on hits too.
 *
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws, at once
 */
export function responseCache<P extends string = never>(
  cache: Cache<P>,
  options: ResponseCacheOptions<Context, NoInfer<P> | RegisteredProfile> = {},
): MiddlewareHandler {
  const mount = mountFor(cache, options)
  return async (c, next) => {
    const response = await serve(mount, exchange(c, next))
    if (response === undefined || (c.finalized && response === c.res)) return
    // Else Hono would put the headers of the one over those of the other.
    c.res = undefined
    c.res = response
  }
}

/**
 * The endpoint that revalidates on demand, where it is mounted: `app.use('/api/revalidate/*', revalidateEndpoint(cache, { secret }))`.
 * Mounted for every path it listens at `path` (`/api/revalidate`), and hands on what is not for it.
 *
 * @throws CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`, `ERR_RESTALE_INVALID_OPTION`, at once
 */
export function revalidateEndpoint(cache: Cache, options: EndpointOptions): MiddlewareHandler {
  const answer = endpointAnswer(cache, options)
  return async (c, next) => {
    const path = segmentsBelow(c.req.path, options.path ?? mountOf(c))
    if (path === undefined) return next()
    const { raw } = c.req
    // A validator above has read it; Hono has kept what it read.
    return raw.bodyUsed ? answer(raw, path, new Uint8Array(await c.req.arrayBuffer())) : answer(raw, path)
  }
}

/** The pattern that it is mounted at, without what stands for everything below. */
function mountOf(c: Context): string {
  const base = (routeHere(c)?.path ?? '').replace(/\/?\*$/, '')
  return base === '' ? defaultEndpointPath : base
}

/** What of `path` lies below `pattern`, whose parameters stand for one segment each. */
function segmentsBelow(path: string, pattern: string): string | undefined {
  const wanted = pattern.split('/').filter((segment) => segment !== '')
  const [, ...segments] = path.split('/')
  const isBelow = wanted.every((segment, at) => segment.startsWith(':') || segment === segments[at])
  return isBelow ? ['', ...segments.slice(wanted.length)].join('/') : undefined
}

function exchange(c: Context, next: Next): Exchange {
  const { raw } = c.req
  const here = routeHere(c)
  return {
    journey: journeyOf(raw),
    request: raw,
    subject: c,
    company: [c.env],
    keepers: () => [c.env, executionContextOf(c)],
    isRoute: here !== undefined && (here.method !== 'ALL' || !here.path.endsWith('*')),
    isAuthenticated: () => Boolean(c.get('user') || c.get('jwtPayload')),
    route: () => patternOf(c),
    failure: () => (c.error !== undefined && c.res.ok ? c.error : undefined),
    // Asking for `c.res` would make one, and then other headers win.
    baseline: () => headerLines(c.newResponse(null, 200).headers),
    comingLines: () => nonceLines(c),
    outside: { lines: () => headerLines(c.res.headers), watch: (changed) => watchHeader(c, changed) },
    async run(request, handle) {
      c.set('cache', handle)
      if (request !== raw) c.req.raw = request
      try {
        await next()
      } finally {
        // Unless somebody below has put another one, with a body that can still be read.
        if (c.req.raw === request) c.req.raw = raw
      }
      return c.finalized ? c.res : undefined
    },
    setHandle: (handle) => c.set('cache', handle),
    dispatch: dispatchThrough(c),
  }
}

/** By `c.header`, as `setCookie` does it. */
function watchHeader(c: Context, changed: () => void): void {
  const { header } = c
  c.header = (...args: Parameters<typeof header>) => {
    header(...args)
    changed()
  }
}

function routeHere(c: Context) {
  return c.req.matchedRoutes[c.req.routeIndex]
}

/** Of the route that has answered: what was only passed on its way is no page. */
function patternOf(c: Context): string | undefined {
  const route = routeHere(c)
  return route === undefined || route.path.endsWith('*') ? undefined : route.path
}

/** `secureHeaders` makes its nonce before the handler runs, and the header that tells of it after. */
function nonceLines(c: Context): string[] {
  const nonce: unknown = c.get('secureHeadersNonce')
  return nonce === undefined ? [] : ['Content-Security-Policy', `'nonce-${nonce}'`]
}
