import type { IncomingRequest } from '@restale/core/http'
import type { Exchange } from './exchange.ts'
import { headerLines } from './header-lines.ts'
import type { Journey } from './journey.ts'
import { nodeMessageOf } from './node-message.ts'

/** What the mount decides on. All of it comes from the request that the handler sees, so that nothing else can differ. */
export function incomingRequest(exchange: Exchange): IncomingRequest<Journey> {
  const { journey, request, company } = exchange
  const { scheme, authority, target } = partsOf(journey.request.url)
  const headers: Record<string, string> = Object.create(null)
  const rawHeaders = headerLines(request.headers)
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers[rawHeaders[index] as string] = rawHeaders[index + 1] as string
  }
  return {
    method: request.method,
    scheme,
    authority,
    target: absoluteTarget(company) ?? target,
    headers,
    rawHeaders,
    native: journey,
    isAuthenticated: exchange.isAuthenticated(),
    isRoute: exchange.isRoute,
    refill: journey.refill,
    outer: journey.recording?.capture,
    within: journey.within,
  }
}

function partsOf(url: string): { scheme: string; authority: string; target: string } {
  const schemeEnd = url.indexOf('://')
  const pathStart = url.indexOf('/', schemeEnd + 3)
  const fragment = url.indexOf('#', pathStart)
  return {
    scheme: url.slice(0, schemeEnd),
    authority: url.slice(schemeEnd + 3, pathStart),
    target: url.slice(pathStart, fragment < 0 ? undefined : fragment),
  }
}

/** On Node, of a request that is meant for a proxy: it names its host twice, and goes past the cache. */
function absoluteTarget(company: readonly unknown[]): string | undefined {
  const url = nodeMessageOf(company)?.url
  return typeof url === 'string' && !url.startsWith('/') ? url : undefined
}
