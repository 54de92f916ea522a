import { warnOnce } from '@restale/core/http'
import type { FastifyInstance } from 'fastify'

/** Routes of servers that are none of the application's. */
const ownRoutes = new WeakMap<object, number>()

/** Adds routes that need no cache. */
export function addOwnRoutes(app: FastifyInstance, add: () => void): void {
  const before = countRoutes(app)
  add()
  ownRoutes.set(app.server, (ownRoutes.get(app.server) ?? 0) + countRoutes(app) - before)
}

/** A plugin sees only what is registered after it; below the root there may well be routes that are none of its own. */
export function warnOfEarlierRoutes(app: FastifyInstance): void {
  const isRoot = Object.getPrototypeOf(app) === Object.prototype
  if (!isRoot || countRoutes(app) <= (ownRoutes.get(app.server) ?? 0)) return
  const message =
    'Routes that were registered before responseCache are not cached: await app.register(responseCache, …) first.'
  warnOnce('RESTALE_EARLIER_ROUTES', 'responseCache', message)
}

function countRoutes(app: FastifyInstance): number {
  return app.printRoutes({ method: 'GET', commonPrefix: false }).split(' (GET').length - 1
}
