import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { App, RawRequest, RawResponse, Served } from '@restale/contract'

type Fetch = (request: Request, environment: never) => Response | Promise<Response>

/** Hono's server for Node in front of a handler; or nothing, and requests come as a test of the app brings them. */
export async function listen(fetch: Fetch, { tls, isUnlistened }: App): Promise<Served> {
  if (isUnlistened) return { port: 0, inject: (request) => ask(fetch, request), close: async () => {} }
  const listener = getRequestListener(fetch as (request: Request) => Response)
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function ask(
  fetch: Fetch,
  { method = 'GET', path, headers = [], body }: RawRequest,
): Promise<RawResponse> {
  const request = new Request(`http://contract.test${path}`, {
    method,
    headers: new Headers([...headers].map(([name, value]) => [name, value])),
    ...(body === undefined ? {} : { body }),
  })
  const response = await fetch(request, {} as never)
  return {
    status: response.status,
    lines: [...response.headers],
    body: Buffer.from(await response.arrayBuffer()),
    isComplete: true,
  }
}
