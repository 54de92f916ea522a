import type { FillScope } from '../cache/scope.ts'
import type { Life, Profile } from '../state/life.ts'
import type { CacheControl } from './cache-control.ts'

/**
 * How long a response lives. What the handler or the route said explicitly decides; else an `s-maxage` of the
 * response (RFC 9111 §5.2.2.10, with an explicit `stale-while-revalidate`, RFC 5861 §3); else the mount.
 */
export function lifetime(
  scope: FillScope,
  control: CacheControl,
  mountLife: Profile | undefined,
  defaults: Life,
): Life {
  if (scope.explicitLife === undefined && !scope.isOptedIn && control.sMaxage !== undefined) {
    return lifeOf(control, control.sMaxage)
  }
  if (scope.explicitLife === undefined && mountLife !== undefined) scope.limitLife(mountLife)
  return scope.life(defaults)
}

/**
 * Fresh for so many seconds, and stale as long as `stale-while-revalidate` says. An explicit `must-revalidate` or
 * `proxy-revalidate` forbids stale use, whatever else is there.
 */
export function lifeOf(control: CacheControl, seconds: number): Life {
  const isStaleAllowed = !control.mustRevalidate && !control.proxyRevalidate
  const staleWindow = isStaleAllowed ? (control.staleWhileRevalidate ?? 0) : 0
  return { stale: control.maxAge ?? 0, revalidate: seconds, expire: seconds + staleWindow }
}
