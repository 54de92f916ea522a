import type { Life } from '../state/life.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader } from './headers.ts'
import type { ResolvedOptions } from './options.ts'

/**
 * Law 7: a client may keep what it got, but asks each time, and mostly hears 304. We cannot invalidate what
 * lies in browsers and CDNs.
 */
const alwaysAsk = 'max-age=0, must-revalidate'
export const alwaysAskLines: HeaderLines = ['Cache-Control', alwaysAsk]
const none: HeaderLines = []

/** Where a year is as good as for ever. */
const longest = 31_536_000

/** A response as it goes out. Its life is that of options or calls. */
interface Outgoing {
  readonly life: Life
  /** Seconds, as its `Age` says. */
  readonly age: number
  readonly isFresh: boolean
}

type Told = Pick<ResolvedOptions<never>, 'tellsBrowsers' | 'tellsCdns'>

/** What the handler says itself. */
interface Own {
  /** How long clients may keep it. */
  readonly hasOwnLife: boolean
  /** All that it says. */
  readonly headers: HeaderLines
}

/**
 * What caches downstream are told, by fields that nobody else has set. They count its `Age` as we do, so what they are
 * told is its life from the beginning, and for browsers what they may have of it from now on. `outgoing`: undefined if
 * the response's own fields give it its life.
 */
export function downstreamLines(
  { hasOwnLife, headers }: Own,
  outgoing: Outgoing | undefined,
  { tellsBrowsers, tellsCdns }: Told,
): HeaderLines {
  const isTold = tellsBrowsers && !hasOwnLife && outgoing !== undefined
  const browsers = hasOwnLife ? none : isTold ? ['Cache-Control', browserControl(outgoing)] : alwaysAskLines
  if (!tellsCdns || outgoing === undefined || hasHeader(headers, 'cdn-cache-control')) return browsers
  return [...browsers, 'CDN-Cache-Control', cdnControl(outgoing)]
}

function browserControl({ life, age, isFresh }: Outgoing): string {
  const left = isFresh ? Math.max(0, Math.min(life.stale, Math.floor(life.revalidate) - age)) : 0
  return left > 0 ? `max-age=${Math.min(age + left, longest)}` : alwaysAsk
}

function cdnControl({ life: { revalidate, expire }, isFresh }: Outgoing): string {
  if (!isFresh) return 'max-age=0'
  const fresh = Math.min(Math.floor(revalidate), longest)
  const stale = Math.min(Math.floor(expire) - fresh, longest)
  return stale > 0 ? `max-age=${fresh}, stale-while-revalidate=${stale}` : `max-age=${fresh}`
}
