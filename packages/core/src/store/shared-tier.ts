import { randomUUID } from 'node:crypto'
import { schedule } from '../cache/clock.ts'
import type { Codec } from '../cache/codec.ts'
import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import type { Marking } from '../cache/ledger.ts'
import { portable } from '../cache/portable.ts'
import type { MaybePromise, Recorded, Tier } from '../cache/tier.ts'
import { checkedReply, checkedView, viewIn } from './checked-view.ts'
import { Guard } from './guard.ts'
import { Items } from './items.ts'
import { sharedLabels } from './labels.ts'
import { Mirror } from './mirror.ts'
import type { StoreSettings } from './options.ts'
import type { Pending } from './outbox.ts'
import { Outbox } from './outbox.ts'
import type { LedgerView, Position, StoreLimits, StorePort } from './port.ts'
import { Turns } from './turns.ts'
import { whenThere } from './when-there.ts'

/** While it asks nobody, it tries again so often. */
const probeMs = 250
/** So many invalidations are on their way at a time; the others wait for their turn. */
const maxRecording = 64
const nowhere: Position = { incarnation: undefined, version: 0 }
/** How often within the time for which nothing need be verified. */
const checksPerLimit = 5

/** A store behind memory: it keeps the ledger here up with the shared one, and brings and shares entries. */
export class SharedTier implements Tier {
  readonly #engine: Engine
  readonly #port: StorePort
  readonly #settings: StoreSettings & StoreLimits
  readonly #guard: Guard
  /** What cannot be stored says nothing of the ledger. */
  readonly #writeGuard: Guard
  readonly #outbox = new Outbox()
  readonly #mirror: Mirror
  readonly #items: Items
  readonly #reads = new Map<string, Promise<Entry | undefined>>()
  readonly #recording = new Turns(maxRecording)
  readonly #sending = new Set<Promise<unknown>>()
  #lastSync: MaybePromise<void> = undefined
  #nextSync: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #isHurried = false
  #verifiedAt = Number.NEGATIVE_INFINITY
  #stopTimer = () => {}
  #stopWatching = () => {}
  #isClosed = false
  #isWriteFailing = false

  constructor(engine: Engine, port: StorePort, settings: StoreSettings & StoreLimits) {
    this.#engine = engine
    this.#port = port
    this.#settings = settings
    const { clock, ledger } = engine
    this.#guard = new Guard(clock, settings, (isOpen, error) => this.#onGuard(isOpen, error))
    const onWriteGuard = (isOpen: boolean, error: unknown) => this.#onWriteGuard(isOpen, error)
    this.#writeGuard = new Guard(clock, { ...settings, pauseMs: probeMs }, onWriteGuard)
    this.#mirror = new Mirror(ledger, clock, (id) => this.#outbox.told(id))
    const { secret, maxItemBytes: maxBytes } = settings
    this.#items = new Items(engine, this.#mirror, this.#outbox, { secret, maxBytes })
    ledger.maxUnverifiedMs = settings.maxUnverifiedMs
    ledger.isServedUnverified = settings.isServedUnverified
    this.#verify(clock.now())
    this.#check()
    this.#watch()
  }

