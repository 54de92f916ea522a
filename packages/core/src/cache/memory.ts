import type { Entry } from './entry.ts'
import { Oldest } from './oldest.ts'
import { Tally } from './tally.ts'

interface Node {
  entry: Entry
  /** Hits since it was last looked over, up to `maxHits`. */
  hits: number
  queue: Queue
  newer: Node | undefined
  older: Node | undefined
}

const maxHits = 3
/** Share of the bytes for entries that have not shown yet that anyone asks for them again. */
const probationShare = 0.1

/** A first-in-first-out queue of nodes that knows its bytes. */
class Queue {
  #newest: Node | undefined
  oldest: Node | undefined
  bytes = 0

  push(node: Node): void {
    node.queue = this
    node.newer = undefined
    node.older = this.#newest
    if (this.#newest === undefined) this.oldest = node
    else this.#newest.newer = node
    this.#newest = node
    this.bytes += node.entry.size
  }

  remove(node: Node): void {
    if (node.newer === undefined) this.#newest = node.older
    else node.newer.older = node.older
    if (node.older === undefined) this.oldest = node.newer
    else node.older.newer = node.newer
    this.bytes -= node.entry.size
  }
}

/**
 * The tier that is always there: synchronous, bounded by bytes, resistant to scans. Eviction is S3-FIFO
 * (Yang et al., SOSP 2023): newcomers wait in a small queue, only those asked for again move to the main
 * one, and a hit does no more than count.
 */
export class MemoryTier {
  readonly #nodes = new Map<string, Node>()
  readonly #probation = new Queue()
  readonly #main = new Queue()
  /** Fingerprints of keys that lately left probation unasked for; oldest first. */
  readonly #ghosts = new Set<number>()
  readonly #oldestGhost = new Oldest(this.#ghosts)
  readonly #maxBytes: number
  readonly #maxEntryBytes: number
  readonly #uris: Tally
  readonly #onEvict: (entry: Entry) => void

  /** `uris`: where the URLs of the entries are counted. */
  constructor(
    limits: { maxBytes: number; maxEntryBytes: number },
    onEvict: (entry: Entry) => void,
    uris = new Tally(),
  ) {
    this.#uris = uris
    this.#maxBytes = limits.maxBytes
    this.#maxEntryBytes = Math.min(limits.maxEntryBytes, limits.maxBytes)
    this.#onEvict = onEvict
  }

  get bytes(): number {
    return this.#probation.bytes + this.#main.bytes
  }

  get size(): number {
    return this.#nodes.size
  }

  /** Largest entry that is taken, in bytes. */
  get maxEntryBytes(): number {
    return this.#maxEntryBytes
  }

  get(key: string): Entry | undefined {
    const node = this.#nodes.get(key)
    if (node === undefined) return undefined
    if (node.hits < maxHits) node.hits++
    return node.entry
  }

  /** Without counting as a hit. */
  peek(key: string): Entry | undefined {
    return this.#nodes.get(key)?.entry
  }

  /** False if the entry is larger than the cap; what was held under its key stays then. */
  set(entry: Entry): boolean {
    if (entry.size > this.#maxEntryBytes) return false
    const node = this.#nodes.get(entry.key)
    this.#uris.add(entry.uri)
    if (node === undefined) this.#insert(entry)
    else {
      this.#uris.remove(node.entry.uri)
      node.queue.bytes += entry.size - node.entry.size
      node.entry = entry
    }
    while (this.bytes > this.#maxBytes) this.#evict()
    return true
  }

  delete(key: string): boolean {
    const node = this.#nodes.get(key)
    if (node === undefined) return false
    this.#drop(node)
    return true
  }

  clear(): void {
    for (const node of [...this.#nodes.values()]) this.#drop(node)
    this.#ghosts.clear()
  }

  #insert(entry: Entry): void {
    const isReturning = this.#ghosts.delete(fingerprint(entry.key))
    const queue = isReturning ? this.#main : this.#probation
    const node: Node = { entry, hits: 0, queue, newer: undefined, older: undefined }
    this.#nodes.set(entry.key, node)
    queue.push(node)
  }

  #evict(): void {
    const isProbationFull = this.#probation.bytes > this.#maxBytes * probationShare
    if (isProbationFull || this.#main.oldest === undefined) this.#evictFromProbation()
    else this.#evictFromMain()
  }

  #evictFromProbation(): void {
    const node = this.#probation.oldest as Node
    if (node.hits > 0) {
      this.#moveToMain(node)
      return
    }
    this.#remember(fingerprint(node.entry.key))
    this.#drop(node)
    this.#onEvict(node.entry)
  }

  #evictFromMain(): void {
    const node = this.#main.oldest as Node
    if (node.hits > 0) {
      const hits = node.hits - 1
      this.#moveToMain(node)
      node.hits = hits
      return
    }
    this.#drop(node)
    this.#onEvict(node.entry)
  }

  #moveToMain(node: Node): void {
    node.queue.remove(node)
    node.hits = 0
    this.#main.push(node)
  }

  #remember(ghost: number): void {
    this.#ghosts.add(ghost)
    // As many as there are entries, so that the memory of them is small beside the entries.
    if (this.#ghosts.size > Math.max(this.#nodes.size, 1024)) {
      this.#ghosts.delete(this.#oldestGhost.next())
    }
  }

  #drop(node: Node): void {
    this.#uris.remove(node.entry.uri)
    node.queue.remove(node)
    this.#nodes.delete(node.entry.key)
  }
}

/** FNV-1a. A collision lets a newcomer skip probation, nothing worse. */
function fingerprint(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  }
  return hash
}
