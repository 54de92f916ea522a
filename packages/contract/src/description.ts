import type { Buffer } from 'node:buffer'
import type { Cache } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'

/** An application in words of no framework. An adapter's harness builds it in its own framework's words. */
export interface App {
  readonly cache: Cache
  /** Believe `X-Forwarded-*`, in the framework's own way. */
  readonly trustsProxy: boolean
  /** In the order in which they would be written. */
  readonly parts: readonly Part[]
}

export type Part = Layer | Mounted | Route | Group | Endpoint

/** Something that every request meets before what stands below it: a middleware, a hook. */
export interface Layer {
  readonly kind: 'layer'
  /** Ends the request with what it gives, or lets it go on by giving nothing. */
  readonly run: (exchange: Exchange) => Body | undefined | Promise<Body | undefined>
}

/** `responseCache(cache, options)` for all that stands below it. */
export interface Mounted {
  readonly kind: 'cache'
  readonly options: CacheOptions
}

export interface Route {
  readonly kind: 'route'
  readonly method: 'GET' | 'POST'
  /** Segments; `:name` is a parameter. */
  readonly path: string
  /** `responseCache(cache, options)` for this route alone, behind `layers`. */
  readonly cache?: CacheOptions | undefined
  /** What this route's requests meet before its cache. */
  readonly layers?: readonly Layer['run'][] | undefined
  readonly handle: Handler
}

/** Parts under a prefix: a router, a sub-application, an encapsulated plugin. */
export interface Group {
  readonly kind: 'group'
  /** Segments without parameters. */
  readonly prefix: string
  readonly parts: readonly Part[]
}

/** `revalidateEndpoint(cache, options)`, mounted at `path`. */
export interface Endpoint {
  readonly kind: 'endpoint'
  readonly path: string
  readonly options: EndpointOptions
}

/** What users give to `responseCache`, with functions over the neutral request: see `nativeOptions`. */
export type CacheOptions = ResponseCacheOptions<NeutralRequest, string>

export type Handler = (exchange: Exchange) => Body | Promise<Body>

/** One request in progress. */
export interface Exchange {
  readonly request: NeutralRequest
  readonly reply: Reply
  /** The handle where the framework's users look for it; undefined above every `responseCache`. */
  readonly cache: CacheHandle<string> | undefined
  /** Makes the request somebody's, by the framework's own notion, as an authentication layer would. */
  login(name: string): void
}

/** What a handler asks its framework for, in the framework's own way. */
export interface NeutralRequest {
  readonly method: string
  /** Path and query as the handler sees them; below a group with or without its prefix. */
  readonly url: string
  readonly params: Readonly<Record<string, string | undefined>>
  readonly query: Readonly<Record<string, unknown>>
  header(lowerName: string): string | undefined
  /** Name and port. */
  readonly host: string
  /** `http` or `https`. */
  readonly protocol: string
  /** The address of the client. */
  readonly peer: string | undefined
  /** The adapter's `isRefill`. */
  readonly isRefill: boolean
}

/** What a handler does to its response beside giving a body. */
export interface Reply {
  status(status: number): void
  /** Replaces all lines of the name. */
  header(name: string, value: string): void
  /** Adds a line. */
  append(name: string, value: string): void
  remove(name: string): void
  /** Sets a cookie in the framework's own way, if it has one. */
  cookie(name: string, value: string): void
}

/** Text, bytes, or what the framework has a way of its own for. */
export type Body =
  | string
  | Buffer
  | { readonly json: unknown }
  | { readonly empty: true }
  /** To be sent with the status that was set, else 302. */
  | { readonly redirect: string }
  /** To be sent as it comes. If it throws, the response is cut. */
  | { readonly stream: AsyncIterable<Buffer> }

/** Builds `app` and listens on the loopback interface. */
export type Serve = (app: App) => Promise<Served>

export interface Served {
  readonly port: number
  /** Ends every connection, and resolves when nothing listens any more. */
  close(): Promise<void>
}

/** Options as the framework's `responseCache` takes them: functions get what `neutral` makes of its request. */
export function nativeOptions<Native>(
  options: CacheOptions,
  neutral: (native: Native) => NeutralRequest,
): ResponseCacheOptions<Native> {
  const { tags, skip, ...plain } = options
  return {
    ...(plain as ResponseCacheOptions<Native>),
    ...(tags === undefined
      ? {}
      : { tags: typeof tags === 'function' ? (native) => tags(neutral(native)) : tags }),
    ...(skip === undefined ? {} : { skip: (native) => skip(neutral(native)) }),
  }
}
