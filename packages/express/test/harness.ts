import { once } from 'node:events'
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
  Offer,
  Part,
  Reply,
  Serve,
  Served,
} from '@restale/contract'
import { inject, nativeOptions } from '@restale/contract'
import type { Cache } from '@restale/core'
import compression from 'compression'
import type { Request, RequestHandler, Response, Router } from 'express'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'

type Express = typeof import('express')

export const offers: readonly Offer[] = [
  'compression',
  'cookie-ways',
  'early-hints',
  'files',
  'inject',
  'login-ways',
  'server',
  'tls',
  'trailers',
  'web-streams',
]

/** The described application in the words of this major of Express. */
export function serveWith(express: Express): Serve {
  return (app) => serve(express, app)
}

async function serve(
  express: Express,
  { cache, trustsProxy, parts, tls, isUnlistened }: App,
): Promise<Served> {
  const app = express()
  app.set('trust proxy', trustsProxy)
  // Express prints errors of handlers unless it is tested, and these are meant to be thrown.
  app.set('env', 'test')
  addParts(express, app, parts, cache)
  if (isUnlistened) {
    return { port: 0, inject: (request) => inject(app, request), close: async () => {} }
  }
  const server = tls === undefined ? createServer(app) : createTlsServer(tls, app)
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

function addParts(express: Express, router: Router, parts: readonly Part[], cache: Cache): void {
  for (const part of parts) addPart(express, router, part, cache)
}

function addPart(express: Express, router: Router, part: Part, cache: Cache): void {
  switch (part.kind) {
    case 'layer':
      router.use(part.isCompression ? compression({ threshold: 0 }) : middleware(part.run))
      break
    case 'cache':
      router.use(cacheOf(cache, part.options))
      break
    case 'endpoint':
      router.use(part.path, revalidateEndpoint(cache, part.options))
      break
    case 'group': {
      const inner = express.Router()
      addParts(express, inner, part.parts, cache)
      router.use(part.prefix, inner)
      break
    }
    case 'route': {
      const before = (part.layers ?? []).map(middleware)
      if (part.cache !== undefined) before.push(cacheOf(cache, part.cache))
      router[part.method.toLowerCase() as 'get'](part.path, ...before, middleware(part.handle))
      break
    }
  }
}

function cacheOf(cache: Cache, options: CacheOptions): RequestHandler {
  return responseCache(cache, nativeOptions<Request>(options, neutralRequest))
}

function middleware(run: Layer['run']): RequestHandler {
  return async (request, response, next) => {
    try {
      const body = await run(exchange(request, response))
      if (body === undefined) next()
      else await send(response, body)
    } catch (error) {
      // Express 4 does not look at the promise.
      next(error)
    }
  }
}

function exchange(request: Request, response: Response): Exchange {
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

function neutralRequest(request: Request): NeutralRequest {
  const { method, url, params, query, protocol, ip } = request
  return {
    method,
    url,
    params: params as Record<string, string>,
    query,
    header: (name) => request.get(name),
    host: hostOf(request),
    protocol,
    isEncrypted: 'encrypted' in request.socket && Boolean(request.socket.encrypted),
    peer: ip,
    isRefill: isRefill(request),
  }
}

/** In Express 4, `host` is the name alone. */
function hostOf(request: Request): string {
  const trusts = request.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean
  const forwarded = trusts(request.socket.remoteAddress, 0) ? request.get('x-forwarded-host') : undefined
  return forwarded ?? request.get('host') ?? ''
}

function replyOf(response: Response): Reply {
  return {
    status: (status) => response.status(status),
    header: (name, value) => response.setHeader(name, value),
    append: (name, value) => response.append(name, value),
    remove: (name) => response.removeHeader(name),
    cookie: (name, value) => response.cookie(name, value),
    hint: (link) => response.writeEarlyHints({ link }),
    trailer(name, value) {
      response.setHeader('Trailer', name)
      response.addTrailers({ [name]: value })
    },
    cookieWays: {
      cookie: (name, value) => response.cookie(name, value),
      set: (name, value) => response.set('Set-Cookie', `${name}=${value}`),
      append: (name, value) => response.append('set-cookie', `${name}=${value}`),
      setHeader: (name, value) => response.setHeader('Set-Cookie', [`${name}=${value}`]),
      appendHeader: (name, value) => response.appendHeader('SET-COOKIE', `${name}=${value}`),
      setHeaders: (name, value) => response.setHeaders(new Headers({ 'Set-Cookie': `${name}=${value}` })),
      writeHead: (name, value) => response.writeHead(200, { 'Set-Cookie': `${name}=${value}` }),
    },
  }
}

async function send(response: Response, body: Body): Promise<void> {
  if (typeof body === 'string' || Buffer.isBuffer(body)) response.send(body)
  else if ('json' in body) response.json(body.json)
  else if ('empty' in body) response.end()
  else if ('redirect' in body) response.redirect(body.redirect)
  else if (body.file !== undefined) response.sendFile(body.file)
  // What breaks a stream has destroyed the response too: nobody is left to be told.
  else await pipeline(readableOf(body), response).catch(() => {})
}

function readableOf({ stream, web }: Extract<Body, { stream: unknown }>): Readable {
  return web === undefined ? Readable.from(stream) : Readable.fromWeb(web)
}
