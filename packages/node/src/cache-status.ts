import type { ServerResponse } from 'node:http'
import { appendCacheStatus } from '@restale/core/http'

const name = 'Cache-Status'

/** What other caches had said before the first of our mounts spoke: a response has one member of ours. */
const others = Symbol('restale.otherCaches')

interface Told {
  [others]?: string
}

/** `ours`: undefined where we have nothing to say. */
export function setCacheStatus(response: ServerResponse & Told, ours: string | undefined): void {
  if (ours === undefined) return
  response[others] ??= response.getHeader(name)?.toString() ?? ''
  response.setHeader(name, appendCacheStatus(response[others], ours))
}
