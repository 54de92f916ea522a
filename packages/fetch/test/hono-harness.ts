import { getConnInfo } from '@hono/node-server/conninfo'
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
  Served,
} from '@restale/contract'
import { nativeOptions } from '@restale/contract'
import type { Cache } from '@restale/core'
import type { Context, MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { setCookie } from 'hono/cookie'
import { isRefill, responseCache, revalidateEndpoint } from '../src/hono.ts'
import { listen } from './listen.ts'
import { believingProxy } from './proxy.ts'

export const honoOffers: readonly Offer[] = [
  'compression',
  'cookie-ways',
  'inject',
  'login-ways',
  'server',
  'tls',
  'web-streams',
]

/** The described application in the words of Hono, on its server for Node. */
export async function serveHono(described: App): Promise<Served> {
  const { cache, trustsProxy, parts } = described
  const app = new Hono()
  // Hono prints errors of handlers, and these are meant to be thrown.
  app.onError((_, c) => c.text('failed', 500))
  addParts(app, parts, cache)
  return listen(trustsProxy ? believingProxy(app.fetch) : app.fetch, described)
}

function addParts(app: Hono, parts: readonly Part[], cache: Cache): void {
  for (const part of parts) addPart(app, part, cache)
}

function addPart(app: Hono, part: Part, cache: Cache): void {
  switch (part.kind) {
    case 'layer':
      app.use(part.isCompression ? compress({ threshold: 0 }) : middleware(part.run))
      break
    case 'cache':
      app.use(cacheOf(cache, part.options))
      break
    case 'endpoint':
      app.use(`${part.path.replace(/\/$/, '')}/*`, revalidateEndpoint(cache, part.options))
      break
    case 'group': {
      const inner = new Hono()
      addParts(inner, part.parts, cache)
      app.route(part.prefix, inner)
      break
    }
    case 'route': {
      const before = (part.layers ?? []).map(middleware)
      if (part.cache !== undefined) before.push(cacheOf(cache, part.cache))
      app.on(part.method, [part.path], ...before, middleware(part.handle))
      break
    }
  }
}

function cacheOf(cache: Cache, options: CacheOptions): MiddlewareHandler {
  return responseCache(cache, nativeOptions<Context>(options, neutralRequest))
}

function middleware(run: Layer['run']): MiddlewareHandler {
  return async (c, next) => {
    const reply = new HonoReply(c)
    const body = await run(exchange(c, reply))
    if (body === undefined) return next()
    return send(c, body, reply.code)
  }
}

function exchange(c: Context, reply: Reply): Exchange {
  return {
    request: neutralRequest(c),
    reply,
    cache: c.get('cache'),
    login: (name) => c.set('user', { name }),
    loginWays: {
      user: (name) => c.set('user', { name }),
      jwtPayload: (name) => c.set('jwtPayload', { sub: name }),
    },
  }
}

function neutralRequest(c: Context): NeutralRequest {
  const { method } = c.req
  return {
    method,
    get url() {
      return c.req.url.replace(/^\w+:\/\/[^/]*/, '')
    },
    params: c.req.param(),
    query: c.req.query(),
    header: (name) => c.req.header(name),
    host: new URL(c.req.url).host,
    protocol: new URL(c.req.url).protocol.slice(0, -1),
    get isEncrypted() {
      return c.env.incoming?.socket.encrypted === true
    },
    get peer() {
      return getConnInfo(c).remote.address
    },
    isRefill: isRefill(c),
  }
}

class HonoReply implements Reply {
  code = 200
  readonly #c: Context

  constructor(c: Context) {
    this.#c = c
  }

  status(status: number): void {
    this.code = status
  }

  header(name: string, value: string): void {
    this.#c.header(name, value)
  }

  append(name: string, value: string): void {
    this.#c.header(name, value, { append: true })
  }

  remove(name: string): void {
    this.#c.header(name)
  }

  cookie(name: string, value: string): void {
    setCookie(this.#c, name, value)
  }

  readonly cookieWays = {
    setCookie: (name: string, value: string) => setCookie(this.#c, name, value),
    header: (name: string, value: string) => this.#c.header('Set-Cookie', `${name}=${value}`),
    append: (name: string, value: string) =>
      this.#c.header('set-cookie', `${name}=${value}`, { append: true }),
    headers: (name: string, value: string) => this.#c.res.headers.append('SET-COOKIE', `${name}=${value}`),
  }
}

function send(c: Context, body: Body, code: number): Response {
  const status = code as 200
  if (typeof body === 'string') return c.body(body, status)
  if (Buffer.isBuffer(body)) return c.body(body as Uint8Array<ArrayBuffer>, status)
  if ('json' in body) return c.json(body.json as null, status)
  if ('empty' in body) return c.body(null, status)
  if ('redirect' in body) return c.redirect(body.redirect, code === 200 ? 302 : (code as 302))
  return c.body((body.web ?? ReadableStream.from(body.stream)) as ReadableStream, status)
}
