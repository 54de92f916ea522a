import { parse } from 'node:querystring'
import type { Request } from '@hapi/hapi'
import { queryOf } from '@restale/core/http'

/**
 * Takes query parameters that are not in the key from what the handler sees. They go one by one, for validation
 * may have changed the others; the raw URL stays as it was sent.
 */
export function narrowQuery(request: Request, target: string): void {
  const sent = parsedQuery(request, request.raw.req.url as string)
  const kept = parsedQuery(request, target)
  const gone = Object.keys(sent).filter((name) => !(name in kept))
  for (const query of [request.query, request.orig.query as Record<string, unknown> | undefined]) {
    for (const name of gone) delete query?.[name]
  }
  request.url.search = queryOf(target)
}

/** As hapi reads it. */
function parsedQuery({ server }: Request, target: string): Record<string, unknown> {
  const query = { ...parse(queryOf(target)) } as Record<string, string>
  return server.settings.query?.parser?.(query) ?? query
}
