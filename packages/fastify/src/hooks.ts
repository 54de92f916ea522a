import type {
  FastifyInstance,
  onRequestHookHandler,
  onSendHookHandler,
  preHandlerHookHandler,
  RouteOptions,
} from 'fastify'

interface Handlers {
  onRequest: onRequestHookHandler
  onSend: onSendHookHandler<unknown>
}

/**
 * Adds a hook before all others, those of plugins that came first included: what they do to a response they do to
 * hits too, so none of it is to be stored. Fastify has no word for that; should it keep its hooks elsewhere one
 * day, this one is called where it was registered.
 */
export function addFirstHook<Name extends keyof Handlers>(
  app: FastifyInstance,
  name: Name,
  handler: Handlers[Name],
): void {
  app.addHook(name as 'onSend', handler as onSendHookHandler)
  // It is added when what has been registered before is there.
  app.after(() => {
    const hooks = hooksOf(app)?.[name]
    const index = hooks?.indexOf(handler) ?? -1
    if (index > 0) hooks?.unshift(...hooks.splice(index, 1))
  })
}

/**
 * Adds a hook to a route behind all others, when everything is there that plugins put on it: a guard that one of
 * them adds after this plugin has seen the route counts, too.
 */
export function addLastHook(
  app: FastifyInstance,
  route: RouteOptions,
  name: 'onRequest' | 'preHandler',
  handler: preHandlerHookHandler,
): void {
  app.after(() => {
    route[name] = [route[name] ?? [], handler].flat() as preHandlerHookHandler[]
  })
}

/** No hook of anybody else sees what the replies of a route send; false where Fastify does not tell. Its hooks are all there. */
export function isOnlySender(app: FastifyInstance, route: RouteOptions): boolean {
  return hooksOf(app)?.onSend?.length === 1 && [route.onSend ?? []].flat().length === 0
}

function hooksOf(app: FastifyInstance): Partial<Record<string, unknown[]>> | undefined {
  for (let at: object | null = app; at !== null; at = Object.getPrototypeOf(at)) {
    const key = Object.getOwnPropertySymbols(at).find(({ description }) => description === 'fastify.hooks')
    if (key !== undefined) return (at as Record<symbol, Record<string, unknown[]>>)[key]
  }
  return undefined
}
