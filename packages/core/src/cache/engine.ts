import { randomInt } from 'node:crypto'
import type { Life } from '../state/life.ts'
import { Background } from './background.ts'
import type { Clock } from './clock.ts'
import { schedule, systemClock } from './clock.ts'
import type { Codec } from './codec.ts'
import type { Entry } from './entry.ts'
import { createEntry } from './entry.ts'
import type { Events } from './events.ts'
import type { Fill } from './fills.ts'
import { Fills } from './fills.ts'
import { KeyHistory } from './history.ts'
import type { Marking } from './ledger.ts'
import { Ledger } from './ledger.ts'
import { MemoryTier } from './memory.ts'
import type { Profiles } from './profiles.ts'
import { entryBytes } from './size.ts'
import { Tally } from './tally.ts'
import type { MaybePromise, Recorded, Store, Tier } from './tier.ts'

export interface Limits {
  readonly maxBytes: number
  readonly maxEntryBytes: number
  readonly maxMarks: number
  readonly maxRefills: number
  readonly fillTimeoutMs: number
}

/** What a finished fill wants to store. */
export interface Filled<V> {
  readonly value: V
  /** Bytes of the value alone. */
  readonly bytes: number
  readonly life: Life
  readonly paths?: readonly string[] | undefined
  /** The label of the URL that it is a response of. */
  readonly uri?: string | undefined
  /** It is of use beyond its life. @default false */
  readonly isRetained?: boolean | undefined
  /** Where it is stored if not under the key of its fill (a variant). */
  readonly key?: string
  /** Epoch milliseconds; the start of the fill if left out. */
  readonly bornAt?: number
  /** How it is stored beyond memory; never if left out. */
  readonly codec?: Codec | undefined
}

/** Why something was not stored. */
export interface Unstored {
  readonly reason: string
  /** It says against what was stored before, too: that must not go out in its place. */
  readonly isDefinitive: boolean
}

const closeTimeoutMs = 5_000
const firstRetryMs = 1_000
const longestRetryMs = 60_000

/** The parts of one cache, and the rules by which a fill ends. */
export class Engine {
  readonly clock: Clock
  readonly profiles: Profiles
  readonly version: string
  readonly limits: Limits
  readonly events: Events
  readonly ledger: Ledger
  readonly memory: MemoryTier
  readonly fills: Fills
  readonly history = new KeyHistory()
  /** The URLs of which something is stored or under way. */
  readonly uris = new Tally()
  readonly background: Background
  /** Keys of the cached functions that have been registered. */
  readonly functions = new Set<string>()
  isEnabled: boolean
  /** What is shared with other processes, behind memory. */
  readonly tier: Tier | undefined
  #mounts = 0

  constructor(fields: {
    clock: Clock
    profiles: Profiles
    version: string
    limits: Limits
    events: Events
    isEnabled: boolean
    store?: Store | undefined
  }) {
    this.clock = fields.clock
    this.profiles = fields.profiles
    this.version = fields.version
    this.limits = fields.limits
    this.events = fields.events
    this.isEnabled = fields.isEnabled
    this.ledger = new Ledger(fields.limits.maxMarks, fields.store !== undefined)
    this.memory = new MemoryTier(fields.limits, (entry) => this.events.key('evicted', entry.key), this.uris)
    this.fills = new Fills(this.ledger, this.uris)
    this.background = new Background(fields.limits.maxRefills)
    this.tier = fields.store?.attach(this)
  }

  /** Names a mount that has no name of its own, in the order of creation. */
  nextMountName(): string {
    return `#${++this.#mounts}`
  }

  /** The entry that a fill has made, whether or not it may be stored. */
  entryOf<V>(fill: Fill<V>, filled: Filled<V>): Entry<V> {
    const key = filled.key ?? fill.key
    const tags = [...fill.scope.tags]
    const { paths, uri, life, value, codec, isRetained = false } = filled
    return createEntry({
      key,
      value,
      tags,
      paths,
      uri,
      isRetained,
      life,
      lifeHandedOn: fill.scope.lifeHandedOn(life),
      codec,
      startedAt: fill.bornAt,
      verifiedAt: Math.min(fill.bornAt, fill.scope.verifiedAt),
      sequence: fill.sequence,
      size: entryBytes({ key, tags, paths, uri }) + filled.bytes,
      version: fill.version,
      bornAt: filled.bornAt ?? fill.bornAt,
    })
  }

  /** Stores what a fill has made, unless there is a `refusal`, or something else against it. */
  store(fill: Fill, entry: Entry, refusal?: string): Unstored | undefined {
    const unstored =
      refusal === undefined ? this.#whyNotStored(fill, entry) : { reason: refusal, isDefinitive: true }
    if (unstored === undefined) {
      this.fills.supersedeEarlier(fill)
      fill.scope.withdraw = () => this.#withdraw(fill, entry)
      this.tier?.write(entry)
      this.events.key('stored', entry.key)
    } else {
      // Whoever says that it must not be shared says so of what was stored before, too.
      if (isLifeless(entry) && unstored.isDefinitive) this.remove(fill, entry.key)
      this.events.reason('refused', entry.key, unstored.reason)
    }
    return unstored
  }

