import type { Aging } from '../state/freshness.ts'
import type { Profile } from '../state/life.ts'
import type { Codec } from './codec.ts'

/** A stored value with its tags, its life, the instant it was born and its version. */
export interface Entry<V = unknown> extends Aging {
  readonly key: string
  readonly value: V
  readonly tags: readonly string[]
  /** What of its life limits a value that is made of it. */
  readonly lifeHandedOn: Profile
  /** Labels that `revalidatePath` reaches: responses have them, functions do not. */
  readonly paths: readonly string[] | undefined
  /** The label of its URL, which unsafe methods invalidate: responses have one, functions do not. */
  readonly uri: string | undefined
  /** It is of use beyond its life: to be validated, or to stand in for an error. */
  readonly isRetained: boolean
  /** How it is stored beyond memory; undefined if it never is. */
  readonly codec: Codec | undefined
  /** Epoch milliseconds before anything of it was read. */
  readonly startedAt: number
  /** Epoch milliseconds since when it and all that is nested in it are known to hold: then they began, or a store said so. */
  readonly verifiedAt: number
  /** What the marks said where it was read from, if that was not here: the instants in epoch milliseconds. */
  readonly markedStaleAt: number
  readonly markedExpiredAt: number
  /** The start order of its fill in this process: a later starter replaces an earlier one, never the reverse. */
  readonly sequence: number
  /** Bytes, of everything that it holds. */
  readonly size: number

  /** The outlook below was worked out at this revision of the ledger, and holds until the next. */
  revision: number
  staleAt: number
  expiredAt: number

  /** Refills that failed since it was stored, and the instant before which none is tried again. */
  failures: number
  retryAt: number
  /** What made it wait for that instant was a failure, not only a response that must not be kept. */
  isFailing: boolean
}

/** What only those have that come from a store. */
type Loaded = Pick<Entry, 'markedStaleAt' | 'markedExpiredAt'>
type NewEntry<V> = Omit<
  Entry<V>,
  'revision' | 'staleAt' | 'expiredAt' | 'failures' | 'retryAt' | 'isFailing' | keyof Loaded
> &
  Partial<Loaded>

/** One shape for every entry, so that a lookup stays monomorphic. */
export function createEntry<V>(fields: NewEntry<V>): Entry<V> {
  return {
    key: fields.key,
    value: fields.value,
    tags: fields.tags,
    paths: fields.paths,
    uri: fields.uri,
    isRetained: fields.isRetained,
    codec: fields.codec,
    startedAt: fields.startedAt,
    verifiedAt: fields.verifiedAt,
    markedStaleAt: fields.markedStaleAt ?? Number.POSITIVE_INFINITY,
    markedExpiredAt: fields.markedExpiredAt ?? Number.POSITIVE_INFINITY,
    sequence: fields.sequence,
    size: fields.size,
    version: fields.version,
    bornAt: fields.bornAt,
    life: fields.life,
    lifeHandedOn: fields.lifeHandedOn,
    revision: -1,
    staleAt: 0,
    expiredAt: 0,
    failures: 0,
    retryAt: 0,
    isFailing: false,
  }
}
