import type { Plugin, ReqRef, ReqRefDefaults, Request, ServerRealm } from '@hapi/hapi'
import type { Cache, RegisteredProfile } from '@restale/core'
import { CacheError } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import { drain } from '@restale/core/http'
import type { Hook } from './application.ts'
import { Application, placeOf } from './application.ts'
import { endpointRoute } from './endpoint.ts'
import { logFailures } from './log.ts'

export { isRefill } from './redispatch.ts'
export type { CacheHandle, EndpointOptions, Hook, ResponseCacheOptions }

/** Options of `responseCache`: the cache, and what holds for routes that have no options of their own. */
export interface ResponseCachePluginOptions extends ResponseCacheOptions<Request> {
  readonly cache: Cache
  /**
   * Where the cache looks at a request. `onPreHandler`: after authentication and validation. Earlier than that,
   * hits skip both. In `onRequest` there is no route yet, so a `tags` function sees no `params`.
   * @default 'onPreHandler'
   */
  readonly hook?: Hook | undefined
  /** `true`: the cache is closed when the server stops. @default false */
  readonly closeCache?: boolean | undefined
}

/** Options of `revalidateEndpoint`. */
export interface EndpointPluginOptions extends EndpointOptions {
  readonly cache: Cache
}

declare module '@hapi/hapi' {
  interface PluginSpecificConfiguration {
    /** How responses of this route are cached; `false`: not at all. */
    restale?: ResponseCacheOptions<Request> | false | undefined
  }
  interface PluginsStates {
    /** Marks a request that the cache runs again. */
    restale?: object | undefined
  }
  interface Request<Refs extends ReqRef = ReqRefDefaults> {
    /** The cache as this request sees it, once it has come to a `responseCache`. */
    cache: CacheHandle<RegisteredProfile>
  }
}

const hooks: readonly unknown[] = ['onRequest', 'onPreAuth', 'onPreHandler'] satisfies Hook[]

/**
 * Caches the responses of all routes of the server, or of the plugin that registers it. Nothing is stored until
 * a route says so: `plugins: { restale: { life, tags, … } }`, `cacheLife` or `request.cache.life` in the handler,
 * or `s-maxage` in the response. Options of a route are checked when it is registered.
 *
 * Registering throws CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws.
 */
export const responseCache: Plugin<ResponseCachePluginOptions> = {
  name: 'restale',
  multiple: true,
  register(server, { cache, hook = 'onPreHandler', closeCache = false, ...options }) {
    if (!hooks.includes(hook)) {
      throw new CacheError(
        'ERR_RESTALE_INVALID_OPTION',
        `responseCache: hook must be one of ${hooks.join(', ')}.`,
      )
    }
    const registration = { cache, hook, place: placeOf(cache, options, false) }
    Application.of(server).add(server.realm.parent as ServerRealm, registration)
    logFailures(server, cache)
    server.ext('onPreStop', () => (closeCache ? cache.close() : drain(cache)))
  },
}

/**
 * The endpoint that revalidates on demand, at the prefix that it is registered with:
 * `{ routes: { prefix: '/api/revalidate' } }`, which is also where it is without one.
 *
 * Registering throws CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`, `ERR_RESTALE_INVALID_OPTION`.
 */
export const revalidateEndpoint: Plugin<EndpointPluginOptions> = {
  name: 'restale-revalidate',
  multiple: true,
  register(server, { cache, ...options }) {
    server.route(endpointRoute(server, cache, options))
  },
}
