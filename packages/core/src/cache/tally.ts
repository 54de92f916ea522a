/** How many hold each label. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(label: string | undefined): void {
    if (label !== undefined) this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1)
  }

  remove(label: string | undefined): void {
    if (label === undefined) return
    const count = (this.#counts.get(label) ?? 1) - 1
    if (count === 0) this.#counts.delete(label)
    else this.#counts.set(label, count)
  }

  has(label: string): boolean {
    return this.#counts.has(label)
  }

  get size(): number {
    return this.#counts.size
  }
}
