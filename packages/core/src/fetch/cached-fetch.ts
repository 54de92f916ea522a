import type { Cache, FetchInit, FetchOptions } from '../cache/cache.ts'
import type { Engine } from '../cache/engine.ts'
import { handOn, obtain } from '../cache/obtain.ts'
import { currentFillScope, FillScope, runInScope } from '../cache/scope.ts'
import { FetchCall } from './fetch-call.ts'
import { joinUpstreamTags } from './label.ts'
import { resolveFetchOptions } from './options.ts'
import type { Policy } from './policy.ts'
import { policyOf } from './policy.ts'
import { replyHead } from './reply.ts'
import { untilAborted } from './until-aborted.ts'
import { repeated, upstreamRequest } from './upstream-request.ts'

type Fetch = typeof globalThis.fetch
type Input = string | URL | Request

/** `cache.fetch` of this engine. @throws CacheError `ERR_RESTALE_INVALID_OPTION` */
export function cachedFetch(engine: Engine, given: FetchOptions | undefined): Cache['fetch'] {
  const options = resolveFetchOptions(given)
  const original = globalThis.fetch
  const upstream: Fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)

  const cached: Cache['fetch'] = async (input, given) => {
    // Somebody has put it, or what calls it, in the place of the global one: this is its own question upstream.
    if (options.fetch === undefined && isUpstream(engine)) return original(input, given as RequestInit)
    // What it says stands behind getters, which a copy of its fields would not have.
    if (given instanceof Request) return cached(new Request(input, given))
    const { next, cache: mode, ...init } = given ?? {}
    const chosenMode = mode ?? (input instanceof Request ? input.cache : 'default')
    const target = targetOf(input, init)
    const policy = policyOf(next, chosenMode, target, options)
    const name = `fetch ${target.method} ${target.url.split(/[?#]/, 1)[0]}`
    const scope = () => scopeOf(engine, policy, name)
    const pass = () => upstream(input, mode === undefined ? init : ({ ...init, cache: mode } as RequestInit))
    if (!policy.isCached || !engine.isEnabled) return outside(engine, policy, scope(), pass)

    const signal = signalOf(input, init)
    const request = new Request(input, { ...init, signal: null })
    const limits = { version: engine.version, maxBytes: engine.limits.maxEntryBytes }
    const sent = await untilAborted(upstreamRequest(request, init, limits), signal)
    if (sent === undefined) {
      const whole = { ...repeated(request, init), body: request.body, duplex: 'half', signal: signal ?? null }
      return outside(engine, policy, scope(), () => upstream(request.url, whole as RequestInit))
    }
    return obtain(engine, new FetchCall({ engine, upstream, name, request: sent, policy, scope, signal }))
  }
  return cached
}

function isUpstream(engine: Engine): boolean {
  const scope = currentFillScope()
  return scope?.kind === 'fetch' && scope.owner === engine
}

/** Nothing is looked up or stored; what is made of it is labelled all the same. */
async function outside(
  engine: Engine,
  policy: Policy,
  scope: FillScope,
  fetch: () => Promise<Response>,
): Promise<Response> {
  const outer = currentFillScope()
  const bornAt = engine.clock.now()
  try {
    const response = await runInScope(scope, fetch)
    if (policy.upstreamTags) joinUpstreamTags(scope, replyHead(response).headers)
    return response
  } finally {
    scope.close()
    handOn(engine, { scope, bornAt }, outer)
  }
}

function scopeOf(engine: Engine, { tags, revalidate }: Policy, name: string): FillScope {
  const scope = new FillScope('fetch', engine, name)
  scope.tag(tags)
  if (revalidate !== undefined) scope.limitLife({ revalidate })
  return scope
}

interface Target {
  readonly method: string
  readonly url: string
}

/** As far as it can be told before `Request` has had its say. */
function targetOf(input: Input, { method }: Omit<FetchInit, 'next' | 'cache'>): Target {
  const [url, ownMethod] = input instanceof Request ? [input.url, input.method] : [String(input), 'GET']
  return { url, method: (method ?? ownMethod).toUpperCase() }
}

/** The caller's; `null` takes away that of a `Request`. */
function signalOf(input: Input, { signal }: RequestInit): AbortSignal | undefined {
  if (signal !== undefined) return signal ?? undefined
  return input instanceof Request ? input.signal : undefined
}
