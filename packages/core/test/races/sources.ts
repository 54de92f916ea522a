/** A source for each tag, whose version grows with each write. */
export class Sources {
  readonly #versions = new Map<string, number>()
  /** So many of the next reads fail. */
  failures = 0

  /** The version of a tag now, for whoever judges. */
  current(tag: string): number {
    return this.#versions.get(tag) ?? 1
  }

  /** As the code does that is cached. @throws SourceError */
  read(tag: string): number {
    if (this.failures > 0) {
      this.failures--
      throw new SourceError(`The source of ${tag} fails`)
    }
    return this.current(tag)
  }

  write(tag: string): void {
    this.#versions.set(tag, this.current(tag) + 1)
  }
}

/** The one error that a read may end with. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}
