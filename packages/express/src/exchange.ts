import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CacheHandle, Capture, OutgoingResponse } from '@restale/core/http'
import { pathOf } from '@restale/core/http'
import type { Exchange, Recorder, ResponseFacts } from '@restale/node'
import { isLoggedIn, ResponseCapture, sendResponse } from '@restale/node'
import type { Application, Request, Response } from 'express'

/** One request at one mount, as Express has it. */
export class ExpressExchange implements Exchange<Request>, ResponseFacts {
  readonly request: Request
  readonly response: Response
  /** As they are when it comes: routers change them on the way. */
  readonly mountPath: string
  readonly isRoute: boolean
  readonly next: (error?: unknown) => void

  constructor(request: Request, response: Response, next: (error?: unknown) => void, middleware: unknown) {
    this.request = request
    this.response = response
    this.next = next
    this.mountPath = request.baseUrl
    this.isRoute = isInRoute(request, middleware)
  }

  get native(): Request {
    return this.request
  }

  get scheme(): string {
    return schemeOf(this.request)
  }

  get authority(): string {
    return authorityOf(this.request)
  }

  get target(): string {
    return this.request.originalUrl
  }

  get listener(): RequestListener {
    return rootOf(this.request.app)
  }

  isAuthenticated(): boolean {
    return isLoggedIn(this.request)
  }

  route(): string | undefined {
    return routeOf(this.request)
  }

  send(outgoing: OutgoingResponse): void {
    sendResponse(this.response, outgoing)
  }

  record(capture: Capture): Recorder {
    return new ResponseCapture(this.request, this.response, capture, this)
  }

  setHandle(handle: CacheHandle<string>): void {
    this.request.cache = handle
  }

  setTarget(target: string): void {
    setQuery(this.request, target)
  }
}

/** As `req.protocol`, which asks first whether a proxy is trusted. */
function schemeOf(request: Request): string {
  if (request.headers['x-forwarded-proto'] !== undefined) return request.protocol
  return (request.socket as { encrypted?: boolean }).encrypted ? 'https' : 'http'
}

/** As `req.host` of Express 5; that of Express 4 leaves out the port. */
function authorityOf(request: Request): string {
  const { host = '', 'x-forwarded-host': forwarded } = request.headers
  if (forwarded === undefined) return host
  const isTrusted = request.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean
  const trusted = isTrusted(request.socket.remoteAddress, 0) ? String(forwarded) : ''
  return trusted.split(',', 1)[0]?.trim() || host
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
