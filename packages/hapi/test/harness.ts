import { Readable } from 'node:stream'
import type { Lifecycle, Request, ResponseObject, ResponseToolkit, Server, ServerRoute } from '@hapi/hapi'
import { server as createServer } from '@hapi/hapi'
import inert from '@hapi/inert'
import type {
  App,
  Body,
  CacheOptions,
  Exchange,
  Layer,
  NeutralRequest,
  Offer,
  Part,
  RawRequest,
  RawResponse,
  Reply,
  Route,
  Served,
} from '@restale/contract'
import { nativeOptions } from '@restale/contract'
import type { Cache } from '@restale/core'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'

/** All but web streams, which hapi does not know. */
export const offers: readonly Offer[] = [
  'compression',
  'cookie-ways',
  'early-hints',
  'files',
  'guard',
  'inject',
  'server',
  'stop',
  'tls',
  'trailers',
]

/** The described application in the words of hapi. */
export async function serve({ cache, parts, tls, isUnlistened }: App): Promise<Served> {
  const server = createServer({
    host: '127.0.0.1',
    port: 0,
    // hapi prints errors of handlers, and these are meant to be thrown.
    debug: false,
    compression: parts.some(isCompression) && { minBytes: 1 },
    ...(tls === undefined ? {} : { tls }),
  })
  await server.register(inert)
  server.auth.scheme('key', () => ({ authenticate }))
  server.auth.strategy('key', 'key')
  await addParts(server, parts, cache, false)
  if (!isUnlistened) await server.start()
  return {
    port: isUnlistened ? 0 : (server.info.port as number),
    server: server.listener,
    routePath: pathOf,
    inject: (request) => inject(server, request),
    async close() {
      server.listener.closeAllConnections()
      await server.stop({ timeout: 1 })
    },
  }
}

async function inject(
  server: Server,
  { path, headers = [], method = 'GET' }: RawRequest,
): Promise<RawResponse> {
  const { rawPayload, statusCode, raw } = await server.inject({
    method,
    url: path,
    headers: { host: 'contract.test', ...Object.fromEntries(headers) },
  })
  const lines = Object.entries(raw.res.getHeaders()).flatMap(([name, value]) =>
    [value ?? []].flat().map((line) => [name, String(line)] as const),
  )
  return { status: statusCode, lines, body: rawPayload, isComplete: true }
}

/** hapi compresses by itself, for all of a server. */
function isCompression(part: Part): boolean {
  return part.kind === 'group'
    ? part.parts.some(isCompression)
    : part.kind === 'layer' && part.isCompression === true
}

async function addParts(
  server: Server,
  parts: readonly Part[],
  cache: Cache,
  isCached: boolean,
): Promise<void> {
  const mounts = parts.some(({ kind }) => kind === 'cache')
  // A route's options count below a registered plugin.
  const needsOne = !isCached && !mounts && parts.some((part) => part.kind === 'route' && part.cache)
  if (needsOne) await server.register({ plugin: responseCache, options: { cache } })
  for (const part of parts) await addPart(server, part, cache, isCached || mounts || needsOne)
}

async function addPart(server: Server, part: Part, cache: Cache, isCached: boolean): Promise<void> {
  switch (part.kind) {
    case 'layer':
      if (part.isCompression) break
      // Those of a plugin are for its own routes.
      server.ext({
        type: 'onPreHandler',
        method: layer(part.run),
        options: { sandbox: server.realm.parent === null ? 'server' : 'plugin' },
      })
      break
    case 'cache':
      await server.register({ plugin: responseCache, options: { cache, ...optionsOf(part.options) } })
      break
    case 'endpoint': {
      const plugin = { plugin: revalidateEndpoint, options: { cache, ...part.options } }
      if (part.path === '/') await server.register(plugin)
      else await server.register(plugin, { routes: { prefix: part.path } })
      break
    }
    case 'group': {
      const register = (inner: Server) => addParts(inner, part.parts, cache, isCached)
      await server.register({ name: `group ${part.prefix}`, register }, { routes: { prefix: part.prefix } })
      break
    }
    case 'route':
      server.route(routeOf(part))
      break
  }
}

function authenticate({ headers }: Request, h: ResponseToolkit) {
  if (headers['x-key'] !== 'right') return h.response('who are you?').code(401).takeover()
  return h.authenticated({ credentials: { user: { name: 'ada' } } })
}

