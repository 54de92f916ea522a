import type { IncomingMessage } from 'node:http'

/** Where passport, express-jwt, express-basic-auth and their like put who has logged in. */
export function isLoggedIn(request: IncomingMessage & { user?: unknown; auth?: unknown }): boolean {
  return Boolean(request.user || request.auth)
}