  /** A definitive end without a value: what was stored is gone, and nothing that started earlier brings it back. */
  remove(fill: Fill, key = fill.key): void {
    this.fills.supersedeEarlier(fill)
    const held = this.memory.peek(key)
    if (held !== undefined && held.sequence <= fill.sequence) this.memory.delete(key)
    // Most responses are never cached, and nobody else has stored them either.
    if (held !== undefined || fill.scope.isOptedIn) this.tier?.remove(key, fill)
  }

  /**
   * The old entry stays, and is not refilled for a while, longer each time. `error`: what has failed, if it is
   * a failure and not only a response that must not be kept.
   */
  retryLater(previous: Entry | undefined, error: unknown): void {
    if (previous === undefined) return
    const delay = Math.min(firstRetryMs * 2 ** previous.failures, longestRetryMs)
    // Half of it at random, so that keys which failed together are not retried together.
    const retryAt = this.clock.now() + delay / 2 + randomInt(Math.ceil(delay / 2) + 1)
    previous.failures++
    previous.retryAt = retryAt
    previous.isFailing = error !== undefined
    if (error !== undefined && this.events.isHeard('refill-failed')) {
      this.events.publish({ kind: 'refill-failed', key: previous.key, error, retryAt })
    }
  }

  /** May a refill of this stale entry start now? */
  canRefill(entry: Entry, key: string, now: number): boolean {
    return this.isEnabled && now >= entry.retryAt && this.background.hasRoom && !this.fills.hasFlight(key)
  }

  /** Calls `onTimeout` unless the returned function is called before the time for one fill is over. */
  startFillTimer(onTimeout: () => void): () => void {
    return schedule(this.clock, onTimeout, this.limits.fillTimeoutMs)
  }

  /** In force in this process when it returns, and everywhere when `recorded` says so. */
  invalidate(marking: Marking, now: number): { version: number; recorded: MaybePromise<Recorded> } {
    const version = this.ledger.invalidate(marking, now)
    return { version, recorded: this.tier?.record(marking) ?? { version, reach: 'everywhere' } }
  }

  /** Forgets everything, and lets no fill in flight store any more. */
  clear(): void {
    this.ledger.invalidateAll()
    void this.tier?.record('all')
    this.memory.clear()
    this.history.clear()
    this.functions.clear()
  }

  /** Starts nothing new, and drains. */
  async close(): Promise<void> {
    this.isEnabled = false
    await this.drain()
    await this.tier?.close()
  }

  /** Resolves when nothing runs in the background any more, or takes too long. */
  async drain(): Promise<void> {
    let stopTimer = () => {}
    const timeout = new Promise<void>((resolve) => {
      stopTimer = schedule(systemClock, resolve, closeTimeoutMs)
    })
    await Promise.race([this.background.idle(), timeout])
    stopTimer()
  }

  #whyNotStored(fill: Fill, entry: Entry): Unstored | undefined {
    const { scope } = fill
    if (!this.isEnabled) return unstored('the cache is disabled')
    if (scope.unstorable !== undefined)
      return { reason: scope.unstorable, isDefinitive: !scope.isRefusedForNow }
    if (isLifeless(entry) && !entry.isRetained) return definitive('its life is 0')
    const now = this.clock.now()
    this.tier?.refresh(now)
    if (this.ledger.isCutOff(entry, now)) return unstored('nobody knows what was invalidated meanwhile')
    const held = this.memory.peek(entry.key)
    const isBehind = fill.isSuperseded || (held !== undefined && held.sequence > entry.sequence)
    if (isBehind) return unstored('a later fill has ended before')
    const freshness = this.ledger.judge(entry, now)
    const isOfUse = entry.isRetained && now < this.ledger.markedExpiredAt(entry, now)
    if (freshness === 'expired' && !isOfUse) return definitive('it expired while it was made')
    // Which of the two has read the newer data is not certain; as it is, nobody sees data go back.
    const isHeldUsable = held !== undefined && this.ledger.judge(held, now) !== 'expired'
    if (freshness === 'stale' && fill.isOvertaken && isHeldUsable)
      return unstored('another fill has ended before')
    if (!this.memory.set(entry)) return definitive(`it is larger than ${this.memory.maxEntryBytes} bytes`)
    return undefined
  }

  /** Others may have it in their memory by now, and only an invalidation reaches that. */
  #withdraw(fill: Fill, { key, sequence }: Entry): void {
    if (this.memory.peek(key)?.sequence === sequence) this.memory.delete(key)
    if (this.tier === undefined) return
    this.tier.remove(key, fill)
    const now = this.clock.now()
    void this.invalidate({ tags: [], paths: [], keys: [key], expiredAt: now }, now)
  }
}

function unstored(reason: string): Unstored {
  return { reason, isDefinitive: false }
}

function definitive(reason: string): Unstored {
  return { reason, isDefinitive: true }
}

/** Not shared beyond those who wait for it already. */
function isLifeless({ life }: Entry): boolean {
  return life.revalidate <= 0 || life.expire <= 0
}
