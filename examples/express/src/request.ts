// A plain HTTP client for the walk and the tests: it sends the headers that it is told to, and no others
// (`fetch` would add `Cache-Control: no-cache` to conditional requests).
import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as httpRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface RequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly ms: number
}

export async function request(
  url: string,
  { method = 'GET', headers = {}, body }: RequestOptions = {},
): Promise<Reply> {
  const startedAt = performance.now()
  const outgoing = httpRequest(url, { method, headers, agent: false }).end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const content = await buffer(response)
  const ms = performance.now() - startedAt
  return { status: response.statusCode ?? 0, headers: response.headers, body: content, ms }
}
