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
  Route,
  Served,
} from '@restale/contract'
import { nativeOptions } from '@restale/contract'
import type { Cache } from '@restale/core'
import { cacheOf, isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'
import { listen } from './listen.ts'
import { believingProxy } from './proxy.ts'

interface Environment {
  readonly incoming?: {
    readonly socket: { readonly remoteAddress: string | undefined; readonly encrypted?: boolean }
  }
}

type Params = Readonly<Record<string, string>>
/** Beside what the server gives, what a router has found in the path, as Next.js gives it. */
type Fetch = (request: Request, environment: Environment, params?: Params) => Response | Promise<Response>

export const bareOffers: readonly Offer[] = ['inject', 'server', 'tls', 'web-streams']

/** The described application as functions around functions, on Hono's server for Node. */
export async function serveBare(described: App): Promise<Served> {
  const { cache, trustsProxy, parts } = described
  const fetch = chain(parts, cache, '', notFound)
  return listen(trustsProxy ? believingProxy(fetch) : fetch, described)
}

/** Each part stands around all that comes after it. */
function chain(parts: readonly Part[], cache: Cache, prefix: string, last: Fetch): Fetch {
  return parts.reduceRight<Fetch>((next, part) => around(part, cache, prefix, next), last)
}

function around(part: Part, cache: Cache, prefix: string, next: Fetch): Fetch {
  switch (part.kind) {
    case 'layer':
      return layer(part.run, next)
    case 'cache':
      return cached(cache, part.options, next)
    case 'endpoint':
      return revalidateEndpoint(cache, { path: prefix + part.path, ...part.options }, next)
    case 'group': {
      const inner = chain(part.parts, cache, prefix + part.prefix, next)
      return (request, ...rest) =>
        pathOf(request).startsWith(`${prefix + part.prefix}/`)
          ? inner(request, ...rest)
          : next(request, ...rest)
    }
    case 'route':
      return route(part, cache, prefix, next)
  }
}

/** What the router has found, for the functions of the options, which get the request alone. */
const paramsOf = new WeakMap<Request, Params>()

function route(part: Route, cache: Cache, prefix: string, next: Fetch): Fetch {
  const { method, path, layers = [], handle } = part
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  const pattern = new RegExp(`^${prefix}${path.replace(/:\w+/g, '([^/]+)')}/?$`)
  const own = layer(handle, notFound)
  const inner = part.cache === undefined ? own : cached(cache, part.cache, own)
  const all = layers.reduceRight((rest, run) => layer(run, rest), inner)
  return (request, environment) => {
    const found = pattern.exec(pathOf(request))
    const isMine = request.method === method || (request.method === 'HEAD' && method === 'GET')
    if (found === null || !isMine) return next(request, environment)
    const values = found.slice(1).map(decodeURIComponent)
    const params = Object.fromEntries(names.map((name, index) => [name, values[index] as string]))
    paramsOf.set(request, params)
    return all(request, environment, params)
  }
}

function cached(cache: Cache, options: CacheOptions, next: Fetch): Fetch {
  return responseCache(cache, next, nativeOptions<Request>(options, neutralRequest))
}

function layer(run: Layer['run'], next: Fetch): Fetch {
  return async (request, environment, params) => {
    const reply = new ResponseInMaking()
    const body = await run({
      request: neutralRequest(request, environment, params),
      reply,
      cache: cacheOf(request) as Exchange['cache'],
      login() {},
    })
    return body === undefined ? reply.around(await next(request, environment, params)) : reply.with(body)
  }
}

function neutralRequest(
  request: Request,
  environment?: Environment,
  params: Params = paramsOf.get(request) ?? {},
): NeutralRequest {
  const url = new URL(request.url)
  return {
    method: request.method,
    url: request.url.replace(/^\w+:\/\/[^/]*/, ''),
    params,
    query: Object.fromEntries(url.searchParams),
    header: (name) => request.headers.get(name) ?? undefined,
    host: url.host,
    protocol: url.protocol.slice(0, -1),
    isEncrypted: environment?.incoming?.socket.encrypted === true,
    peer: environment?.incoming?.socket.remoteAddress,
    isRefill: isRefill(request),
  }
}

/** What a function says of its response before it has one. */
class ResponseInMaking implements Reply {
  #status: number | undefined
  readonly #headers = new Headers()

  status(status: number): void {
    this.#status = status
  }

  header(name: string, value: string): void {
    this.#headers.set(name, value)
  }

  append(name: string, value: string): void {
    this.#headers.append(name, value)
  }

  remove(name: string): void {
    this.#headers.delete(name)
  }

  cookie(name: string, value: string): void {
    this.#headers.append('Set-Cookie', `${name}=${value}`)
  }

  /** On the response of what stands further in: what that has said stays. */
  around(response: Response): Response {
    for (const [name, value] of this.#headers) {
      if (['set-cookie', 'vary', 'link'].includes(name)) response.headers.append(name, value)
      else if (!response.headers.has(name)) response.headers.set(name, value)
    }
    return response
  }

  with(body: Body): Response {
    const headers = this.#headers
    const init = { status: this.#status ?? 200, headers }
    if (typeof body === 'string') return new Response(body, init)
    if (Buffer.isBuffer(body)) return new Response(body as Uint8Array<ArrayBuffer>, init)
    if ('json' in body) return Response.json(body.json, init)
    if ('empty' in body) return new Response(null, init)
    if ('stream' in body)
      return new Response((body.web ?? ReadableStream.from(body.stream)) as ReadableStream, init)
    headers.set('Location', body.redirect)
    return new Response(null, { status: this.#status ?? 302, headers })
  }
}

function pathOf(request: Request): string {
  return new URL(request.url).pathname
}

function notFound(): Response {
  return new Response(null, { status: 404 })
}
