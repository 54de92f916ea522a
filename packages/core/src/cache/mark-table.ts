import type { Mark } from '../state/mark.ts'
import { foldFired, joinMarks, noMark } from '../state/mark.ts'
import { Oldest } from './oldest.ts'

/** What a label is known by in a table. */
export type NameOf = (label: string) => string

export const asItIs: NameOf = (label) => label

/**
 * Marks by label, bounded. What it forgets it folds into the floor, a mark that every entry has: forgetting
 * may expire what a mark guarded, never revive it.
 */
export class MarkTable {
  /** Least recently marked first: a label moves to the end whenever its mark takes a new version. */
  readonly #marks = new Map<string, Mark>()
  readonly #oldest = new Oldest(this.#marks)
  readonly #limit: number
  floor: Mark = noMark

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#marks.size
  }

  get(label: string): Mark | undefined {
    return this.#marks.get(label)
  }

  update(label: string, change: (mark: Mark) => Mark, now: number): void {
    const mark = change(this.#marks.get(label) ?? noMark)
    this.#marks.delete(label)
    this.#marks.set(label, mark)
    if (this.#marks.size > this.#limit) this.#forgetOldest(now)
  }

  /** Adds the marks that judge an entry with these labels. */
  collect(labels: Iterable<string>, marks: Mark[], nameOf: NameOf = asItIs): void {
    if (this.floor !== noMark) marks.push(this.floor)
    if (this.#marks.size === 0) return
    for (const label of labels) {
      const mark = this.#marks.get(nameOf(label))
      if (mark !== undefined) marks.push(mark)
    }
  }

  /** Expires everything older than `version`, whatever its labels; the marks that said less are gone. */
  expireAll(version: number): void {
    this.#marks.clear()
    this.floor = { staleBefore: 0, expiredBefore: version, deadlines: [] }
  }

  #forgetOldest(now: number): void {
    const label = this.#oldest.next()
    const mark = this.#marks.get(label) as Mark
    this.#marks.delete(label)
    this.floor = joinMarks(foldFired(this.floor, now), foldFired(mark, now))
  }
}