function routeOf({ method, path, handle, cache, layers = [], isGuarded }: Route): ServerRoute {
  return {
    method: method as 'GET',
    path: pathOf(path),
    handler: async (request, h) => {
      const reply = new QueuedReply(request, h)
      return reply.send(await handle(exchange(request, reply)))
    },
    options: {
      ...(isGuarded ? { auth: 'key' } : {}),
      ext: { onPreHandler: layers.map((run) => ({ method: layer(run) })) },
      plugins: cache === undefined ? {} : { restale: optionsOf(cache) },
    },
  }
}

function optionsOf(options: CacheOptions) {
  return nativeOptions<Request>(options, neutralRequest)
}

function pathOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

/** Before there is a response of hapi's, headers are set on Node's. */
function layer(run: Layer['run']): Lifecycle.Method {
  return async (request, h) => {
    const reply = new StandingReply(request, h)
    const body = await run(exchange(request, reply))
    return body === undefined ? h.continue : reply.send(body).takeover()
  }
}

function exchange(request: Request, reply: Reply): Exchange {
  return {
    request: neutralRequest(request),
    reply,
    cache: request.cache,
    login(name) {
      Object.assign(request.auth, { isAuthenticated: true, credentials: { user: { name } } })
    },
  }
}

function neutralRequest(request: Request): NeutralRequest {
  const { method, path, params, query, headers, info, server } = request
  return {
    method: method.toUpperCase(),
    url: `${path}${request.url.search}`,
    params: params as Record<string, string>,
    query,
    header: (name) => (headers as Record<string, string | undefined>)[name],
    host: info.host,
    protocol: server.info.protocol,
    isEncrypted: 'encrypted' in request.raw.req.socket && request.raw.req.socket.encrypted === true,
    peer: info.remoteAddress,
    isRefill: isRefill(request),
  }
}

class StandingReply implements Reply {
  readonly request: Request
  readonly h: ResponseToolkit
  code: number | undefined

  constructor(request: Request, h: ResponseToolkit) {
    this.request = request
    this.h = h
  }

  status(status: number): void {
    this.code = status
  }

  header(name: string, value: string): void {
    this.request.raw.res.setHeader(name, value)
  }

  append(name: string, value: string): void {
    this.request.raw.res.appendHeader(name, value)
  }

  remove(name: string): void {
    this.request.raw.res.removeHeader(name)
  }

  cookie(name: string, value: string): void {
    this.h.state(name, value)
  }

  hint(link: string): void {
    this.request.raw.res.writeEarlyHints({ link })
  }

  trailer(name: string, value: string): void {
    this.header('Trailer', name)
    this.request.raw.res.addTrailers({ [name]: value })
  }

  send(body: Body): ResponseObject {
    const response = this.make(body)
    if (this.code !== undefined) response.code(this.code)
    return response
  }

  private make(body: Body): ResponseObject {
    const { h } = this
    if (typeof body === 'string' || Buffer.isBuffer(body)) return h.response(body)
    if ('json' in body) return h.response(body.json as object)
    if ('empty' in body) return h.response().code(200)
    if ('redirect' in body) return h.redirect(body.redirect)
    if (body.file !== undefined) return h.file(body.file, { confine: false })
    return h.response(Readable.from(body.stream, { objectMode: false }))
  }
}

/** What a handler says is put on its response once it is there. */
class QueuedReply extends StandingReply {
  readonly #steps: ((response: ResponseObject) => void)[] = []
  readonly cookieWays: Reply['cookieWays'] = {
    'h.state': (name, value) => this.h.state(name, value),
    'h.unstate': (name) => this.h.unstate(name),
    'response.state': (name, value) => this.#steps.push((response) => response.state(name, value)),
    'response.unstate': (name) => this.#steps.push((response) => response.unstate(name)),
    'response.header': (name, value) => this.header('set-cookie', `${name}=${value}`),
    'raw.res.setHeader': (name, value) => this.request.raw.res.setHeader('Set-Cookie', `${name}=${value}`),
    'raw.res.appendHeader': (name, value) =>
      this.request.raw.res.appendHeader('SET-COOKIE', [`${name}=${value}`]),
  }

  override header(name: string, value: string): void {
    this.#steps.push((response) => response.header(name, value))
  }

  override append(name: string, value: string): void {
    this.#steps.push((response) => {
      if (name.toLowerCase() === 'vary') return response.vary(value)
      const before = response.headers[name.toLowerCase()] ?? this.request.raw.res.getHeader(name) ?? []
      const lines = [before, value].flat().map(String)
      return response.header(name, lines as unknown as string)
    })
  }

  override send(body: Body): ResponseObject {
    const response = super.send(body)
    for (const step of this.#steps) step(response)
    return response
  }
}
