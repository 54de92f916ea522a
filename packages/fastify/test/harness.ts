import { createReadStream } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
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
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import createFastify from 'fastify'
import type { CachedRequest, Hook } from '../src/index.ts'
import { isRefill, responseCache, revalidateEndpoint, serveCached } from '../src/index.ts'

export const offers: readonly Offer[] = [
  'compression',
  'cookie-ways',
  'early-hints',
  'files',
  'guard',
  'inject',
  'login-ways',
  'server',
  'stop',
  'tls',
  'trailers',
  'web-streams',
]

/** How the plugin is registered. */
interface Mounting {
  readonly cache: Cache
  /** Left out where it is the default. */
  readonly hook?: Hook
}

/** The described application in the words of Fastify. */
export function serve(described: App): Promise<Served> {
  return serveBy('preHandler', described)
}

/** The same, every handler served by `serveCached`. */
export function serveManually(described: App): Promise<Served> {
  return serveBy('manual', described)
}

async function serveBy(hook: Hook, { cache, trustsProxy, parts, tls, isUnlistened }: App): Promise<Served> {
  const app = createFastify({
    trustProxy: trustsProxy,
    forceCloseConnections: true,
    ...(tls === undefined ? {} : { https: tls }),
  }) as FastifyInstance
  await app.register(cookie)
  await addParts(app, parts, hook === 'preHandler' ? { cache } : { cache, hook }, false)
  if (isUnlistened) await app.ready()
  else await app.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
  return {
    port: isUnlistened ? 0 : (app.server.address() as AddressInfo).port,
    server: app.server,
    inject: (request) => inject(app, request),
    close: () => app.close(),
  }
}

async function inject(
  app: FastifyInstance,
  { path, headers = [], method = 'GET' }: RawRequest,
): Promise<RawResponse> {
  const response = await app.inject({
    method: method as 'GET',
    url: path,
    headers: { host: 'contract.test', ...Object.fromEntries(headers) },
  })
  const lines = Object.entries(response.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((line) => [name, String(line)] as const),
  )
  return { status: response.statusCode, lines, body: response.rawPayload, isComplete: true }
}

/** Hooks are for all routes of an instance, so what stands below one is put on an instance of its own. */
async function addParts(
  app: FastifyInstance,
  parts: readonly Part[],
  mounting: Mounting,
  isCached: boolean,
): Promise<void> {
  const first = parts.findIndex(({ kind }) => kind === 'layer' || kind === 'cache')
  const isAlone = first < 0
  // A route's options count below a registered plugin.
  const needsOne = isAlone && !isCached && parts.some((part) => part.kind === 'route' && part.cache)
  if (needsOne) await app.register(responseCache, { ...mounting })
  for (const part of isAlone ? parts : parts.slice(0, first))
    await addPart(app, part, mounting, isCached || needsOne)
  if (isAlone) return
  await app.register(async (inner) => {
    const [part, ...rest] = parts.slice(first)
    if (part?.kind === 'cache')
      await inner.register(responseCache, { ...mounting, ...optionsOf(part.options) })
    else if (part?.kind === 'layer') await addLayer(inner, part)
    await addParts(inner, rest, mounting, isCached || part?.kind === 'cache')
  })
}

async function addLayer(app: FastifyInstance, { run, isCompression }: Layer): Promise<void> {
  if (isCompression) await app.register(compress, { threshold: 0 })
  else app.addHook('preHandler', layer(run))
}

async function addPart(
  app: FastifyInstance,
  part: Part,
  mounting: Mounting,
  isCached: boolean,
): Promise<void> {
  switch (part.kind) {
    case 'endpoint':
      await app.register(revalidateEndpoint, {
        cache: mounting.cache,
        ...part.options,
        ...(part.path === '/' ? {} : { prefix: part.path }),
      })
      break
    case 'group':
      await app.register((inner) => addParts(inner, part.parts, mounting, isCached), { prefix: part.prefix })
      break
    case 'route':
      addRoute(app, part, mounting)
      break
    default:
      throw new Error(`no part of a plain instance: ${part.kind}`)
  }
}

