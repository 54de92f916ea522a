import type { Request } from '@hapi/hapi'

/** In mode `try`, credentials that have failed are there for the handler, too: it may show whose they are. */
export function isAuthenticated({ auth }: Request): boolean {
  const credentials: unknown = auth.credentials
  return auth.isAuthenticated || (credentials !== null && credentials !== undefined)
}
