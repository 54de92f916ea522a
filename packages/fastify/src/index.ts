import type { Cache, RegisteredProfile } from '@restale/core'
import { CacheError } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import { drain } from '@restale/core/http'
import { endpointAnswer, isRefill as isRefilling } from '@restale/node'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { addEndpoint } from './endpoint.ts'
import { logFailures } from './log.ts'
import type { CachedRequest, Hook } from './registration.ts'
import { Registration } from './registration.ts'

export { serveCached } from './serve-cached.ts'
export type { CachedRequest, CacheHandle, EndpointOptions, Hook, ResponseCacheOptions }

/** Options of `responseCache`: the cache, and what holds for routes that have no options of their own. */
export interface ResponseCachePluginOptions extends ResponseCacheOptions<CachedRequest> {
  readonly cache: Cache
  /**
   * Where the cache looks at a request. `preHandler`: after all other hooks, authentication and validation
   * included. In `onRequest`, hits skip what comes later. `manual`: in no hook, but where the handler calls
   * `serveCached`; a route whose handler never does is not cached.
   * @default 'preHandler'
   */
  readonly hook?: Hook | undefined
  /** `true`: the cache is closed when the server is. @default false */
  readonly closeCache?: boolean | undefined
}

/** Options of `revalidateEndpoint`; `prefix` says where it is. */
export interface EndpointPluginOptions extends EndpointOptions {
  readonly cache: Cache
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How responses of this route are cached; `false`: not at all. */
    cache?: ResponseCacheOptions<CachedRequest> | false | undefined
  }
  interface FastifyRequest {
    /** The cache as this request sees it, below a `responseCache`. */
    cache: CacheHandle<RegisteredProfile>
  }
}

const hooks: readonly unknown[] = ['onRequest', 'preHandler', 'manual'] satisfies Hook[]

const cachePlugin: FastifyPluginAsync<ResponseCachePluginOptions> = async (app, given) => {
  const { cache, hook = 'preHandler', closeCache = false, ...options } = withoutRegisterOptions(given)
  if (!hooks.includes(hook)) {
    throw new CacheError(
      'ERR_RESTALE_INVALID_OPTION',
      `responseCache: hook must be one of ${hooks.join(', ')}.`,
    )
  }
  new Registration(app, cache, options, hook)
  logFailures(app, cache)
  app.addHook('preClose', () => drain(cache))
  if (closeCache) app.addHook('onClose', () => cache.close())
}

/**
 * Caches the responses of all routes that are registered from then on, on this instance and below it:
 * `await app.register(responseCache, { cache })`. Nothing is stored until a route says so: `config: { cache }` with
 * `life` or `tags`, `cacheLife` or `request.cache.life` in the handler, or `s-maxage` in the response. Options of
 * a route are checked when it is registered.
 *
 * Registering rejects with CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws.
 */
export const responseCache: FastifyPluginAsync<ResponseCachePluginOptions> = fastifyPlugin(cachePlugin, {
  name: 'restale',
  fastify: '5.x',
})

/**
 * The endpoint that revalidates on demand, at the prefix that it is registered with, or at `/api/revalidate`.
 *
 * Registering rejects with CacheError `ERR_RESTALE_MISSING_SECRET`, `ERR_RESTALE_WEAK_SECRET`,
 * `ERR_RESTALE_INVALID_OPTION`.
 */
export const revalidateEndpoint: FastifyPluginAsync<EndpointPluginOptions> = async (app, given) => {
  const { cache, ...options } = withoutRegisterOptions(given)
  addEndpoint(app, endpointAnswer(cache, options), options.path)
}

/** Is this request run again by the cache, with nobody waiting? For access logs, rate limiters and the like. */
export function isRefill({ raw }: Pick<FastifyRequest, 'raw'>): boolean {
  return isRefilling(raw)
}

/** What Fastify itself takes of the options of a plugin. */
function withoutRegisterOptions<Options>(given: Options): Options {
  const { prefix, logLevel, logSerializers, ...options } = given as Record<string, unknown>
  return options as Options
}
