import { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { Request } from '@hapi/hapi'
import type { Refill } from '@restale/core/http'
import { connectionOf } from '@restale/node'

/** By the mark that a refill carries in its `plugins`. */
const refills = new WeakMap<object, Refill>()
/** What a refill's connection tells of itself, by the same mark. */
const connections = new WeakMap<object, object>()

/** Is this request run again by the cache, with nobody waiting? For access logs, rate limiters and the like. */
export function isRefill(request: Request): boolean {
  return refillOf(request) !== undefined
}

/** The fill that a request is run again for. */
export function refillOf({ plugins }: Request): Refill | undefined {
  return plugins.restale === undefined ? undefined : refills.get(plugins.restale)
}

/** Runs a request again through the whole server. Resolves when it is over. */
export async function redispatch(trigger: Request, refill: Refill): Promise<void> {
  const { server, route, raw } = trigger
  const mark = {}
  refills.set(mark, refill)
  connections.set(mark, connectionOf(raw.req.socket))
  const options = {
    method: refill.method,
    url: refill.target,
    authority: refill.authority,
    headers: headersOf(trigger, refill),
    remoteAddress: raw.req.socket.remoteAddress as string,
    allowInternals: route.settings.isInternal === true,
    plugins: { restale: mark },
    validate: false,
  }
  // Node sends what has been written when this tick is over: the stale response first, then the work behind it.
  await setImmediate()
  await server.inject(options)
}

/** Before anything runs of a refill: what `inject` makes up goes, and what it does not know is put there. */
export function completeRefill(request: Request, refill: Refill): void {
  const { req, res } = request.raw
  const { restale: mark } = request.plugins
  req.rawHeaders = [...refill.headers]
  const names = new Set(
    refill.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()),
  )
  for (const name of Object.keys(req.headers)) if (!names.has(name)) delete req.headers[name]
  Object.assign(req.socket, connections.get(mark as object))
  // `inject` keeps all that is written for the one who asked, and nobody has.
  res.write = (...args: unknown[]) => {
    Reflect.apply(ServerResponse.prototype.write, res, args)
    return true
  }
}

/** As Node has joined them. */
function headersOf({ headers }: Request, refill: Refill): Record<string, string> {
  const names = refill.headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return Object.fromEntries(names.map((name) => [name, (headers as Record<string, string>)[name] as string]))
}
