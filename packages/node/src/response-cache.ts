import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Cache, RegisteredProfile } from '@restale/core'
import type { CacheHandle, Capture, OutgoingResponse, ResponseCacheOptions } from '@restale/core/http'
import { Mount } from '@restale/core/http'
import { ResponseCapture } from './capture.ts'
import { isLoggedIn } from './logged-in.ts'
import type { Recorder, ResponseFacts } from './recorder.ts'
import { sendResponse } from './send.ts'
import type { Exchange } from './serve.ts'
import { serve } from './serve.ts'

/** A request below `responseCache`. */
export type CachedRequest = IncomingMessage & {
  /** The cache as this request sees it. */
  cache: CacheHandle<RegisteredProfile>
}

/** What answers a request: a listener of `createServer`, or an application of a framework. */
export type Listener = (request: CachedRequest, response: ServerResponse) => unknown

/** A request of any server, for what has no need to know of which. */
export type AnyRequest = IncomingMessage | Http2ServerRequest
export type AnyResponse = ServerResponse | Http2ServerResponse

/**
 * Caches the responses of a whole listener: `createServer(responseCache(cache, listener))`. Hits are answered
 * before the listener sees the request, so nothing of it runs then, authentication neither. Gives what the
 * listener gives, so that who stands around it hears of its failure.
 *
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION` and what a wrong `life` or `tags` throws, at once
 */
export function responseCache<P extends string = never>(
  cache: Cache<P>,
  listener: Listener,
  options: ResponseCacheOptions<IncomingMessage, NoInfer<P> | RegisteredProfile> = {},
): (request: AnyRequest, response: AnyResponse) => unknown {
  const mount = new Mount<IncomingMessage>(cache, options, 'front')
  const front = (request: AnyRequest, response: AnyResponse): unknown =>
    serve(mount, new FrontExchange(request as CachedRequest, response as ServerResponse, listener, front))
  return front
}

/** All that a client's request meets: what stands around us, too. */
function serverOf({ socket }: IncomingMessage): RequestListener | undefined {
  const { server } = socket as { server?: Server }
  return server && ((request, response) => server.emit('request', request, response))
}

class FrontExchange implements Exchange<IncomingMessage>, ResponseFacts {
  readonly request: CachedRequest
  readonly response: ServerResponse
  /** As it came: what is mounted below changes that of the request. */
  readonly target: string
  readonly isRoute = false
  readonly mountPath = ''
  readonly #listener: Listener
  readonly #front: Listener

  constructor(request: CachedRequest, response: ServerResponse, listener: Listener, front: Listener) {
    this.request = request
    this.response = response
    this.target = request.url as string
    this.#listener = listener
    this.#front = front
  }

  get native(): IncomingMessage {
    return this.request
  }

  get scheme(): string {
    const { encrypted } = this.request.socket as { encrypted?: boolean }
    return encrypted ? 'https' : 'http'
  }

  /** HTTP/2 says it in a field of its own. */
  get authority(): string {
    const { headers } = this.request
    return String(headers[':authority'] ?? headers.host ?? '')
  }

  get listener(): RequestListener {
    return serverOf(this.request) ?? (this.#front as RequestListener)
  }

  isAuthenticated(): boolean {
    return isLoggedIn(this.request)
  }

  route(): undefined {}

  setHandle(handle: CacheHandle<string>): void {
    this.request.cache = handle
  }

  setTarget(target: string): void {
    this.request.url = target
  }

  send(outgoing: OutgoingResponse): void {
    sendResponse(this.response, outgoing)
  }

  record(capture: Capture): Recorder {
    return new ResponseCapture(this.request, this.response, capture, this)
  }

  next(): unknown {
    return this.#listener(this.request, this.response)
  }
}
