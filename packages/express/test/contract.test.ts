import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { App, Body, CacheOptions, Exchange, Layer, NeutralRequest, Part, Reply } from '@restale/contract'
import { adapterContract, nativeOptions } from '@restale/contract'
import type { Cache } from '@restale/core'
import type { Request, RequestHandler, Response, Router } from 'express'
import express from 'express'
import { describe, it } from 'vitest'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'

adapterContract('@restale/express on Express 5', serve, { describe, it })

async function serve({ cache, trustsProxy, parts }: App) {
  const app = express()
  app.set('trust proxy', trustsProxy)
  // Express prints errors of handlers unless it is tested, and these are meant to be thrown.
  app.set('env', 'test')
  addParts(app, parts, cache)
  const server = app.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function addParts(router: Router, parts: readonly Part[], cache: Cache): void {
  for (const part of parts) addPart(router, part, cache)
}

function addPart(router: Router, part: Part, cache: Cache): void {
  switch (part.kind) {
    case 'layer':
      router.use(middleware(part.run))
      break
    case 'cache':
      router.use(cacheOf(cache, part.options))
      break
    case 'endpoint':
      router.use(part.path, revalidateEndpoint(cache, part.options))
      break
    case 'group': {
      const inner = express.Router()
      addParts(inner, part.parts, cache)
      router.use(part.prefix, inner)
      break
    }
    case 'route': {
      const before = (part.layers ?? []).map(middleware)
      if (part.cache !== undefined) before.push(cacheOf(cache, part.cache))
      router[part.method === 'GET' ? 'get' : 'post'](part.path, ...before, middleware(part.handle))
      break
    }
  }
}

function cacheOf(cache: Cache, options: CacheOptions): RequestHandler {
  return responseCache(cache, nativeOptions<Request>(options, neutralRequest))
}

function middleware(run: Layer['run']): RequestHandler {
  return async (request, response, next) => {
    const body = await run(exchange(request, response))
    if (body === undefined) next()
    else await send(response, body)
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
  }
}

function neutralRequest(request: Request): NeutralRequest {
  const { method, url, params, query, host, protocol, ip } = request
  return {
    method,
    url,
    params: params as Record<string, string>,
    query,
    header: (name) => request.get(name),
    host: host ?? '',
    protocol,
    peer: ip,
    isRefill: isRefill(request),
  }
}

function replyOf(response: Response): Reply {
  return {
    status: (status) => response.status(status),
    header: (name, value) => response.setHeader(name, value),
    append: (name, value) => response.append(name, value),
    remove: (name) => response.removeHeader(name),
    cookie: (name, value) => response.cookie(name, value),
  }
}

async function send(response: Response, body: Body): Promise<void> {
  if (typeof body === 'string' || Buffer.isBuffer(body)) response.send(body)
  else if ('json' in body) response.json(body.json)
  else if ('empty' in body) response.end()
  else if ('redirect' in body) response.redirect(body.redirect)
  // What breaks a stream has destroyed the response too: nobody is left to be told.
  else await pipeline(Readable.from(body.stream), response).catch(() => {})
}
