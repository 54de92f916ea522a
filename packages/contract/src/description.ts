import type { Buffer } from 'node:buffer'
import type { Server } from 'node:http'
import type { ReadableStream } from 'node:stream/web'
import type { TlsOptions } from 'node:tls'
import type { Cache } from '@restale/core'
import type { CacheHandle, EndpointOptions, ResponseCacheOptions } from '@restale/core/http'
import type { RawRequest } from './harness/connection.ts'
import type { RawResponse } from './harness/response-reader.ts'

/** An application in words of no framework. An adapter's harness builds it in its own framework's words. */
export interface App {
  readonly cache: Cache
  /** Believe `X-Forwarded-*`, in the framework's own way. */
  readonly trustsProxy: boolean
  /** In the order in which they would be written. */
  readonly parts: readonly Part[]
  /** Listen by TLS, with these. Only for who offers `tls`. */
  readonly tls?: TlsOptions | undefined
  /** Do not listen: requests come through `inject`. Only for who offers `inject`. */
  readonly isUnlistened?: true | undefined
}

/**
 * What not every framework has, and not every harness of one. Cases that need what is not offered are skipped, and
 * say so.
 */
export type Offer =
  /** `Layer.isCompression` is the framework's own. */
  | 'compression'
  /** `reply.cookieWays` */
  | 'cookie-ways'
  /** `reply.hint` */
  | 'early-hints'
  /** A body with `file` is sent by the framework's own way of sending files. */
  | 'files'
  /** `Route.isGuarded` */
  | 'guard'
  /** `App.isUnlistened` and `Served.inject` */
  | 'inject'
  /** `Exchange.loginWays` */
  | 'login-ways'
  /** `Served.server` */
  | 'server'
  /** `Served.close` lets the framework stop by itself, and with it the adapter wait for its refills. */
  | 'stop'
  /** `App.tls` */
  | 'tls'
  /** `reply.trailer` */
  | 'trailers'
  /** A body with `web` is given to the framework as that web stream. */
  | 'web-streams'

export type Part = Layer | Mounted | Route | Group | Endpoint

/** Something that every request meets before what stands below it: a middleware, a hook. */
export interface Layer {
  readonly kind: 'layer'
  /** Ends the request with what it gives, or lets it go on by giving nothing. */
  readonly run: (exchange: Exchange) => Body | undefined | Promise<Body | undefined>
  /** Is the framework's own compression instead, of bodies of any length. Only for who offers `compression`. */
  readonly isCompression?: true | undefined
}

/** `responseCache(cache, options)` for all that stands below it. */
export interface Mounted {
  readonly kind: 'cache'
  readonly options: CacheOptions
}

export interface Route {
  readonly kind: 'route'
  /** In capitals: any that Node's parser knows. */
  readonly method: string
  /** Segments; `:name` is a parameter. */
  readonly path: string
  /** `responseCache(cache, options)` for this route alone, behind `layers`. */
  readonly cache?: CacheOptions | undefined
  /** What this route's requests meet before its cache. */
  readonly layers?: readonly Layer['run'][] | undefined
  /**
   * Behind the framework's own authentication, which knows whoever brings `X-Key: right` as somebody, and answers 401
   * to everyone else. Only for who offers `guard`.
   */
  readonly isGuarded?: true | undefined
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
  /** Each way in which the framework is told who has logged in, by name. Only for who offers `login-ways`. */
  readonly loginWays?: Readonly<Record<string, (name: string) => void>> | undefined
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
  /** The connection is one by TLS. Only asked of who offers `tls`. */
  readonly isEncrypted?: boolean | undefined
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
  /** Sends a 103 with this `Link` ahead of the response. Only for who offers `early-hints`. */
  hint?(link: string): void
  /** Sends a field behind the body, which is then a stream. Only for who offers `trailers`. */
  trailer?(name: string, value: string): void
  /** Each way to set a cookie that there is, by name. Only for who offers `cookie-ways`. */
  readonly cookieWays?: Readonly<Record<string, (name: string, value: string) => void>> | undefined
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
  | {
      readonly stream: AsyncIterable<Buffer>
      /** The same bytes are in the file at this path. Only for who offers `files`. */
      readonly file?: string | undefined
      /** The same bytes, and to be taken instead. Only for who offers `web-streams`. */
      readonly web?: ReadableStream<Uint8Array> | undefined
    }

/** Builds `app` and listens on the loopback interface. */
export type Serve = (app: App) => Promise<Served>

export interface Served {
  readonly port: number
  /** A route's path in the framework's own syntax. @default as it is given */
  readonly routePath?: ((path: string) => string) | undefined
  /** Ends every connection, and resolves when nothing listens any more. */
  close(): Promise<void>
  /** What listens. Only for who offers `server`. */
  readonly server?: Server | undefined
  /** Answers a request without a connection, by the framework's own way. Only for who offers `inject`. */
  inject?(request: RawRequest): Promise<RawResponse>
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
