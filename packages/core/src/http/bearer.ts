import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { CacheError } from '../cache/errors.ts'
import type { HeaderLines } from './headers.ts'
import { headerValues } from './headers.ts'

const shortestSecret = 16

export interface BearerOptions {
  readonly secret: string | readonly string[] | undefined
  readonly unauthenticated?: boolean | undefined
}

/** The check that a request brings one of the secrets (RFC 6750 §2.1). Throws if there is no secret. */
export function bearerCheck(options: BearerOptions): (headers: HeaderLines) => boolean {
  const { secret } = options
  if (options.unauthenticated === true) {
    if (secret === undefined) return () => true
    throw new CacheError(
      'ERR_RESTALE_INVALID_OPTION',
      'The revalidate endpoint has a secret and `unauthenticated: true`: leave one of them out',
    )
  }
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) checkSecret(undefined)
  const digests = secrets.map((candidate) => digestOf(Buffer.from(checkSecret(candidate), 'utf8')))
  return (headers) => isOneOf(digests, bearerToken(headers))
}

function checkSecret(secret: unknown): string {
  if (typeof secret !== 'string' || secret === '') {
    throw new CacheError(
      'ERR_RESTALE_MISSING_SECRET',
      'The revalidate endpoint needs a secret. Is its environment variable set? ' +
        'To let everyone invalidate, say `unauthenticated: true`',
    )
  }
  if (secret.trim().length < shortestSecret) {
    throw new CacheError(
      'ERR_RESTALE_WEAK_SECRET',
      `The secret of the revalidate endpoint must have at least ${shortestSecret} characters`,
    )
  }
  return secret
}

function bearerToken(headers: HeaderLines): string | undefined {
  const values = headerValues(headers, 'authorization')
  const value = values.length === 1 ? values[0] : undefined
  return value?.slice(0, 7).toLowerCase() === 'bearer ' ? value.slice(7).trim() : undefined
}

/** Looks at every secret, and at digests of one length, so that the time taken tells nothing of them. */
function isOneOf(digests: readonly Uint8Array[], token: string | undefined): boolean {
  // Header values are bytes read as latin1.
  const presented = digestOf(Buffer.from(token ?? '', 'latin1'))
  let isFound = false
  for (const digest of digests) isFound = timingSafeEqual(digest, presented) || isFound
  return isFound && token !== undefined
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
