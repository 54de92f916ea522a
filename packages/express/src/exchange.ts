import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { pathOf } from '@restale/core/http'
import type { Exchange } from '@restale/node'
import { isLoggedIn, ResponseCapture, sendResponse } from '@restale/node'
import type { Application, Request, Response } from 'express'

/** One request at one mount, as Express has it. */
export function exchange(
  request: Request,
  response: Response,
  next: (error?: unknown) => void,
  middleware: unknown,
): Exchange<Request> {
  const facts = { isAuthenticated: () => isLoggedIn(request), route: () => routeOf(request) }
  return {
    request,
    native: request,
    response,
    next,
    scheme: request.protocol,
    authority: authorityOf(request),
    target: request.originalUrl,
    isRoute: isInRoute(request, middleware),
    mountPath: request.baseUrl,
    listener: rootOf(request.app),
    isAuthenticated: facts.isAuthenticated,
    send: (outgoing) => sendResponse(response, outgoing),
    record: (capture) => new ResponseCapture(request, response, capture, facts),
    setHandle: (handle) => {
      request.cache = handle
    },
    setTarget: (target) => setQuery(request, target),
  }
}

/** As `req.host` of Express 5; that of Express 4 leaves out the port. */
function authorityOf(request: Request): string {
  const isTrusted = request.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean
  const forwarded = isTrusted(request.socket.remoteAddress, 0) ? request.get('x-forwarded-host') : undefined
  return forwarded?.split(',', 1)[0]?.trim() || request.get('host') || ''
}

/** Express leaves the route on the request that it came by last, also when that one has passed it on. */
export function isInRoute({ route }: Request, middleware: unknown): boolean {
  const stack: readonly { readonly handle: unknown }[] = route?.stack ?? []
  return stack.some(({ handle }) => handle === middleware)
}

/** A mounted app knows its parent; the outermost runs everything that a client's request meets. */
function rootOf(app: Application): RequestListener {
  let root = app as Application & { parent?: Application }
  while (root.parent !== undefined) root = root.parent as typeof root
  return root as unknown as (request: IncomingMessage, response: ServerResponse) => void
}

function routeOf({ baseUrl, route }: Request): string | undefined {
  return typeof route?.path === 'string' ? `${baseUrl ?? ''}${route.path}` : undefined
}

/** Routers have cut the path to what is below them, so only the query is put in; `originalUrl` stays as it came. */
function setQuery(request: Request, target: string): void {
  const search = target.slice(pathOf(target).length)
  request.url = pathOf(request.url) + search
  // Some code puts a parsed query in the place of Express's getter, which would follow the URL by itself.
  if (Object.hasOwn(request, 'query')) {
    const parse = request.app.get('query parser fn') as (text: string) => Request['query']
    Object.defineProperty(request, 'query', {
      value: parse(search.slice(1)),
      writable: true,
      configurable: true,
      enumerable: true,
    })
  }
}
