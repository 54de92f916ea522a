import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cache } from '@restale/core'
import type { EndpointOptions } from '@restale/core/http'
import { createEndpoint, endpointCache } from '@restale/core/http'

/** Answers a request to the endpoint; `path` is what of the path lies below its mount. */
export type EndpointHandler = (
  request: IncomingMessage & { readonly body?: unknown },
  response: ServerResponse,
  path: string,
  query: string,
) => Promise<void>

/** The revalidate endpoint over Node's own request and response. @throws CacheError as `createEndpoint` does */
export function endpointHandler(cache: Cache, options: EndpointOptions): EndpointHandler {
  const answer = createEndpoint(endpointCache(cache), options)
  return async (request, response, path, query) => {
    const { status, headers, body } = await answer({
      method: request.method as string,
      path,
      query,
      headers: request.rawHeaders,
      readBody: (limit) => readBody(request, limit),
      // A parser above has read the stream, so that nothing of it is left.
      ...(request.readableEnded || request.body !== undefined ? { parsedBody: request.body } : {}),
    })
    response.statusCode = status
    for (let index = 0; index + 1 < headers.length; index += 2) {
      response.setHeader(headers[index] as string, headers[index + 1] as string)
    }
    response.end(body)
  }
}

async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array | 'too-large'> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.byteLength
    if (length > limit) return 'too-large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
