import type { Marking } from '../cache/ledger.ts'
import { Oldest } from '../cache/oldest.ts'
import { sharedLabels } from './labels.ts'

/** A marking that is in force here and not recorded yet. */
export interface Pending {
  readonly id: string
  readonly marking: Marking | 'all'
  readonly labels: ReadonlySet<string>
  /** It is on its way: nobody else sends it. */
  isSent: boolean
  /** It is recorded. */
  isTold: boolean
}

/** More labels than this, and everything is to be expired instead: nothing is lost, and the memory is bounded. */
const maxLabels = 100_000

/** So many of those that were told are remembered: one that was sent twice comes back twice. */
const maxTold = 1_000

/** What others have to be told, in order. */
export class Outbox {
  readonly #pending = new Map<string, Pending>()
  readonly #told = new Set<string>()
  readonly #oldestTold = new Oldest(this.#told)
  #labels = 0

  get isEmpty(): boolean {
    return this.#pending.size === 0
  }

  add(id: string, marking: Marking | 'all'): Pending {
    const { labels, hardLabels } = sharedLabels(marking)
    const own = new Set([...labels, ...hardLabels])
    this.#labels += own.size
    if (this.#labels > maxLabels && marking !== 'all') {
      this.#pending.clear()
      this.#labels = 0
      return this.add(id, 'all')
    }
    const pending: Pending = { id, marking, labels: own, isSent: false, isTold: false }
    this.#pending.set(id, pending)
    return pending
  }

  /** It is recorded. False if it was not one of these. */
  told(id: string): boolean {
    const pending = this.#pending.get(id)
    if (pending === undefined) return this.#told.has(id)
    pending.isTold = true
    this.#labels -= pending.labels.size
    this.#pending.delete(id)
    this.#told.add(id)
    if (this.#told.size > maxTold) this.#told.delete(this.#oldestTold.next())
    return true
  }

  /** Would it be marked by what only this process knows? */
  marks(labels: readonly string[]): boolean {
    for (const pending of this.#pending.values()) {
      if (labels.some((label) => pending.labels.has(label))) return true
    }
    return false
  }

  /** Those of which nobody has been told, as they are now, oldest first. */
  all(): readonly Pending[] {
    return [...this.#pending.values()]
  }
}
