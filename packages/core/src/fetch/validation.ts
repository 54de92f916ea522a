import { isConditional } from '../http/conditional.ts'
import { headerValue } from '../http/headers.ts'
import { isOfVersion, updatedLines } from '../http/updated-lines.ts'
import { safeMethods } from './policy.ts'
import type { Reply, ReplyHead } from './reply.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** The conditions by which upstream says whether this entry is still what it has (RFC 9111 §4.3.1). */
export function conditionsOf({ headers, redirected }: Reply, request: UpstreamRequest): [string, string][] {
  // After a redirect it is not certain whose validator it is; and a caller's own conditions are its own business.
  if (redirected || !safeMethods.has(request.method) || isConditional(request.headers)) return []
  const etag = headerValue(headers, 'etag')
  const lastModified = headerValue(headers, 'last-modified')
  if (etag !== undefined) return [['if-none-match', etag]]
  // Alone: who looks at it instead of at the ETag would let two versions of one second pass for the same.
  return lastModified === undefined ? [] : [['if-modified-since', lastModified]]
}

/** Does the 304 mean what is stored? */
export function means(notModified: ReplyHead, stored: Reply): boolean {
  return isOfVersion(notModified.headers, headerValue(stored.headers, 'etag'))
}

/** The stored reply as a 304 has renewed it. */
export function renewed(stored: Reply, notModified: ReplyHead): Reply {
  return { ...stored, headers: updatedLines(stored.headers, notModified.headers) }
}
