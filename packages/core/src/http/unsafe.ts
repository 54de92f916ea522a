import type { Engine } from '../cache/engine.ts'
import { describeError, warnOnce } from '../cache/warnings.ts'
import type { HeaderLines } from './headers.ts'
import { headerValues } from './headers.ts'
import { keyedTarget } from './key.ts'
import type { ResolvedOptions } from './options.ts'
import type { IncomingRequest } from './request.ts'
import { invalidatedGroups } from './tag-fields.ts'
import { groupLabel, sameOriginTarget, uriLabel } from './uri.ts'

/** Methods that only read (RFC 9110 §9.2.1, RFC 10008, RFC 4918, RFC 3253, RFC 5323). What is unknown is unsafe. */
const safeMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'QUERY',
  'PROPFIND',
  'REPORT',
  'SEARCH',
])

type UnsafeOptions = Pick<ResolvedOptions<never>, 'isInvalidating' | 'query' | 'tagFields'>

/**
 * What is to be called with the head of the response to an unsafe request: what succeeds expires what is stored of its
 * URL (RFC 9111 §4.4), and the groups that it names (RFC 9875 §3). Undefined for a method that only reads.
 */
export function unsafeWatch(
  engine: Engine,
  request: IncomingRequest,
  options: UnsafeOptions,
): ((status: number, lines: HeaderLines) => void) | undefined {
  const { method, scheme, authority, target } = request
  const isIgnored = !options.isInvalidating && options.tagFields === 'ignore'
  if (isIgnored || safeMethods.has(method)) return undefined
  const addressed = { scheme, authority, target }
  return (status, lines) => {
    if (status < 200 || status >= 400) return
    try {
      invalidate(engine, addressed, lines, options)
    } catch (error) {
      const message = `What ${method} has changed was not invalidated: ${describeError(error)}`
      warnOnce('RESTALE_INTERNAL', 'unsafe methods', message)
    }
  }
}

function invalidate(
  engine: Engine,
  request: Pick<IncomingRequest, 'scheme' | 'authority' | 'target'>,
  lines: HeaderLines,
  { isInvalidating, query, tagFields }: UnsafeOptions,
): void {
  const targets = isInvalidating ? changedTargets(request, lines) : []
  const spellings = targets.flatMap((target) => [target, keyedTarget(target, query)])
  // Other mounts may have stored it with other options.
  const labels = spellings.flatMap((target) =>
    byHostOrNot((isByHost) => uriLabel({ ...request, target }, isByHost)),
  )
  // Of other URLs there is nothing to forget here, and anybody could fill the memory of marks with them. What is shared
  // may be held by others.
  const uris = [...new Set(labels)].filter((uri) => engine.tier !== undefined || engine.uris.has(uri))
  const groups = tagFields === 'ignore' ? [] : invalidatedGroups(lines)
  const paths = groups.flatMap((group) => byHostOrNot((isByHost) => groupLabel(request, group, isByHost)))
  if (uris.length === 0 && paths.length === 0) return
  const now = engine.clock.now()
  const { version } = engine.invalidate({ tags: [], paths, uris, expiredAt: now }, now)
  if (engine.events.isHeard('invalidated')) {
    const labels = [...paths, ...uris]
    engine.events.publish({ kind: 'invalidated', version, tags: [], paths: labels, keys: [], isHard: true })
  }
}

function byHostOrNot<T>(make: (isByHost: boolean) => T): T[] {
  return [true, false].map(make)
}

/** The request's own, and those of the same origin that the response names. */
function changedTargets(
  request: Pick<IncomingRequest, 'scheme' | 'authority' | 'target'>,
  lines: HeaderLines,
): string[] {
  const named = ['location', 'content-location'].flatMap((name) => headerValues(lines, name))
  const targets = named.map((location) => sameOriginTarget(request, location))
  return [request.target, ...targets.filter((target) => target !== undefined)]
}
