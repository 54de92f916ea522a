import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Cache, RegisteredProfile } from '@restale/core'
import type { CacheHandle, ResponseCacheOptions } from '@restale/core/http'
import { Mount } from '@restale/core/http'
import { ResponseCapture } from './capture.ts'
import { isLoggedIn } from './logged-in.ts'
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
    serve(mount, exchange(request as CachedRequest, response as ServerResponse, listener, front))
  return front
}

/** All that a client's request meets: what stands around us, too. */
function serverOf({ socket }: IncomingMessage): RequestListener | undefined {
  const { server } = socket as { server?: Server }
  return server && ((request, response) => server.emit('request', request, response))
}

/** HTTP/2 says it in a field of its own. */
function authorityOf({ headers }: IncomingMessage): string {
  return String(headers[':authority'] ?? headers.host ?? '')
}

function exchange(
  request: CachedRequest,
  response: ServerResponse,
  listener: Listener,
  front: Listener,
): Exchange<IncomingMessage> {
  const { encrypted } = request.socket as { encrypted?: boolean }
  const facts = { isAuthenticated: () => isLoggedIn(request), route: () => undefined }
  return {
    request,
    native: request,
    response,
    scheme: encrypted ? 'https' : 'http',
    authority: authorityOf(request),
    target: request.url as string,
    isRoute: false,
    mountPath: '',
    listener: serverOf(request) ?? (front as RequestListener),
    isAuthenticated: facts.isAuthenticated,
    setHandle: (handle) => {
      request.cache = handle
    },
    setTarget: (target) => {
      request.url = target
    },
    send: (outgoing) => sendResponse(response, outgoing),
    record: (capture) => new ResponseCapture(request, response, capture, facts),
    next: () => listener(request, response),
  }
}
