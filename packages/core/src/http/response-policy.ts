import type { CacheControl } from './cache-control.ts'
import { parseCacheControl } from './cache-control.ts'
import type { HeaderLines } from './headers.ts'
import { headerValues } from './headers.ts'
import { targetedControl } from './targeted-control.ts'

/** What a response says of its caching. */
export interface ResponsePolicy {
  readonly control: CacheControl
  /** It says so to caches like this one alone: `Cache-Control` and `Expires` are for others (RFC 9213 §2.2). */
  readonly isTargeted: boolean
}

/** `targetedFields`: lower-case names of fields that are meant for this cache, the first ones first. */
export function policyOf(lines: HeaderLines, targetedFields: readonly string[]): ResponsePolicy {
  const targeted = targetedFields.length === 0 ? undefined : targetedControl(lines, targetedFields)
  if (targeted !== undefined) return { control: targeted, isTargeted: true }
  return { control: parseCacheControl(headerValues(lines, 'cache-control')), isTargeted: false }
}

/** Stale use that nobody has explicitly allowed is forbidden (RFC 9111 §4.2.4, §5.2.2.10). */
export function forbidsStale({ control, isTargeted }: ResponsePolicy): boolean {
  return forbidsAnyStale(control) || (control.sMaxage !== undefined && !isTargeted)
}

/** Whatever is said beside it. What `s-maxage` implies gives way to an explicit permission. */
export function forbidsAnyStale({ mustRevalidate, proxyRevalidate, noCache }: CacheControl): boolean {
  return mustRevalidate || proxyRevalidate || noCache
}
