import type { Cache, RegisteredProfile } from '@restale/core'
import type { ResponseCacheOptions } from '@restale/core/http'
import { apartFromClient } from './apart-from-client.ts'
import { journeyOf, setHandle } from './journey.ts'
import { mountFor } from './mount.ts'
import { serve } from './serve.ts'

/** What answers requests: `app.fetch` of Hono and h3, a server's `fetch`, a route handler of Next.js. */
export type FetchHandler<Incoming extends Request, Args extends readonly unknown[]> = (
  request: Incoming,
  ...args: Args
) => Response | Promise<Response>

/**
 * Caches the responses of a handler, and is one of the same type: `serve({ fetch: responseCache(cache, app.fetch) })`.
 * Hits are answered before the handler sees the request, so nothing of it runs then, authentication neither.
 *
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws, at once
 */
export function responseCache<P extends string, Incoming extends Request, Args extends readonly unknown[]>(
  cache: Cache<P>,
  handler: FetchHandler<Incoming, Args>,
  options: ResponseCacheOptions<Incoming, NoInfer<P> | RegisteredProfile> = {},
): FetchHandler<Incoming, Args> {
  const mount = mountFor(cache, options)
  const cached: FetchHandler<Incoming, Args> = (request, ...args) =>
    serve(mount, {
      journey: journeyOf(request),
      request,
      subject: request,
      company: args,
      keepers: () => args,
      isRoute: false,
      isAuthenticated: () => false,
      route: () => undefined,
      failure: () => undefined,
      baseline: () => [],
      comingLines: () => [],
      run: (handed, handle) => {
        setHandle(handed, handle)
        return handler(handed as Incoming, ...args)
      },
      setHandle: (handle) => setHandle(request, handle),
      dispatch: (again) => cached(again as Incoming, ...(args.map(apartFromClient) as unknown as Args)),
    }) as Response | Promise<Response>
  return cached
}
