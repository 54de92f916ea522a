import type { Cache } from '@restale/core'
import type { EndpointOptions } from '@restale/core/http'
import { createEndpoint, endpointCache, queryOf } from '@restale/core/http'
import { joinBytes } from './bytes.ts'
import { headerLines, headersOf } from './header-lines.ts'

/** Answers a request to the endpoint; `path` is what of the path lies below it. */
export type EndpointAnswer = (request: Request, path: string, parsedBody?: Uint8Array) => Promise<Response>

/** The revalidate endpoint over requests and responses of the standard. @throws CacheError as `createEndpoint` does */
export function endpointAnswer(cache: Cache, options: EndpointOptions): EndpointAnswer {
  const answer = createEndpoint(endpointCache(cache), options)
  return async (request, path, parsedBody) => {
    const { status, headers, body } = await answer({
      method: request.method,
      path,
      query: queryOf(request.url.split('#', 1)[0] as string),
      headers: headerLines(request.headers),
      readBody: (limit) => readBody(request.body as ReadableStream<Uint8Array> | null, limit),
      ...(parsedBody === undefined ? {} : { parsedBody }),
    })
    return new Response(body === '' ? null : body, { status, headers: headersOf(headers) })
  }
}

async function readBody(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array | 'too-large'> {
  if (body === null) return new Uint8Array()
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.byteLength
    if (length > limit) {
      reader.cancel().catch(() => {})
      return 'too-large'
    }
    chunks.push(part.value)
  }
  return joinBytes(chunks, length)
}
