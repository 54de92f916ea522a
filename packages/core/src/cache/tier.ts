import type { Codec } from './codec.ts'
import type { Engine } from './engine.ts'
import type { Entry } from './entry.ts'
import type { Fill } from './fills.ts'
import type { Marking } from './ledger.ts'

/** A value, or a promise of it where somebody has to be asked. */
export type MaybePromise<T> = T | Promise<T>

/** How far an invalidation has got. `here`: it is in force in this process, and will be recorded as soon as that works. */
export interface Recorded {
  readonly version: number
  readonly reach: 'everywhere' | 'here'
}

/**
 * A second tier behind memory, shared with other processes: it has entries and the ledger. Nothing here throws or
 * rejects, and nothing takes longer than it may: a store that fails costs hits, never a request.
 */
export interface Tier {
  /**
   * Brings the ledger up to date, where that takes no waiting. Called before every lookup and before
   * anything is stored; `now` in epoch milliseconds.
   */
  refresh(now: number): void
  /** What others have stored under this key, in memory from then on; undefined if nothing can be used. */
  read<V>(key: string, codec: Codec<V>): MaybePromise<Entry<V> | undefined>
  /** Shares what has been stored in memory. */
  write(entry: Entry): void
  /** What is stored under this key, and began no later than the fill, is gone. */
  remove(key: string, fill: Pick<Fill, 'version' | 'bornAt'>): void
  /** Tells others of a marking that is in force here. `all`: everything is marked. */
  record(marking: Marking | 'all'): MaybePromise<Recorded>
  /** Resolves when what is under way has ended, or is given up. */
  close(): Promise<void>
}

/** A store as it is given to `createCache`: made by a package of its own, for instance `@restale/redis`. */
export interface Store {
  /** Called once, by the cache that it is given to. */
  readonly attach: (engine: Engine) => Tier
}
