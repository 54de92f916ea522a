import type { Engine } from './engine.ts'
import type { Entry } from './entry.ts'

/**
 * May a 304 renew this entry under these tags? Not once a hard invalidation, of any of them, came after what it
 * holds was made: it is the very thing that must not be served again.
 */
export function mayBeRenewed(
  engine: Engine,
  entry: Entry,
  tags: Iterable<string>,
  morePaths: readonly string[] = [],
): boolean {
  const { ledger, clock } = engine
  const now = clock.now()
  if (now >= ledger.markedExpiredAt(entry, now)) return false
  const { key, uri } = entry
  const paths = entry.paths && [...entry.paths, ...morePaths]
  const labels = { key, paths, uri, tags: [...tags, ...entry.tags] }
  return !ledger.isMarked(entry.version, ledger.position, labels, 'hard', now)
}
