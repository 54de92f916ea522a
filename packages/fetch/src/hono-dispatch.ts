import type { Context } from 'hono'
import { apartFromClient } from './apart-from-client.ts'
import { runChain } from './hono-chain.ts'
import type { Dispatch } from './journey.ts'

/** Handlers, each with its route and where its parameters are. */
type MatchResult = readonly [
  readonly (readonly [readonly [handler: never, route: unknown], unknown])[],
  ...unknown[],
]

/** As every Hono 4 makes a context. */
type ContextClass = new (
  request: Request,
  options: {
    readonly path: string
    readonly matchResult: MatchResult
    readonly env: unknown
    readonly executionCtx: unknown
    readonly notFoundHandler: () => Response
  },
) => Context

/**
 * Runs a request through all that this one has met, from the outermost middleware on. A middleware does not know
 * its application, but the request knows what it has matched. The application brings its own copy of Hono, and what
 * one copy makes is nothing to another, so the context is made by the class of this one.
 */
export function dispatchThrough(c: Context): Dispatch {
  return async (request) => {
    const matchResult = matchResultOf(c)
    const again = new (c.constructor as ContextClass)(request, {
      path: c.req.path,
      matchResult,
      env: apartFromClient(c.env),
      executionCtx: executionContextOf(c),
      notFoundHandler: notFound,
    })
    await runChain(
      again,
      matchResult[0].map(([[handler]]) => handler),
    )
    if (!again.finalized) throw new Error('No handler gave a response, or waited for the next one')
    return again.res
  }
}

/** Under a symbol, the only one that the class has: the helpers of `hono/route` read it there. */
function matchResultOf({ req }: Context): MatchResult {
  for (const key of Object.getOwnPropertySymbols(Object.getPrototypeOf(req))) {
    const found = (req as unknown as Record<symbol, unknown>)[key]
    if (Array.isArray(found) && Array.isArray(found[0])) return found as unknown as MatchResult
  }
  throw new Error('This Hono does not tell which routes have matched a request')
}

/** The page that the application would have shown is not known here, so this one is not to be stored for it. */
function notFound(): Response {
  return new Response(null, { status: 404, headers: { 'Cache-Control': 'no-store' } })
}

/** Asking for it where there is none throws. */
export function executionContextOf(c: Context): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
