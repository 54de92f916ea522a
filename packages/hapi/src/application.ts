import type { Lifecycle, Request, ResponseToolkit, RouteSettings, Server, ServerRealm } from '@hapi/hapi'
import type { Cache } from '@restale/core'
import { CacheError } from '@restale/core'
import type { ResponseCacheOptions } from '@restale/core/http'
import { Mount } from '@restale/core/http'
import { extensionCount } from './internals.ts'
import { beginJourney, journeyOf } from './journey.ts'
import { completeRefill, refillOf } from './redispatch.ts'
import type { Place } from './serve.ts'
import { serve } from './serve.ts'

/** A point of hapi's request lifecycle at which the cache can answer. */
export type Hook = 'onRequest' | 'onPreAuth' | 'onPreHandler'

/** `responseCache` as an application or one of its plugins has registered it. */
export interface Registration {
  readonly cache: Cache
  readonly hook: Hook
  /** For all routes that do not say anything themselves. */
  readonly place: Place
}

interface HookedPlace extends Place {
  readonly hook: Hook
}

interface RouteInfo {
  readonly realm: ServerRealm
  readonly settings: RouteSettings
}

const applications = new WeakMap<object, Application>()

/** The caches of one server, and which of them stands on each of its routes: the innermost. */
export class Application {
  readonly #server: Server
  readonly #registrations = new Map<ServerRealm, Registration>()
  readonly #places = new WeakMap<RouteSettings, HookedPlace>()
  /** How many extensions there were when ours were put behind them. */
  #extensions = -1
  #generation = 0

  /** One for all plugins of a server: they share its listener. */
  static of(server: Server): Application {
    const application = applications.get(server.listener) ?? new Application(server)
    applications.set(server.listener, application)
    return application
  }

  private constructor(server: Server) {
    this.#server = server
    const begin = (request: Request) => this.#begin(request)
    server.decorate('request', 'cache', begin as never, { apply: true })
    // First of all: what others do to responses they do to hits too, so that is none of the cache's.
    const before = Object.keys(server.registrations).filter((name) => name !== server.realm.plugin)
    const method: Lifecycle.Method = (request, h) => journeyOf(request).recording?.respond(h) ?? h.continue
    server.ext({ type: 'onPreResponse', method, options: { before } })
    server.events.on('response', (request) => journeyOf(request).recording?.finish())
    server.events.on('route', (route) => this.#place(route))
  }

  /** @throws CacheError for wrong options of routes that are there already */
  add(realm: ServerRealm, registration: Registration): void {
    if (this.#registrations.has(realm)) {
      throw new CacheError('ERR_RESTALE_INVALID_OPTION', 'responseCache is registered twice in one place.')
    }
    this.#registrations.set(realm, registration)
    for (const route of this.#server.table()) if (isWithin(route.realm, realm)) this.#place(route)
    this.#extensions = -1
  }

  #place({ realm, settings }: RouteInfo): void {
    const registration = this.#registrationOf(realm)
    if (registration === undefined) return
    const options = settings.plugins?.restale
    if (options === false) this.#places.delete(settings)
    else if (options === undefined)
      this.#places.set(settings, { ...registration.place, hook: registration.hook })
    else
      this.#places.set(settings, { ...placeOf(registration.cache, options, true), hook: registration.hook })
  }

  #registrationOf(realm: ServerRealm | null): Registration | undefined {
    if (realm === null) return undefined
    return this.#registrations.get(realm) ?? this.#registrationOf(realm.parent)
  }

  /** Nothing has run of the request yet, not even what `onRequest` does. */
  #begin(request: Request): undefined {
    if (extensionCount(this.#server) !== this.#extensions) this.#stand()
    beginJourney(request, this.#positions())
    const refill = refillOf(request)
    if (refill !== undefined) completeRefill(request, refill)
  }

  /** In the ledgers, before anything of a response is read. */
  #positions(): ReadonlyMap<Cache, number> {
    return new Map([...this.#registrations.values()].map(({ cache, place }) => [cache, place.mount.position]))
  }

  /**
   * Extensions run in the order in which they came, and a guard may come with a plugin or a route that is added late:
   * ours come anew behind it with the next request, and those that stood before do nothing from then on.
   */
  #stand(): void {
    const generation = ++this.#generation
    for (const type of new Set([...this.#registrations.values()].map(({ hook }) => hook))) {
      const method: Lifecycle.Method = (request, h) =>
        generation === this.#generation ? this.#look(type, request, h) : h.continue
      this.#server.ext({ type, method })
    }
    this.#extensions = extensionCount(this.#server)
  }

  #look(hook: Hook, request: Request, h: ResponseToolkit): Lifecycle.ReturnValue {
    const settings = hook === 'onRequest' ? matchedSettings(request) : request.route.settings
    const place = settings && this.#places.get(settings)
    return place?.hook === hook ? serve(place, request, h) : h.continue
  }
}

/** @throws CacheError as `Mount` does */
export function placeOf(cache: Cache, options: ResponseCacheOptions<Request>, isRoute: boolean): Place {
  return { cache, mount: new Mount(cache, options), isRoute, statuses: options.statuses ?? [] }
}

/** There is no route yet: the one that it will come to, unless another extension changes the URL. */
function matchedSettings({ server, method, path, info }: Request): RouteSettings | undefined {
  try {
    return server.match(method, path, info.hostname)?.settings
  } catch {
    // A path that hapi is about to refuse.
    return undefined
  }
}

function isWithin(realm: ServerRealm | null, outer: ServerRealm): boolean {
  return realm === outer || (realm !== null && isWithin(realm.parent, outer))
}