function addRoute(app: FastifyInstance, route: Route, { hook }: Mounting): void {
  const { method, path, handle, cache, layers = [], isGuarded } = route
  if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  const answer = async (request: FastifyRequest, reply: FastifyReply) =>
    send(reply, await handle(exchange(request, reply)))
  app.route({
    method,
    url: path,
    ...(isGuarded ? { preValidation: authenticate } : {}),
    preHandler: layers.map(layer),
    config: cache === undefined ? {} : { cache: optionsOf(cache) },
    handler: (request, reply) =>
      hook === 'manual' ? serveCached(request, reply, () => answer(request, reply)) : answer(request, reply),
  })
}

/** As plugins of authentication do it. */
async function authenticate(request: FastifyRequest, reply: FastifyReply) {
  if (request.headers['x-key'] !== 'right') return reply.code(401).send('who are you?')
  Object.assign(request, { user: { name: 'ada' } })
}

function optionsOf(options: CacheOptions) {
  return nativeOptions<CachedRequest>(options, neutralRequest)
}

function layer(run: Layer['run']) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const body = await run(exchange(request, reply))
    return body === undefined ? undefined : send(reply, body)
  }
}

function exchange(request: FastifyRequest, reply: FastifyReply): Exchange {
  return {
    request: neutralRequest(request),
    reply: replyOf(reply),
    cache: request.cache,
    login(name) {
      Object.assign(request, { user: { name } })
    },
    loginWays: {
      user: (name) => Object.assign(request, { user: { name } }),
      auth: (name) => Object.assign(request, { auth: { user: name } }),
      'raw.user': (name) => Object.assign(request.raw, { user: { name } }),
      'session.user': (name) => Object.assign(request, { session: { user: { name } } }),
    },
  }
}

function neutralRequest(request: FastifyRequest | CachedRequest): NeutralRequest {
  const { method, url, params, query, headers, host, protocol, ip } = request as FastifyRequest
  return {
    method,
    url,
    params: params as Record<string, string>,
    query: query as Record<string, unknown>,
    header: (name) => (headers as Record<string, string | undefined>)[name],
    host,
    protocol,
    isEncrypted: 'encrypted' in request.socket && request.socket.encrypted === true,
    peer: ip,
    isRefill: isRefill(request),
  }
}

function replyOf(reply: FastifyReply): Reply {
  // A reply is thenable: whoever gives it to somebody who awaits it waits for the response.
  return {
    status: (status) => void reply.code(status),
    header: (name, value) => void reply.header(name, value),
    append: (name, value) => {
      const standing = name.toLowerCase() === 'set-cookie' ? [] : [reply.getHeader(name) ?? []].flat()
      reply.header(name, [...standing.map(String), value])
    },
    remove: (name) => void reply.removeHeader(name),
    cookie: (name, value) => void reply.header('Set-Cookie', `${name}=${value}`),
    hint: (link) => void reply.writeEarlyHints({ link }),
    trailer: (name, value) => void reply.trailer(name, async () => value),
    cookieWays: {
      cookie: (name, value) => void reply.cookie(name, value),
      setCookie: (name, value) => void reply.setCookie(name, value, { path: '/' }),
      clearCookie: (name) => void reply.clearCookie(name),
      header: (name, value) => void reply.header('Set-Cookie', `${name}=${value}`),
      headers: (name, value) => void reply.headers({ 'SET-COOKIE': [`${name}=${value}`] }),
      'raw.setHeader': (name, value) => void reply.raw.setHeader('Set-Cookie', `${name}=${value}`),
      'raw.appendHeader': (name, value) => void reply.raw.appendHeader('set-cookie', `${name}=${value}`),
    },
  }
}

function send(reply: FastifyReply, body: Body): FastifyReply {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return reply.send(body)
  if ('json' in body) return reply.send(body.json)
  if ('empty' in body) return reply.send()
  if ('redirect' in body) return reply.redirect(body.redirect)
  if (body.file !== undefined) return reply.send(createReadStream(body.file))
  if (body.web !== undefined) return reply.send(body.web)
  return reply.send(Readable.from(body.stream, { objectMode: false }))
}
