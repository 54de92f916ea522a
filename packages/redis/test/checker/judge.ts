interface Read {
  readonly kind: 'read'
  readonly node: string
  readonly beganAt: number
  readonly endedAt: number
  readonly versions: Readonly<Record<string, number>>
}

interface Change {
  readonly kind: 'change'
  readonly node: string
  readonly tag: string
  /** What the origin gives from just before the change on. */
  readonly version: number
  readonly doneAt: number
  /** From when on nothing older may be given, on the node that said it. */
  readonly hardAt: number
  readonly reach: 'everywhere' | 'here'
}

interface Failure {
  readonly kind: 'failure'
  readonly node: string
  readonly message: string
}

export type Report = Read | Change | Failure

/** A stretch of time in which something was broken, or had just been. */
export interface Outage {
  readonly from: number
  readonly to: number
}

export interface Verdict {
  /** Reads, each with a tag of which an invalidation held before it. */
  readonly pairs: number
  readonly violations: readonly string[]
}

export interface Graces {
  readonly healthyMs: number
  readonly cutOffMs: number
}

/** Holds every read against the invalidations that held before it began. */
export function judge(reports: readonly Report[], outages: readonly Outage[], graces: Graces): Verdict {
  const changes = new Map<string, Change[]>()
  for (const report of reports) {
    if (report.kind === 'change') changes.set(report.tag, [...(changes.get(report.tag) ?? []), report])
  }
  const violations: string[] = []
  let pairs = 0
  for (const read of reports) {
    if (read.kind !== 'read') continue
    for (const [tag, version] of Object.entries(read.versions)) {
      const held = (changes.get(tag) ?? []).filter((change) => holds(change, read, outages, graces))
      if (held.length === 0) continue
      pairs++
      const worst = held.reduce((a, b) => (a.version > b.version ? a : b))
      if (version >= worst.version) continue
      const late = (read.beganAt - worst.hardAt).toFixed(1)
      violations.push(
        `${read.node} gave ${tag} ${version}, ${late} ms after ${worst.node} had told version ${worst.version} (${kindOf(worst)})`,
      )
    }
  }
  return { pairs, violations }
}

function kindOf({ hardAt, doneAt, reach }: Change): string {
  return `${hardAt > doneAt ? 'soft' : 'hard'}, ${reach}`
}

function holds(
  change: Change,
  read: Read,
  outages: readonly Outage[],
  { healthyMs, cutOffMs }: Graces,
): boolean {
  if (change.node === read.node) return change.hardAt <= read.beganAt
  if (change.reach === 'here') return false
  const isHealthy = !outages.some(({ from, to }) => from <= read.beganAt && to >= change.doneAt)
  return change.hardAt + (isHealthy ? healthyMs : cutOffMs) <= read.beganAt
}
