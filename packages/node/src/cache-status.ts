import type { ServerResponse } from 'node:http'
import { appendCacheStatus } from '@restale/core/http'

const name = 'Cache-Status'

/** What other caches had said before the first of our mounts spoke: a response has one member of ours. */
const others = new WeakMap<ServerResponse, string | undefined>()

/** `ours`: undefined where we have nothing to say. */
export function setCacheStatus(response: ServerResponse, ours: string | undefined): void {
  if (ours === undefined) return
  if (!others.has(response)) others.set(response, response.getHeader(name)?.toString())
  response.setHeader(name, appendCacheStatus(others.get(response), ours))
}
