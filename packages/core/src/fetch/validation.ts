import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import { isConditional } from '../http/conditional.ts'
import { etagsMatchWeakly } from '../http/etag.ts'
import { headerValue } from '../http/headers.ts'
import { updatedLines } from '../http/updated-lines.ts'
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

/** Does the 304 mean what is stored? Not if it names another version (RFC 9111 §4.3.4). */
export function means(notModified: ReplyHead, stored: Reply): boolean {
  const etag = headerValue(notModified.headers, 'etag')
  const storedEtag = headerValue(stored.headers, 'etag')
  return etag === undefined || storedEtag === undefined || etagsMatchWeakly(etag, storedEtag)
}

/**
 * May a 304 renew this entry under these tags? Not once a hard invalidation, of any of them, came after what it
 * holds was fetched: it is the very thing that must not be served again.
 */
export function mayBeRenewed(engine: Engine, entry: Entry<Reply>, tags: Iterable<string>): boolean {
  const { ledger, clock } = engine
  const now = clock.now()
  if (now >= ledger.markedExpiredAt(entry)) return false
  const labels = { key: entry.key, tags: [...tags, ...entry.tags] }
  return !ledger.isMarked(entry.version, ledger.position, labels, 'hard', now)
}

/** The stored reply as a 304 has renewed it. */
export function renewed(stored: Reply, notModified: ReplyHead): Reply {
  return { ...stored, headers: updatedLines(stored.headers, notModified.headers) }
}
