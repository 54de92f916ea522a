import { describeError, warnOnce } from '../cache/warnings.ts'
import type { ResolvedOptions } from './options.ts'
import type { IncomingRequest } from './request.ts'

/** Why a request goes past the cache, if it does: it must not be answered from one, or fill one. */
export function bypassReason<Native>(
  request: IncomingRequest<Native>,
  options: ResolvedOptions<Native>,
): string | undefined {
  const { method, target, headers } = request
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  // RFC 9110 §13.1.1, §13.1.4: for the origin to judge, not for a cache.
  if (headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined) return 'precondition'
  if (headers.upgrade !== undefined) return 'upgrade'
  if (hasContent(headers)) return 'content'
  if (!target.startsWith('/')) return 'target'
  if (headers.cookie !== undefined && !areCookiesHarmless(headers.cookie, options)) return 'cookie'
  if (request.isAuthenticated && !options.isShared) return 'authenticated'
  return isSkipped(request, options) ? 'skip' : undefined
}

/** `Authorization`, unless it is in the key: credentials there separate their users already. */
export function hasCredentials<Native>(
  { headers }: IncomingRequest<Native>,
  { keyHeaders }: ResolvedOptions<Native>,
): boolean {
  return headers.authorization !== undefined && !keyHeaders.includes('authorization')
}

/** A GET that says it carries content; what the handler makes of it is not in any key. */
function hasContent(headers: IncomingRequest['headers']): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** A cookie that is not in the key may make any difference. */
function areCookiesHarmless<Native>(
  cookie: string | readonly string[],
  { ignoresCookies, keyHeaders, keyCookies }: ResolvedOptions<Native>,
): boolean {
  if (ignoresCookies || keyHeaders.includes('cookie')) return true
  if (keyCookies.length === 0) return false
  const names = String(cookie)
    .split(';')
    .map((pair) => (pair.split('=', 1)[0] as string).trim())
  return names.every((name) => keyCookies.includes(name))
}

function isSkipped<Native>(
  { native }: IncomingRequest<Native>,
  { skip, name }: ResolvedOptions<Native>,
): boolean {
  try {
    const answer: unknown = skip?.(native)
    // Nobody else waits for it, and its failure must not end the process.
    if (answer instanceof Promise) answer.catch(() => {})
    return Boolean(answer)
  } catch (error) {
    warnOnce(
      'RESTALE_SKIP_FAILED',
      name,
      `skip() threw ${describeError(error)}: the request goes past the cache.`,
    )
    return true
  }
}
