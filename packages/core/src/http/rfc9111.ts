import type { ResponseCacheOptions } from './options.ts'

type Name =
  | 'optIn'
  | 'statuses'
  | 'heuristics'
  | 'targetedFields'
  | 'requestDirectives'
  | 'staleOnError'
  | 'cookies'
  | 'setCookie'
  | 'perRequestFields'

/** The options of a shared cache by the standards. */
export type Rfc9111Options = { readonly [N in Name]: NonNullable<ResponseCacheOptions[N]> }

/**
 * Options for a shared cache by RFC 9111, driven by the fields of responses and requests alone, as a gateway's would
 * be: `responseCache(cache, rfc9111())`. Single ones can be changed: `{ ...rfc9111(), setCookie: 'refuse' }`.
 *
 * Whatever says that it may be cached is then everybody's: its cookies, too, and what was made of a request's.
 */
export function rfc9111(): Rfc9111Options {
  return {
    optIn: 'headers',
    statuses: 'any',
    heuristics: true,
    targetedFields: ['cdn-cache-control'],
    requestDirectives: true,
    staleOnError: true,
    cookies: 'ignore',
    setCookie: 'store',
    perRequestFields: 'store',
  }
}