  refresh(now: number): void {
    if (this.#port.peek === undefined) return
    try {
      const { incarnation, version } = this.#port.peek()
      const known = this.#mirror.position
      if (version === known.version && incarnation === known.incarnation) this.#verify(now)
      else this.#sync()
    } catch {
      // What is wrong is found out, and said, by asking; and again when it is time for that.
      if (!this.#guard.isOpen) this.#sync()
    }
  }

  read<V>(key: string, codec: Codec<V>): MaybePromise<Entry<V> | undefined> {
    const reading = this.#reads.get(key) as Promise<Entry<V> | undefined> | undefined
    if (reading !== undefined) return reading
    const askedAt = this.#engine.clock.now()
    const since = this.#mirror.position
    const reply = this.#guard.call(() => this.#port.read(portable(key), since), checkedReply)
    const entry = whenThere(reply, (answer) => {
      if (answer === undefined) return this.#checkSoon()
      void this.#take(answer.view, since, askedAt)
      return this.#items.bring(answer, { key, codec, askedAt })
    })
    if (!(entry instanceof Promise)) return entry
    const over = entry.finally(() => this.#reads.delete(key))
    this.#reads.set(key, over)
    return over
  }

  write(entry: Entry): void {
    const item = this.#items.item(entry)
    if (item !== undefined) void this.#writeGuard.call(() => this.#port.write(item))
  }

  remove(key: string, fill: Pick<Fill, 'version' | 'bornAt'>): void {
    const stamp = this.#items.stamp(fill.version, fill.bornAt)
    const forMs = this.#engine.limits.fillTimeoutMs
    if (stamp !== undefined) void this.#writeGuard.call(() => this.#port.remove(portable(key), stamp, forMs))
  }

  record(marking: Marking | 'all'): MaybePromise<Recorded> {
    const { ledger, events } = this.#engine
    const version = ledger.position
    if (isEmpty(marking)) return { version, reach: 'everywhere' }
    if (this.#isClosed) {
      events.unrecorded(marking, true)
      return { version, reach: 'here' }
    }
    const pending = this.#outbox.add(randomUUID(), marking)
    return whenThere(this.#send(pending), (recorded) => {
      if (recorded !== undefined) return { version: recorded, reach: 'everywhere' }
      if (pending.isTold) return { version, reach: 'everywhere' }
      events.unrecorded(marking, this.#isClosed)
      this.#checkSoon()
      return { version, reach: 'here' }
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimer()
    this.#stopWatching()
    await this.#flush()
    // Each ends within its deadline, and says itself what has become of it.
    await Promise.all(this.#sending)
    for (const lost of this.#outbox.all()) this.#engine.events.unrecorded(lost.marking, true)
    await this.#guard.probe(() => this.#port.close())
  }

  /** Gives the version under which it was recorded; undefined if that is not known. */
  #send(pending: Pending): MaybePromise<number | undefined> {
    pending.isSent = true
    const sent = this.#recording.run(() => this.#tell(pending))
    const over = whenThere(sent, (version) => {
      pending.isSent = false
      return version
    })
    if (over instanceof Promise) {
      this.#sending.add(over)
      void over.finally(() => this.#sending.delete(over))
    }
    return over
  }

  #tell({ id, marking }: Pending): MaybePromise<number | undefined> {
    const askedAt = this.#engine.clock.now()
    const labels = sharedLabels(marking)
    const expireInMs = marking === 'all' ? 0 : expireIn(marking.expiredAt - askedAt)
    // Of many at once, each answer would tell of all the others.
    const isAlone = this.#recording.size === 1
    const since = isAlone ? this.#mirror.position : nowhere
    const reply = this.#guard.always(
      () => this.#port.record({ id, ...labels, expireInMs }, since),
      checkedView,
    )
    return whenThere(reply, (view) => {
      if (view === undefined) return undefined
      const known = isAlone ? this.#take(view, since, askedAt) : this.#catchUp(view)
      return whenThere(known, () => {
        // Until it is known here what came before it, it counts as not recorded: what is loaded is held against it.
        if (!this.#mirror.knows(view)) return undefined
        this.#outbox.told(id)
        return view.head
      })
    })
  }

  /** Asks once for all who have been answered meanwhile. */
  #catchUp(view: LedgerView): MaybePromise<void> {
    if (this.#mirror.knows(view)) return undefined
    this.#nextSync ??= this.#syncNext()
    return this.#nextSync
  }

  async #syncNext(): Promise<void> {
    await this.#lastSync
    this.#nextSync = undefined
    this.#lastSync = this.#sync()
    await this.#lastSync
  }

  /** Tells what could not be told before, in order. One that is refused does not hold up the others. */
  async #flush(): Promise<void> {
    for (const pending of this.#outbox.all()) {
      if (this.#guard.isOpen) return
      if (!pending.isSent && !pending.isTold) await this.#send(pending)
    }
  }

  #sync(): MaybePromise<void> {
    const askedAt = this.#engine.clock.now()
    const since = this.#mirror.position
    const reply = this.#guard.probe(() => this.#port.sync(since), checkedView)
    return whenThere(reply, (view) => {
      if (view !== undefined) return this.#take(view, since, askedAt)
    })
  }

  #take(view: LedgerView, since: Position, askedAt: number): MaybePromise<void> {
    const { incarnation: before, version: known } = this.#mirror.position
    // Asked from elsewhere than where this is by now: it says nothing of what came between.
    const isAside = view.incarnation === before && since.incarnation !== before && view.head > known
    if (isAside) return this.#sync()
    this.#mirror.measure(view, askedAt)
    const change = this.#mirror.apply(view, askedAt)
    if (change === 'forgot' && before !== undefined) this.#engine.events.store('forgot')
    if (this.#mirror.knows(view)) this.#verify(askedAt)
  }

  #verify(at: number): void {
    if (at <= this.#verifiedAt) return
    this.#verifiedAt = at
    this.#engine.ledger.unverifiedAt = at + this.#settings.maxUnverifiedMs
  }

  /** Something has failed, and may work again before it is time to ask. */
  #checkSoon(): undefined {
    if (this.#isHurried || this.#isClosed) return
    this.#isHurried = true
    this.#stopTimer()
    this.#stopTimer = schedule(this.#engine.clock, () => this.#check(), probeMs)
  }

  /** Again and again: asks where nothing else tells that the ledger here is up to date. */
  #check(): void {
    if (this.#isClosed) return
    this.#isHurried = false
    const isNeeded =
      this.#guard.isFailing ||
      this.#port.peek === undefined ||
      this.#mirror.position.incarnation === undefined
    const checked = isNeeded ? this.#sync() : undefined
    const again = () => {
      const isUnknown = this.#mirror.position.incarnation === undefined
      const isUrgent = this.#guard.isFailing || isUnknown || !this.#outbox.isEmpty
      const pauseMs = isUrgent ? probeMs : Math.max(probeMs, this.#settings.maxUnverifiedMs / checksPerLimit)
      this.#stopTimer()
      if (!this.#isClosed)
        this.#stopTimer = schedule(this.#engine.clock, () => this.#check(), Math.min(pauseMs, maxPauseMs))
    }
    if (!this.#guard.isOpen && !this.#outbox.isEmpty) void this.#flush()
    if (checked instanceof Promise) void checked.then(again, again)
    else again()
  }

  #watch(): void {
    const { watch } = this.#port
    if (watch === undefined) return
    const onView = (view: LedgerView) => {
      if (!this.#isClosed) this.#takeWatched(view)
    }
    this.#stopWatching = watch.call(this.#port, this.#mirror.position, onView)
  }

  /** It says what has happened, not that nothing else has: only an answer to a question does that. */
  #takeWatched(given: LedgerView): void {
    const view = viewIn(given)
    if (view === undefined) return
    const { incarnation, version } = this.#mirror.position
    const [first] = view.records ?? []
    const isNext = view.incarnation === incarnation && first !== undefined && first.version <= version + 1
    if (isNext) this.#mirror.apply(view, this.#engine.clock.now())
    else if (view.incarnation !== incarnation || view.head > version) void this.#sync()
  }

  #onGuard(isOpen: boolean, error: unknown): void {
    this.#engine.events.store(isOpen ? 'failing' : 'working', error)
    if (!isOpen) void this.#flush()
  }

  /** Said apart only where the rest works. */
  #onWriteGuard(isOpen: boolean, error: unknown): void {
    if (isOpen === this.#isWriteFailing || (isOpen && this.#guard.isOpen)) return
    this.#isWriteFailing = isOpen
    this.#engine.events.store(isOpen ? 'failing' : 'working', error)
  }
}

const maxPauseMs = 60_000

/** Later than this is never: a store need not count so far. */
const longestMs = 100 * 365 * 24 * 60 * 60 * 1000

function expireIn(ms: number): number {
  return ms > longestMs ? Number.POSITIVE_INFINITY : Math.max(0, ms)
}

function isEmpty(marking: Marking | 'all'): boolean {
  if (marking === 'all') return false
  const { tags, paths, keys = [], uris = [] } = marking
  return tags.length + paths.length + keys.length + uris.length === 0
}
