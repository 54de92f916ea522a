import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import Router from '@koa/router'
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
import type { Context, Middleware } from 'koa'
import compress from 'koa-compress'
import mount from 'koa-mount'
import { isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'

type Koa = typeof import('koa')

/** Koa 2 takes no web streams. */
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
]

export const cannot = {
  'latin1-header':
    'Koa gives a text body to Node as a string, and Node sends the head before it in UTF-8 too',
}

/** The described application in the words of this major of Koa. */
export function serveWith(Koa: Koa): Serve {
  return (app) => serve(Koa, app)
}

async function serve(Koa: Koa, { cache, trustsProxy, parts, tls, isUnlistened }: App): Promise<Served> {
  const app = new Koa({ proxy: trustsProxy })
  // Koa prints errors of handlers, and these are meant to be thrown. What breaks after its head is cut.
  app.on('error', (_error, ctx?: Context) => {
    if (ctx?.headerSent) ctx.res.destroy()
  })
  for (const middleware of middlewares(parts, cache)) app.use(middleware)
  const listener = app.callback() as RequestListener
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

function middlewares(parts: readonly Part[], cache: Cache): Middleware[] {
  return parts.map((part) => middlewareOf(part, cache))
}

function middlewareOf(part: Part, cache: Cache): Middleware {
  switch (part.kind) {
    case 'layer':
      return part.isCompression ? compress({ threshold: 0 }) : middleware(part.run)
    case 'cache':
      return cacheOf(cache, part.options)
    case 'endpoint':
      return part.path === '/'
        ? revalidateEndpoint(cache, part.options)
        : mount(part.path, revalidateEndpoint(cache, part.options))
    case 'group':
      return mount(part.prefix, compose(middlewares(part.parts, cache)))
    case 'route': {
      const router = new Router()
      const before = (part.layers ?? []).map(middleware)
      if (part.cache !== undefined) before.push(cacheOf(cache, part.cache))
      router.register(part.path, [part.method], [...before, middleware(part.handle)] as never)
      return router.routes() as unknown as Middleware
    }
  }
}

function compose(all: readonly Middleware[]): Middleware {
  return (ctx, next) =>
    all.reduceRight<() => Promise<unknown>>((inner, each) => async () => each(ctx, inner), next)()
}

function cacheOf(cache: Cache, options: CacheOptions): Middleware {
  return responseCache(cache, nativeOptions<Context>(options, neutralRequest))
}

function middleware(run: Layer['run']): Middleware {
  return async (ctx, next) => {
    const body = await run(exchange(ctx as Context))
    if (body === undefined) await next()
    else send(ctx as Context, body)
  }
}

function exchange(ctx: Context): Exchange {
  return {
    request: neutralRequest(ctx),
    reply: replyOf(ctx),
    cache: ctx.cache,
    login(name) {
      ctx.state.user = { name }
    },
    loginWays: {
      'state.user': (name) => Object.assign(ctx.state, { user: { name } }),
      'req.user': (name) => Object.assign(ctx.req, { user: { name } }),
      'req.auth': (name) => Object.assign(ctx.req, { auth: { user: name } }),
    },
  }
}

function neutralRequest(ctx: Context): NeutralRequest {
  const { method, url, params, query, host, protocol } = ctx
  return {
    method,
    url,
    params: params ?? {},
    query,
    header: (name) => ctx.get(name) || undefined,
    host,
    protocol,
    isEncrypted: 'encrypted' in ctx.socket && Boolean(ctx.socket.encrypted),
    peer: ctx.ip,
    isRefill: isRefill(ctx.req),
  }
}

function replyOf(ctx: Context): Reply {
  return {
    status: (status) => {
      ctx.status = status
    },
    header: (name, value) => ctx.set(name, value),
    append: (name, value) => ctx.append(name, value),
    remove: (name) => ctx.remove(name),
    cookie: (name, value) => ctx.cookies.set(name, value),
    hint: (link) => ctx.res.writeEarlyHints({ link }),
    trailer(name, value) {
      ctx.set('Trailer', name)
      ctx.res.addTrailers({ [name]: value })
    },
    cookieWays: {
      cookies: (name, value) => ctx.cookies.set(name, value),
      set: (name, value) => ctx.set('Set-Cookie', `${name}=${value}`),
      append: (name, value) => ctx.append('set-cookie', `${name}=${value}`),
      setHeader: (name, value) => ctx.res.setHeader('SET-COOKIE', [`${name}=${value}`]),
      appendHeader: (name, value) => ctx.res.appendHeader('Set-Cookie', `${name}=${value}`),
    },
  }
}

function send(ctx: Context, body: Body): void {
  if (typeof body === 'string' || Buffer.isBuffer(body)) ctx.body = body
  else if ('json' in body) ctx.body = body.json
  else if ('empty' in body) {
    const isStatusSet = ctx.status !== 404
    const { status } = ctx
    ctx.body = null
    ctx.status = isStatusSet ? status : 200
  } else if ('redirect' in body) {
    ctx.redirect(body.redirect)
  } else if (body.file !== undefined) {
    ctx.body = createReadStream(body.file)
  } else ctx.body = body.web ?? Readable.from(body.stream)
}
