import { pathOf, queryOf } from '@restale/core/http'
import type { FastifyRequest } from 'fastify'

/**
 * Takes query parameters that are not in the key from what the handler sees. They go one by one, for validation may
 * have changed the others; `originalUrl` stays as it was sent.
 */
export function setTarget(request: FastifyRequest, target: string): void {
  const raw = request.raw as typeof request.raw & { originalUrl?: string }
  const { originalUrl } = request
  const query = request.query as Record<string, unknown> | undefined
  const kept = namesOf(target)
  for (const name of namesOf(originalUrl)) if (!kept.has(name)) delete query?.[name]
  raw.originalUrl = originalUrl
  raw.url = pathOf(raw.url as string) + target.slice(pathOf(target).length)
}

/** Parsers of nested queries make `a` of `a[b]`. */
function namesOf(target: string): Set<string> {
  const names = new URLSearchParams(`?${queryOf(target)}`).keys()
  return new Set([...names].flatMap((name) => [name, nameOf(name)]))
}

function nameOf(name: string): string {
  return name.split('[', 1)[0] as string
}
