import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '@restale/core'
import type { EndpointOptions } from '@restale/core/http'
import { createEndpoint, endpointCache, linesOf, setLines } from '@restale/core/http'
import { standingHeaders } from './header-lines.ts'

/** Where a request stands that is for the endpoint. */
export interface EndpointPlace {
  /** What of the path lies below the mount of the endpoint. */
  readonly path: string
  readonly query: string
  /** What a parser above has made of the body, where the framework keeps that. */
  readonly parsedBody?: unknown
}

/** Answers a request to the endpoint. */
export type EndpointHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  place: EndpointPlace,
) => Promise<void>

/** The revalidate endpoint over Node's own request and response. @throws CacheError as `createEndpoint` does */
export function endpointHandler(cache: Cache, options: EndpointOptions): EndpointHandler {
  const answer = endpointAnswer(cache, options)
  return async (request, response, place) => {
    const { status, headers, body } = await answer(request, place)
    response.statusCode = status
    setLines(standingHeaders(response), headers)
    response.end(body)
  }
}

/** What the endpoint answers, for frameworks that send it in their own way. @throws CacheError as `createEndpoint` does */
export function endpointAnswer(
  cache: Cache,
  options: EndpointOptions,
): (request: IncomingMessage, place: EndpointPlace) => ReturnType<Endpoint> {
  const answer = createEndpoint(endpointCache(cache), options)
  return (request, { path, query, parsedBody }) =>
    answer({
      method: request.method as string,
      path,
      query,
      // Requests that hapi injects have none.
      headers: request.rawHeaders ?? linesOf(request.headers),
      readBody: (limit) => readBody(request, limit),
      ...(isRead(request, parsedBody) ? { parsedBody } : {}),
    })
}

type Endpoint = ReturnType<typeof createEndpoint>

/** A parser above has read the stream, so that nothing of it is left; Express 4 puts `{}` where none has. */
function isRead({ readableDidRead, readableEnded }: IncomingMessage, parsedBody: unknown): boolean {
  if (readableDidRead || readableEnded) return true
  if (typeof parsedBody !== 'object' || parsedBody === null) return parsedBody !== undefined
  return Object.keys(parsedBody).length > 0
}

async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | 'too-large'> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Left early, the request stays whole: a framework takes one that is destroyed for one whose client has gone.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.byteLength
    if (length > limit) return 'too-large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
