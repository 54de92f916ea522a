/** A pending deadline of a soft invalidation: from `at` on, entries older than `before` are expired. */
interface Deadline {
  /** A version: the deadline touches only entries whose version is lower. */
  readonly before: number
  /** Epoch milliseconds. */
  readonly at: number
}

/**
 * What the ledger knows of one tag. A mark only ever gets worse: whatever is joined to it, in any order and
 * any number of times, no entry is judged better for it.
 */
export interface Mark {
  /** Entries whose version is lower are stale. */
  readonly staleBefore: number
  /** Entries whose version is lower are expired. */
  readonly expiredBefore: number
  /** At most `maxDeadlines`, `before` and `at` both strictly ascending. */
  readonly deadlines: readonly Deadline[]
}

/** A fifth pending deadline merges two: a mark is a small record however often its tag is invalidated. */
export const maxDeadlines = 4

const noDeadlines: readonly Deadline[] = []

export const noMark: Mark = { staleBefore: 0, expiredBefore: 0, deadlines: noDeadlines }

/** A hard invalidation at `version`: everything older is expired. */
export function expireMark(mark: Mark, version: number): Mark {
  return joinMarks(mark, { staleBefore: 0, expiredBefore: version, deadlines: [] })
}

/**
 * A soft invalidation at `version`: everything older is stale now, and expired from `expiredAt` on (epoch
 * milliseconds, `Infinity` for no deadline). Deadlines that have passed at `now` are folded first.
 */
export function staleMark(mark: Mark, version: number, expiredAt: number, now: number): Mark {
  const deadlines = expiredAt === Number.POSITIVE_INFINITY ? [] : [{ before: version, at: expiredAt }]
  return joinMarks(foldFired(mark, now), { staleBefore: version, expiredBefore: 0, deadlines })
}

/** The mark that judges every entry as the worse of both does. */
export function joinMarks(a: Mark, b: Mark): Mark {
  const expiredBefore = Math.max(a.expiredBefore, b.expiredBefore)
  return {
    staleBefore: Math.max(a.staleBefore, b.staleBefore),
    expiredBefore,
    deadlines: bounded(undominated([...a.deadlines, ...b.deadlines], expiredBefore)),
  }
}

/** Turns deadlines that have passed into `expiredBefore`, for good: a clock that steps back revives nothing. */
export function foldFired(mark: Mark, now: number): Mark {
  let expiredBefore = mark.expiredBefore
  for (const { before, at } of mark.deadlines) if (at <= now) expiredBefore = Math.max(expiredBefore, before)
  if (expiredBefore === mark.expiredBefore) return mark
  return expireMark(mark, expiredBefore)
}

/** Drops what another deadline, or `expiredBefore`, already implies: covers as many entries, as soon. */
function undominated(deadlines: readonly Deadline[], expiredBefore: number): readonly Deadline[] {
  const latestFirst = deadlines
    .filter((deadline) => deadline.before > expiredBefore)
    .sort((a, b) => b.before - a.before || a.at - b.at)
  const kept: Deadline[] = []
  let soonest = Number.POSITIVE_INFINITY
  for (const deadline of latestFirst) {
    if (deadline.at >= soonest) continue
    soonest = deadline.at
    kept.push(deadline)
  }
  // Not the array that has grown by push, which keeps room for more: there may be very many marks.
  return kept.length === 0 ? noDeadlines : kept.toReversed()
}

/** Merges the neighbours that lie closest in time until few enough are left: sooner, never later. */
function bounded(deadlines: readonly Deadline[]): readonly Deadline[] {
  let kept = deadlines
  while (kept.length > maxDeadlines) {
    const index = closestPair(kept)
    const [earlier, later] = kept.slice(index, index + 2) as [Deadline, Deadline]
    kept = kept.toSpliced(index, 2, { before: later.before, at: earlier.at })
  }
  return kept
}

function closestPair(deadlines: readonly Deadline[]): number {
  let best = 0
  let smallest = Number.POSITIVE_INFINITY
  for (let index = 0; index + 1 < deadlines.length; index++) {
    const gap = (deadlines[index + 1] as Deadline).at - (deadlines[index] as Deadline).at
    if (gap < smallest) {
      smallest = gap
      best = index
    }
  }
  return best
}
