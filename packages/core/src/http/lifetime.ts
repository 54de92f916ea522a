import type { FillScope } from '../cache/scope.ts'
import type { Life } from '../state/life.ts'
import type { CacheControl } from './cache-control.ts'
import { explicitLifetime, heuristicLifetime } from './freshness-lifetime.ts'
import type { ResolvedOptions } from './options.ts'
import type { ResponsePolicy } from './response-policy.ts'
import { forbidsAnyStale, forbidsStale } from './response-policy.ts'
import type { ResponseHead } from './storable.ts'
import type { Staleness } from './stored-response.ts'

type Lived = Pick<ResponseHead, 'status' | 'lines'>
type LifeOptions = Pick<
  ResolvedOptions<never>,
  'isOptedIn' | 'isByHeaders' | 'hasHeuristics' | 'isStaleOnError' | 'life'
>

interface Lifetime {
  readonly life: Life
  readonly staleness: Staleness
}

/** Options or calls decide, so the profile is all there is to it. */
const byProfile: Staleness = { isByHeader: false, isForbidden: true, ifErrorSeconds: 0 }

/**
 * How long a response lives. What the handler or the route said explicitly decides; else the response's own fields, as
 * far as they count; else the mount.
 */
export function lifetime(
  scope: FillScope,
  head: Lived,
  policy: ResponsePolicy,
  { options, defaults, now }: { options: LifeOptions; defaults: Life; now: number },
): Lifetime {
  if (scope.explicitLife === undefined && !scope.isOptedIn) {
    const isSaid = headerLifetime(head, policy, options, now) !== undefined
    if (isSaid || (options.isByHeaders && !options.isOptedIn)) return lifeByHeader(head, policy, options, now)
  }
  if (scope.explicitLife === undefined && options.life !== undefined) scope.limitLife(options.life)
  return { life: scope.life(defaults), staleness: byProfile }
}

/** How long a response lives by its own fields. What says nothing of it is kept to be validated, and for nothing else. */
export function lifeByHeader(
  head: Lived,
  policy: ResponsePolicy,
  options: Pick<LifeOptions, 'isByHeaders' | 'hasHeuristics' | 'isStaleOnError'>,
  now: number,
): Lifetime {
  const seconds = headerLifetime(head, policy, options, now)
  const isSaid = seconds !== undefined
  return {
    life: lifeOf(policy.control, seconds ?? 0),
    staleness: stalenessOf(policy, isSaid && options.isStaleOnError),
  }
}

/** Seconds for which a response is fresh by its own fields, as far as those count here; undefined if they say nothing. */
export function headerLifetime(
  { status, lines }: Lived,
  policy: ResponsePolicy,
  { isByHeaders, hasHeuristics }: Pick<LifeOptions, 'isByHeaders' | 'hasHeuristics'>,
  now: number,
): number | undefined {
  const { sMaxage, maxAge } = policy.control
  if (!isByHeaders) return sMaxage ?? (policy.isTargeted ? maxAge : undefined)
  const explicit = explicitLifetime(policy, lines, now)
  return explicit ?? (hasHeuristics ? heuristicLifetime(status, policy, lines, now) : undefined)
}

/**
 * Fresh for so many seconds, and stale as long as `stale-while-revalidate` says. An explicit `must-revalidate` or
 * `proxy-revalidate` forbids stale use, whatever else is there.
 */
export function lifeOf(control: CacheControl, seconds: number): Life {
  const fresh = control.noCache ? 0 : seconds
  const staleWindow = forbidsAnyStale(control) ? 0 : (control.staleWhileRevalidate ?? 0)
  return { stale: control.maxAge ?? 0, revalidate: fresh, expire: fresh + staleWindow }
}

function stalenessOf(policy: ResponsePolicy, isStaleOnError: boolean): Staleness {
  const { control } = policy
  const isForbidden = forbidsStale(policy)
  const unspoken = isStaleOnError && !isForbidden ? Number.POSITIVE_INFINITY : 0
  const ifErrorSeconds = forbidsAnyStale(control) ? 0 : (control.staleIfError ?? unspoken)
  return { isByHeader: true, isForbidden, ifErrorSeconds }
}
