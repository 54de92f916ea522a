import { inspect } from 'node:util'
import type { Cache } from '@restale/core'
import { CacheError } from '@restale/core'
import type { ResponseCacheOptions } from '@restale/core/http'
import { bypassHandle, Mount } from '@restale/core/http'
import { serve } from '@restale/node'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { warnOfEarlierRoutes } from './earlier-routes.ts'
import type { Place, Visit } from './exchange.ts'
import { FastifyExchange } from './exchange.ts'
import { addFirstHook, addLastHook, isOnlySender } from './hooks.ts'
import type { Look } from './serve-cached.ts'
import { decorateStance, takeStance } from './serve-cached.ts'

/** A point of Fastify's request lifecycle at which the cache can answer, or `manual`: where `serveCached` is called. */
export type Hook = 'onRequest' | 'preHandler' | 'manual'

/** A request as functions of options get it: the types do not know which route they are for. */
export type CachedRequest = FastifyRequest<{
  Params: Record<string, string>
  Querystring: Record<string, unknown>
}>

type Options = ResponseCacheOptions<CachedRequest>

const registrations = new WeakMap<object, Registration>()

/** `responseCache` as it was registered on an instance, for its routes and for those of instances below it. */
export class Registration {
  readonly #cache: Cache
  readonly #options: Options
  readonly #hook: Hook
  readonly #place: Place
  /** By route, for a GET and its HEAD share their entries. */
  readonly #places = new Map<string, { readonly options: Options; readonly place: Place }>()
  readonly #visit = Symbol('restale.visit')

  /** @throws CacheError as `Mount` does, and `ERR_RESTALE_INVALID_OPTION` for a second one on the same instance */
  constructor(app: FastifyInstance, cache: Cache, options: Options, hook: Hook) {
    if (registrations.has(app)) {
      throw new CacheError('ERR_RESTALE_INVALID_OPTION', 'responseCache is registered twice in one place.')
    }
    this.#cache = cache
    this.#options = options
    this.#hook = hook
    this.#place = { mount: new Mount(cache, options as never), isRoute: false }
    warnOfEarlierRoutes(app)
    registrations.set(app, this)
    this.#addHooks(app)
  }

  #addHooks(app: FastifyInstance): void {
    const registration = this
    if (!app.hasRequestDecorator('cache')) app.decorateRequest('cache', null as never)
    app.decorateRequest(this.#visit, null)
    decorateStance(app)
    addFirstHook(app, 'onRequest', (request, _reply, done) => {
      request.cache = bypassHandle as FastifyRequest['cache']
      this.#visits(request)[this.#visit] = { position: this.#place.mount.position, recorder: undefined }
      done()
    })
    addFirstHook(app, 'onSend', (request, _reply, payload, done) => {
      const recorder = this.#visits(request)[this.#visit]?.recorder
      done(null, recorder === undefined ? payload : recorder.answered(payload))
    })
    app.addHook('onRoute', function (route) {
      if (innermost(this) === registration) registration.#standOn(this, route)
    })
  }

  #visits(request: FastifyRequest): Record<symbol, Visit | null> {
    return request as unknown as Record<symbol, Visit | null>
  }

  /** @throws CacheError for wrong options of the route */
  #standOn(app: FastifyInstance, route: RouteOptions): void {
    const options = route.config?.cache
    if (options === false) return
    const place = this.#placeOf(route, options)
    let isUnseen: boolean | undefined
    const look: Look = (request, reply, next) => {
      const visit = this.#visits(request)[this.#visit] as Visit
      // By now no hook can be added any more.
      isUnseen ??= isOnlySender(app, route)
      return serve(place.mount, new FastifyExchange(request, reply, { place, visit, isUnseen, next }))
    }
    if (this.#hook === 'manual') lookWhenAsked(app, route, look)
    else lookInHook(app, route, this.#hook, look)
  }

  /** Routes of one URL that only their constraints tell apart share nothing. */
  #placeOf({ url, constraints = {} }: RouteOptions, given: Options | undefined): Place {
    const isConstrained = Object.keys(constraints).length > 0
    if (given === undefined && !isConstrained) return this.#place
    const options = given ?? this.#options
    const suffix = isConstrained ? ` ${inspect(constraints)}` : ''
    const known = this.#places.get(url + suffix)
    if (known?.options === options) return known.place
    const isNamed = isConstrained && options.name !== undefined
    const own = isNamed ? { ...options, name: options.name + suffix } : options
    const mount = new Mount<FastifyRequest>(this.#cache, own as never)
    const place = { mount, isRoute: given !== undefined }
    this.#places.set(url + suffix, { options, place })
    return place
  }
}

/** Instances inherit from the one that they are below. */
function innermost(app: object | null): Registration | undefined {
  return app === null ? undefined : (registrations.get(app) ?? innermost(Object.getPrototypeOf(app)))
}

function lookInHook(
  app: FastifyInstance,
  route: RouteOptions,
  hook: Exclude<Hook, 'manual'>,
  look: Look,
): void {
  addLastHook(app, route, hook, (request, reply, done) => {
    takeStance(request, 'in a hook')
    const served = look(request, reply, done)
    if (served instanceof Promise) served.catch(done)
  })
}

function lookWhenAsked(app: FastifyInstance, route: RouteOptions, look: Look): void {
  addLastHook(app, route, 'onRequest', (request, _reply, done) => {
    takeStance(request, look)
    done()
  })
}
