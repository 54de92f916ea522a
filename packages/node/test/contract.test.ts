import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type {
  App,
  Body,
  CacheOptions,
  Exchange,
  Layer,
  NeutralRequest,
  Part,
  Reply,
  Route,
  Served,
} from '@restale/contract'
import { adapterContract, inject, nativeOptions } from '@restale/contract'
import type { Cache } from '@restale/core'
import { describe, it } from 'vitest'
import type { CachedRequest } from '../src/index.ts'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'

const noRoutes = 'a plain server has no routes, so nobody knows their patterns'

adapterContract('@restale/node', serve, {
  describe,
  it,
  offers: [
    'cookie-ways',
    'early-hints',
    'files',
    'inject',
    'login-ways',
    'server',
    'tls',
    'trailers',
    'web-streams',
  ],
  cannot: {
    'route-pattern': noRoutes,
    'route-pattern-from-a-handler': noRoutes,
    'route-pattern-through-the-endpoint': noRoutes,
  },
})

type Listener = (request: CachedRequest, response: ServerResponse) => unknown

async function serve({ cache, trustsProxy, parts, tls, isUnlistened }: App): Promise<Served> {
  const application = chain(parts, cache, '', notFound)
  const listener: RequestListener = (request, response) => {
    if (trustsProxy) believed.add(request)
    // As any server that is to survive its handlers.
    Promise.resolve()
      .then(() => application(request as CachedRequest, response))
      .catch(() => fail(response))
  }
  if (isUnlistened) {
    return { port: 0, inject: (request) => inject(listener, request), close: async () => {} }
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Each part stands around all that comes after it. */
function chain(parts: readonly Part[], cache: Cache, prefix: string, last: Listener): Listener {
  return parts.reduceRight<Listener>((next, part) => around(part, cache, prefix, next), last)
}

function around(part: Part, cache: Cache, prefix: string, next: Listener): Listener {
  switch (part.kind) {
    case 'layer':
      return layer(part.run, next)
    case 'cache':
      return cacheOf(cache, part.options, next)
    case 'endpoint': {
      const endpoint = revalidateEndpoint(cache, { path: prefix + part.path, ...part.options })
      return (request, response) => endpoint(request, response, () => next(request, response))
    }
    case 'group': {
      const inner = chain(part.parts, cache, prefix + part.prefix, next)
      return (request, response) =>
        pathOf(request).startsWith(`${prefix + part.prefix}/`)
          ? inner(request, response)
          : next(request, response)
    }
    case 'route':
      return route(part, cache, prefix, next)
  }
}

/** What the route's pattern has found, for whoever has the request. */
const paramsOf = new WeakMap<IncomingMessage, Record<string, string>>()

function route(part: Route, cache: Cache, prefix: string, next: Listener): Listener {
  const { method, path, layers = [], handle } = part
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  const pattern = new RegExp(`^${prefix}${path.replace(/:\w+/g, '([^/]+)')}/?$`)
  const own = layer(handle, notFound)
  const cached = part.cache === undefined ? own : cacheOf(cache, part.cache, own)
  const all = layers.reduceRight((inner, run) => layer(run, inner), cached)
  return (request, response) => {
    const found = pattern.exec(pathOf(request))
    const isMine = request.method === method || (request.method === 'HEAD' && method === 'GET')
    if (found === null || !isMine) return next(request, response)
    const values = found.slice(1).map(decodeURIComponent)
    paramsOf.set(request, Object.fromEntries(names.map((name, index) => [name, values[index] as string])))
    return all(request, response)
  }
}

function cacheOf(cache: Cache, options: CacheOptions, next: Listener): Listener {
  return responseCache(cache, next, nativeOptions<IncomingMessage>(options, neutralRequest))
}

function layer(run: Layer['run'], next: Listener): Listener {
  return async (request, response) => {
    const body = await run(exchange(request, response))
    if (body === undefined) await next(request, response)
    else await send(response, body)
  }
}

function exchange(request: CachedRequest, response: ServerResponse): Exchange {
  return {
    request: neutralRequest(request),
    reply: replyOf(response),
    cache: request.cache,
    login(name) {
      Object.assign(request, { user: { name } })
    },
    loginWays: {
      user: (name) => Object.assign(request, { user: { name } }),
      auth: (name) => Object.assign(request, { auth: { user: name } }),
    },
  }
}

function neutralRequest(request: IncomingMessage): NeutralRequest {
  const url = request.url as string
  return {
    method: request.method as string,
    url,
    params: paramsOf.get(request) ?? {},
    query: Object.fromEntries(new URL(url, 'http://localhost').searchParams),
    header: (name) => request.headers[name]?.toString(),
    host: forwarded(request, 'x-forwarded-host') ?? request.headers.host ?? '',
    protocol: forwarded(request, 'x-forwarded-proto') ?? (isEncrypted(request) ? 'https' : 'http'),
    isEncrypted: isEncrypted(request),
    peer: request.socket.remoteAddress,
    isRefill: isRefill(request),
  }
}

function isEncrypted({ socket }: IncomingMessage): boolean {
  return 'encrypted' in socket && Boolean(socket.encrypted)
}

/** Requests of an application that believes its proxy. */
const believed = new WeakSet<IncomingMessage>()

function forwarded(request: IncomingMessage, name: string): string | undefined {
  return believed.has(request) ? request.headers[name]?.toString() : undefined
}

function pathOf(request: IncomingMessage): string {
  return (request.url as string).split('?', 1)[0] as string
}

function replyOf(response: ServerResponse): Reply {
  return {
    status: (status) => {
      response.statusCode = status
    },
    header: (name, value) => response.setHeader(name, value),
    append: (name, value) => response.appendHeader(name, value),
    remove: (name) => response.removeHeader(name),
    cookie: (name, value) => response.appendHeader('Set-Cookie', `${name}=${value}`),
    hint: (link) => response.writeEarlyHints({ link }),
    trailer(name, value) {
      response.setHeader('Trailer', name)
      response.addTrailers({ [name]: value })
    },
    cookieWays: {
      setHeader: (name, value) => response.setHeader('SET-COOKIE', [`${name}=${value}`]),
      appendHeader: (name, value) => response.appendHeader('set-cookie', `${name}=${value}`),
      setHeaders: (name, value) => response.setHeaders(new Headers({ 'Set-Cookie': `${name}=${value}` })),
      writeHead: (name, value) => response.writeHead(200, { 'Set-Cookie': `${name}=${value}` }),
      writeHeadList: (name, value) => response.writeHead(200, ['Set-Cookie', `${name}=${value}`]),
    },
  }
}

async function send(response: ServerResponse, body: Body): Promise<void> {
  if (typeof body === 'string' || Buffer.isBuffer(body)) response.end(body)
  else if ('json' in body) {
    if (!response.hasHeader('Content-Type'))
      response.setHeader('Content-Type', 'application/json; charset=utf-8')
    response.end(JSON.stringify(body.json))
  } else if ('empty' in body) response.end()
  else if ('redirect' in body) {
    if (response.statusCode === 200) response.statusCode = 302
    response.setHeader('Location', body.redirect)
    response.end()
  } else await pipeline(readableOf(body), response).catch(() => {})
}

function readableOf({ stream, file, web }: Extract<Body, { stream: unknown }>): Readable {
  if (file !== undefined) return createReadStream(file)
  return web === undefined ? Readable.from(stream) : Readable.fromWeb(web)
}

function notFound(_request: unknown, response: ServerResponse): void {
  response.statusCode = 404
  response.end()
}

function fail(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else {
    response.statusCode = 500
    response.end()
  }
}
