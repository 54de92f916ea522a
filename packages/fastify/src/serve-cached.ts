import { CacheError } from '@restale/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** The cache of a route looks at a request: answers it, or calls `next` and gives what that gives. */
export type Look = (request: FastifyRequest, reply: FastifyReply, next: () => unknown) => unknown

/** When the cache looks at a request: as its handler says, once, or in a hook, which was before the handler. */
type Stance = Look | 'in a hook' | null

const key = Symbol('restale.stance')

export function decorateStance(app: FastifyInstance): void {
  if (!app.hasRequestDecorator(key)) app.decorateRequest(key, null)
}

export function takeStance(request: FastifyRequest, stance: Stance): void {
  stances(request)[key] = stance
}

/**
 * The cache where a handler wants it: behind guards that run in the handler, of which Fastify knows nothing.
 * `responseCache` has to be registered with `hook: 'manual'`. A hit is sent by `reply.send`, and `next` is not called.
 * Otherwise `next` makes the response as an async handler does: it gives the payload, or `reply` if it sends by itself.
 * What goes out in the end is stored.
 *
 * Resolves with what `next` gives, or, after a hit, with undefined once the response is out or its client has left:
 * `return serveCached(…)`. Where no cache stands, and from the second time on for one request, it just calls `next`.
 *
 * Rejects with what `next` throws, and with CacheError `ERR_RESTALE_INVALID_OPTION` where the cache looks in a hook:
 * its hits have skipped what stands in front of this.
 */
export async function serveCached<Result>(
  request: FastifyRequest,
  reply: FastifyReply,
  next: () => Result,
): Promise<Awaited<Result> | undefined> {
  const look = takeLook(request)
  if (look === undefined) return await next()
  // Out of sight of the cache: behind a hook, too, an error is the caller's, and what is answered to it is judged.
  const made = await look(request, reply, () => ({ result: start(next) }))
  if (made !== undefined) return (made as { result: Promise<Awaited<Result>> }).result
  // Fastify takes a handler that ends before the response is out for one that has sent nothing.
  await reply
  return undefined
}

/** What it throws at once, it rejects with. */
async function start<Result>(next: () => Result): Promise<Awaited<Result>> {
  return await next()
}

/** Whoever comes next finds none. */
function takeLook(request: FastifyRequest): Look | undefined {
  const stance = stances(request)[key] ?? undefined
  if (stance === 'in a hook') {
    const message = "responseCache: serveCached needs hook: 'manual'."
    throw new CacheError('ERR_RESTALE_INVALID_OPTION', message)
  }
  if (stance !== undefined) takeStance(request, null)
  return stance
}

/** The types know no property under a symbol of ours. */
function stances(request: FastifyRequest): { [key]?: Stance } {
  return request as { [key]?: Stance }
}
