import type { Entry } from './entry.ts'
import type { Labels, Ledger } from './ledger.ts'
import type { FillScope } from './scope.ts'
import type { Tally } from './tally.ts'

/** How a fill ended, for those who waited. */
export type Landing<V = unknown> =
  | {
      readonly how: 'value'
      readonly entry: Entry<V>
    }
  | {
      readonly how: 'failed'
      readonly error: unknown
      /** Its requester left: those who wait try on, however often that happens. */
      readonly isAborted?: boolean
    }
  /** It produced something that only its own requester may have. */
  | {
      readonly how: 'refused'
      readonly reason: string
      /** The next one will be refused as well: nobody waits for it. */
      readonly isNature?: boolean
    }

/** When a call or a request began. */
export interface Moment {
  /** The ledger's position. */
  readonly position: number
  /** Epoch milliseconds. */
  readonly at: number
}

/** Whoever comes when so many wait already goes on alone. */
export const maxWaiters = 10_000
/** At most so many fills of one key that others may wait for. */
const maxFlights = 2
/** At most so many fills that were given up are remembered; the others may not store any more. */
const maxGivenUp = 1_000

/** Producing a value for a key. */
export class Fill<V = unknown> {
  readonly key: string
  readonly scope: FillScope
  /** The position in the ledger, read before anything of the value was. */
  readonly version: number
  readonly bornAt: number
  /** The label of the URL that it is a response of. */
  readonly uri: string | undefined
  /** Start order in this process. */
  readonly sequence: number
  /** Others may wait for it. */
  isFlight: boolean
  /** Resolves once, and never rejects. */
  readonly landed: Promise<Landing<V>>
  /** A fill that started later has replaced or removed the entry. */
  isSuperseded = false
  /** A fill that started earlier has stored meanwhile: which of the two has read the newer data is not certain. */
  isOvertaken = false
  hasLanded = false
  /** What has landed was not for everybody after all. */
  isWithdrawn = false
  /** Waiters beyond a bound go on alone. */
  waiters = 0
  /** Called when the last one who waited has left before it landed. */
  onDeserted: (() => void) | undefined
  readonly #previousTags: readonly string[]
  #resolve!: (landing: Landing) => void

  constructor(fields: {
    key: string
    scope: FillScope
    version: number
    bornAt: number
    sequence: number
    isFlight: boolean
    previous: Entry | undefined
    uri: string | undefined
  }) {
    this.key = fields.key
    this.scope = fields.scope
    this.version = fields.version
    this.bornAt = fields.bornAt
    this.uri = fields.uri
    this.sequence = fields.sequence
    this.isFlight = fields.isFlight
    this.#previousTags = fields.previous?.tags ?? []
    this.landed = new Promise((resolve) => {
      this.#resolve = resolve as (landing: Landing) => void
    })
  }

  /** The tags that it will probably have: those declared so far and those of the entry it replaces. */
  knownLabels(paths: readonly string[] | undefined): Labels {
    return { key: this.key, tags: [...this.scope.tags, ...this.#previousTags], paths, uri: this.uri }
  }

  land(landing: Landing<V>): void {
    this.hasLanded = true
    this.#resolve(landing)
  }
}

/** The fills in progress. */
export class Fills {
  readonly #byKey = new Map<string, Fill[]>()
  readonly #givenUp = new Set<Fill>()
  readonly #ledger: Ledger
  readonly #uris: Tally
  #sequence = 0

  /** `uris`: where the URLs of the fills are counted. */
  constructor(ledger: Ledger, uris: Tally) {
    this.#ledger = ledger
    this.#uris = uris
  }

  /** Registers a fill. `version`: the ledger's position before anything that goes into the value was read. */
  begin<V>(
    key: string,
    scope: FillScope,
    bornAt: number,
    previous: Entry | undefined,
    {
      isFlight = true,
      version = this.#ledger.position,
      uri,
    }: { isFlight?: boolean; version?: number; uri?: string | undefined } = {},
  ): Fill<V> {
    const sequence = ++this.#sequence
    const fill = new Fill<V>({ key, scope, version, bornAt, sequence, isFlight, previous, uri })
    this.#uris.add(uri)
    const others = this.#byKey.get(key)
    if (others === undefined) this.#byKey.set(key, [fill])
    else others.push(fill)
    return fill
  }

  /** The place in the start order that a fill would have which began elsewhere, at that instant in epoch milliseconds. */
  sequenceAt(key: string, startedAt: number): number {
    const later = this.#byKey.get(key)?.find((fill) => fill.bornAt >= startedAt)
    return later === undefined ? ++this.#sequence : later.sequence - 0.5
  }

  /**
   * It takes too long: nobody waits for it any more, and it counts no longer. It may still finish, and store
   * under the same rules as any other.
   */
  giveUp(fill: Fill): void {
    fill.isFlight = false
    this.#givenUp.add(fill)
    fill.land({ how: 'refused', reason: 'timeout' })
    if (this.#givenUp.size <= maxGivenUp) return
    const oldest = this.#givenUp.values().next().value as Fill
    oldest.isSuperseded = true
    this.leave(oldest)
  }

  /** It is over: no one joins it any more. */
  leave(fill: Fill): void {
    this.#givenUp.delete(fill)
    const known = this.#byKey.get(fill.key)
    const at = known?.indexOf(fill) ?? -1
    if (known === undefined || at < 0) return
    this.#uris.remove(fill.uri)
    if (known.length === 1) this.#byKey.delete(fill.key)
    else this.#byKey.set(fill.key, known.toSpliced(at, 1))
  }

  /** The flight of a key that started last. */
  flight(key: string): Fill | undefined {
    return this.#byKey.get(key)?.findLast((fill) => fill.isFlight)
  }

  hasFlight(key: string): boolean {
    return this.flight(key) !== undefined
  }

  /** As many flights as one key may have are under way: wait for one of them instead of starting another. */
  isFull(key: string): boolean {
    return (this.#byKey.get(key)?.filter((fill) => fill.isFlight).length ?? 0) >= maxFlights
  }

  /**
   * May someone who started then wait for this flight? Not if what it is known to depend on was invalidated
   * between its start and theirs, nor if nobody could tell whether it was.
   */
  canJoin(
    fill: Fill,
    { position, at }: Moment,
    severity: 'hard' | 'any',
    paths?: readonly string[],
  ): boolean {
    if (this.isCutOff(fill, at)) return false
    return !this.#ledger.isMarked(fill.version, position, fill.knownLabels(paths), severity, at)
  }

  /** What it makes is not for someone who started then: it may have been invalidated elsewhere. */
  isCutOff({ bornAt, scope }: Fill, at: number): boolean {
    return this.#ledger.isCutOff({ verifiedAt: Math.min(bornAt, scope.verifiedAt) }, at)
  }

  /** It has ended: whatever started earlier must not store any more, and what started later may be behind it. */
  supersedeEarlier(fill: Fill): void {
    for (const other of this.#byKey.get(fill.key) ?? []) {
      if (other.sequence < fill.sequence) other.isSuperseded = true
      else if (other !== fill) other.isOvertaken = true
    }
  }
}
