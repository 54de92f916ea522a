import type { Cache } from '@restale/core'
import type { EndpointOptions } from '@restale/core/http'
import { defaultEndpointPath, pathBelow } from '@restale/core/http'
import { endpointAnswer } from './endpoint-answer.ts'
import type { FetchHandler } from './response-cache.ts'

/**
 * The endpoint that revalidates on demand. In front of a handler it answers at `path` (`/api/revalidate`) and hands
 * on every other request: `serve({ fetch: revalidateEndpoint(cache, { secret }, app.fetch) })`. Without one it is
 * for a router to call: it answers whatever comes, `/webhook` at the end is the webhook; with `path`, 404 elsewhere.
 *
 * @throws CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`, `ERR_RESTALE_INVALID_OPTION`, at once
 */
export function revalidateEndpoint<Incoming extends Request = Request, Args extends readonly unknown[] = []>(
  cache: Cache,
  options: EndpointOptions,
  handler?: FetchHandler<Incoming, Args>,
): FetchHandler<Incoming, Args> {
  const answer = endpointAnswer(cache, options)
  const isMounted = handler === undefined && options.path === undefined
  const base = options.path ?? defaultEndpointPath
  return (request, ...args) => {
    const { pathname } = new URL(request.url)
    const path = isMounted ? lastPart(pathname) : pathBelow(pathname, base)
    if (path !== undefined) return answer(request, path)
    return handler === undefined ? new Response(null, { status: 404 }) : handler(request, ...args)
  }
}

/** A router has matched the rest. */
function lastPart(pathname: string): string {
  return /\/webhook\/?$/.test(pathname) ? '/webhook' : ''
}
