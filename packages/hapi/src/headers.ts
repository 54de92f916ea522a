import type { Request, ResponseObject } from '@hapi/hapi'
import type { StandingHeaders } from '@restale/core/http'
import { appendCacheStatus } from '@restale/core/http'

/** Header values as hapi and Node keep them, by lower-case name. */
export type Headers = Record<string, string | readonly string[] | number | undefined>

/** What stands on Node's response goes out too, unless hapi's has a header of the same name. */
export function nodeHeaders(request: Request): Headers {
  return request.raw.res.getHeaders() as Headers
}

/** As they stand before hapi writes its own over those on Node's response. */
export function standingHeaders({ raw }: Request, headers: Headers): StandingHeaders {
  const valueAt = (name: string) => headers[name] ?? raw.res.getHeader(name)
  return {
    get: (name) => valueAt(name.toLowerCase())?.toString() ?? null,
    set: (name, value) => {
      headers[name.toLowerCase()] = value
    },
    append: (name, value) => {
      const standing = valueAt(name.toLowerCase())
      headers[name.toLowerCase()] = standing === undefined ? value : [standing, value].flat().map(String)
    },
    delete: (name) => {
      delete headers[name.toLowerCase()]
      raw.res.removeHeader(name)
    },
  }
}

/** With what stands on Node's response. */
export function withStanding(request: Request, headers: Headers): Headers {
  return { ...nodeHeaders(request), ...headers }
}

/** Where what stands outside has its part in the body, its nonce may be in there. */
export function contentPolicy(request: Request): Headers {
  const names = ['content-security-policy', 'content-security-policy-report-only']
  return Object.fromEntries(names.map((name) => [name, nodeHeaders(request)[name]]))
}

/** For a response that has not come by the cache, or has no headers of its own. */
export function setStandingStatus({ raw }: Request, ours: string): void {
  raw.res.setHeader('cache-status', appendCacheStatus(raw.res.getHeader('cache-status')?.toString(), ours))
}

/** Ours behind what other caches have said. */
export function setCacheStatus(request: Request, headers: Headers, ours: string): void {
  const others = headers['cache-status'] ?? request.raw.res.getHeader('cache-status')
  headers['cache-status'] = appendCacheStatus(others?.toString(), ours)
}

/** The route's own `cache` option: hapi writes its `Cache-Control` on every response, on hits too. */
export function hasCachePolicy({ route }: Request, status: number): boolean {
  const { cache } = route.settings
  if (!cache || (cache.expiresIn === undefined && cache.expiresAt === undefined)) return false
  return cache.statuses?.includes(status) === true
}

/** What that policy says of whom the response is for; it stands outside of the cache. */
export function outerControl(request: Request, status: number): Headers {
  const { cache } = request.route.settings
  if (!cache || !hasCachePolicy(request, status)) return {}
  return { 'cache-control': cache.privacy === 'private' ? 'private' : 'must-revalidate' }
}

/** hapi writes the `Cache-Control` of a handler or a route when the response goes out, in this form. */
export function setOwnControl(request: Request, response: ResponseObject): void {
  const { headers, settings } = response
  if (headers['cache-control'] !== undefined) return
  if (settings.ttl) setTtlControl(request, response)
  else if (!hasCachePolicy(request, response.statusCode)) setRouteControl(request, headers)
}

/** `response.ttl()`. */
function setTtlControl({ route, auth }: Request, { headers, settings }: ResponseObject): void {
  const { privacy = 'default' } = route.settings.cache || {}
  const shownPrivacy = auth.isAuthenticated || headers['set-cookie'] ? 'private' : privacy
  const suffix = shownPrivacy === 'default' ? '' : `, ${shownPrivacy}`
  headers['cache-control'] =
    `max-age=${Math.floor((settings.ttl as number) / 1000)}, must-revalidate${suffix}`
}

/** What a route says of responses without a life; hapi's own default for that gives way to ours. */
function setRouteControl({ route }: Request, headers: Headers): void {
  const { otherwise = 'no-cache' } = route.settings.cache || {}
  if (otherwise !== 'no-cache') headers['cache-control'] = otherwise
}
