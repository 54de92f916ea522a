/**
 * The keys of a Map or Set from the oldest on, for whoever deletes each key that it is given. Asking for a new
 * iterator each time would step over all that was deleted before, again and again, and cost as much as it holds.
 */
export class Oldest<K> {
  readonly #collection: { keys(): Iterator<K> }
  /** Made when it is first needed: an iterator at rest keeps what its collection has outgrown. */
  #keys: Iterator<K> | undefined

  constructor(collection: { keys(): Iterator<K> }) {
    this.#collection = collection
  }

  /** Of a collection that is not empty. */
  next(): K {
    const next = this.#keys?.next()
    if (next !== undefined && !next.done) return next.value
    this.#keys = this.#collection.keys()
    return this.#keys.next().value as K
  }
}
