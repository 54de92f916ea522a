import type { MaybePromise } from '../cache/tier.ts'
import type { Mark } from '../state/mark.ts'

/**
 * A place in a ledger's order of invalidations. Versions are whole numbers from 0 on, and compare only within one
 * incarnation: the random identity of a ledger that has never forgotten anything.
 */
export interface Position {
  /** Undefined for a process that has seen no ledger yet. */
  readonly incarnation: string | undefined
  readonly version: number
}

/** What one invalidation says. All of it has one version. */
export interface Marking {
  /** Random, of who records it: told again in the record, so that they know their own. At most 64 characters. */
  readonly id: string
  /**
   * What is marked: tags, paths, keys, URLs, each with a prefix of its own, and `*` for everything. A port takes them
   * as they are: well-formed Unicode, at most 16,384 characters each, and 100,000 of them. A record may say `*` in place
   * of very many.
   */
  readonly labels: readonly string[]
  /** Labels that are expired whatever `expireInMs` says. */
  readonly hardLabels: readonly string[]
  /** Milliseconds from the store's now until what `labels` mark is expired; 0 is hard, `Infinity` is never. */
  readonly expireInMs: number
}

/** An invalidation as it was recorded. */
export interface LedgerRecord extends Omit<Marking, 'expireInMs'> {
  readonly version: number
  /** The store's time, in epoch milliseconds; `0` is hard, `Infinity` is never. */
  readonly expiredAt: number
  /** The store's time at which it was recorded. */
  readonly recordedAt: number
}

/** What a ledger says of itself at one moment. */
export interface LedgerView {
  readonly incarnation: string
  /** The version of the last invalidation. */
  readonly head: number
  /**
   * Every record after the position that was asked for, in order, up to `head`. Undefined if the position is of another
   * incarnation, or some of those records are forgotten.
   */
  readonly records: readonly LedgerRecord[] | undefined
  /** Epoch milliseconds by the store's clock, which never steps back. */
  readonly now: number
}

/** Which of two items of one key is the newer: the one with the greater version, then the one that began later. */
export interface Stamp {
  readonly incarnation: string
  /** The position before anything of the value was read. */
  readonly version: number
  /** The store's time at which its making began, in epoch milliseconds. */
  readonly startedAt: number
}

/** What is stored under a key. */
export interface Item extends Stamp {
  readonly key: string
  /** By which invalidations reach it, as in `Marking`; at most 1,200, and `*` is one of them. */
  readonly labels: readonly string[]
  /** The store's time from which it is of no use, in epoch milliseconds. */
  readonly uselessAt: number
  /** Opaque to the store. */
  readonly bytes: Uint8Array
}

/** An item as it was found. */
export interface Found {
  readonly bytes: Uint8Array
  readonly version: number
  /**
   * The marks of its labels as they are at the `head` of the view that it came with; a label without one is left out.
   * What the store has forgotten counts as marked.
   */
  readonly marks: readonly Mark[]
}

export interface ReadReply {
  readonly view: LedgerView
  /** Undefined if there is nothing, or only something of another incarnation. */
  readonly found: Found | undefined
}

/**
 * What a store does: it keeps items and marks, mints versions, and decides nothing. Whoever calls it judges what it
 * gives, gives up on what takes too long, and stops asking for a while where everything fails. A method that cannot do
 * its work throws or rejects, and has then done all of it or nothing; being called again does no harm.
 */
export interface StorePort {
  /** The item of a key with its marks, and what was recorded after `since`: all of one moment. */
  read(key: string, since: Position): MaybePromise<ReadReply>
  /**
   * Stores an item, unless what is there is newer (`Stamp`), or its incarnation is not the ledger's. What is there of
   * another incarnation is never newer. False if it was not stored.
   */
  write(item: Item): MaybePromise<boolean>
  /**
   * Removes what is stored under a key unless it is newer, and keeps out what is older than this for `forMs`
   * milliseconds. Removals add up: the longest time holds. With a stamp of another incarnation it does nothing.
   */
  remove(key: string, stamp: Stamp, forMs: number): MaybePromise<void>
  /**
   * Mints the next version and records the marking under it, in one step. The view is the ledger's right after it, so
   * its last record is this one.
   */
  record(marking: Marking, since: Position): MaybePromise<LedgerView>
  /**
   * The ledger as it is now, from whoever decides it: an answer of a replica does not count. A ledger that has lost
   * something opens a new incarnation before it answers: one that is gone, whose head is lower than `since`, or that
   * may be an older copy of itself.
   */
  sync(since: Position): MaybePromise<LedgerView>
  /**
   * Where the ledger can be seen without asking anyone: where it is now. Called before every lookup, so it takes less
   * than a few microseconds. A store that has it needs no `watch`.
   */
  peek?(): Position
  /**
   * Calls `onView` whenever others may have recorded something, with what came after the last view that it has given,
   * until the returned function is called: within 250 ms while all is well, and what came before the call is told, too.
   * It finds its way back after a failure by itself.
   */
  watch?(since: Position, onView: (view: LedgerView) => void): () => void
  /** Ends what it has opened itself, and nothing else. Later calls reject, what watched falls silent. */
  close(): MaybePromise<void>
}

/** What a store can rely on, and need not look at what is beyond. */
export interface StoreLimits {
  /** No item has more bytes; one that is larger is none of ours. */
  readonly maxItemBytes: number
}
