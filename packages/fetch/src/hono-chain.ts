import type { Context, MiddlewareHandler } from 'hono'

/**
 * Runs handlers one inside the other, as an application of Hono without an `onError` of its own does: what one of
 * them throws is a page for those around it.
 */
export async function runChain(c: Context, handlers: readonly MiddlewareHandler[]): Promise<void> {
  let reached = -1

  async function runFrom(index: number): Promise<void> {
    if (index <= reached) throw new Error('next() called multiple times')
    reached = index
    const handler = handlers[index]
    if (handler !== undefined) c.req.routeIndex = index
    try {
      const response = await (handler === undefined ? unanswered(c) : handler(c, () => runFrom(index + 1)))
      if (response && !c.finalized) c.res = response
    } catch (error) {
      if (!(error instanceof Error)) throw error
      c.error = error
      c.res = errorPage(c, error)
    }
  }

  await runFrom(0)
}

function unanswered(c: Context): Response | undefined | Promise<Response> {
  return c.finalized ? undefined : c.notFound()
}

/** An `HTTPException` brings its page. */
function errorPage(c: Context, error: Error): Response {
  if ('getResponse' in error) {
    const page = (error as { getResponse(): Response }).getResponse()
    return c.newResponse(page.body, page as ResponseInit as never)
  }
  console.error(error)
  return c.text('Internal Server Error', 500)
}
