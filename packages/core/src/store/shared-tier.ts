import { randomUUID } from 'node:crypto'
import { schedule } from '../cache/clock.ts'
import type { Codec } from '../cache/codec.ts'
import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import type { Marking } from '../cache/ledger.ts'
import type { MaybePromise, Recorded, Tier } from '../cache/tier.ts'
import { Guard } from './guard.ts'
import { Items } from './items.ts'
import { sharedLabels } from './labels.ts'
import { Mirror } from './mirror.ts'
import type { StoreSettings } from './options.ts'
import type { Pending } from './outbox.ts'
import { Outbox } from './outbox.ts'
import type { LedgerView, Position, StoreLimits, StorePort } from './port.ts'
import { whenThere } from './when-there.ts'

/** While it asks nobody, it tries again so often. */
const probeMs = 250
/** How often within the time for which nothing need be verified. */
const checksPerLimit = 5

/** A store behind memory: it keeps the ledger here up with the shared one, and brings and shares entries. */
export class SharedTier implements Tier {
  readonly #engine: Engine
  readonly #port: StorePort
  readonly #settings: StoreSettings & StoreLimits
  readonly #guard: Guard
  readonly #outbox = new Outbox()
  readonly #mirror: Mirror
  readonly #items: Items
  readonly #reads = new Map<string, Promise<Entry | undefined>>()
  #verifiedAt = Number.NEGATIVE_INFINITY
  #stopTimer = () => {}
  #stopWatching = () => {}
  #isClosed = false

  constructor(engine: Engine, port: StorePort, settings: StoreSettings & StoreLimits) {
    this.#engine = engine
    this.#port = port
    this.#settings = settings
    const { clock, ledger } = engine
    this.#guard = new Guard(clock, settings, (isOpen, error) => this.#onGuard(isOpen, error))
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
    const port = this.#port
    if (port.peek === undefined || this.#guard.isOpen) return
    try {
      const { incarnation, version } = port.peek()
      const known = this.#mirror.position
      if (version === known.version && incarnation === known.incarnation) this.#verify(now)
      else this.#sync()
    } catch {
      // What is wrong is found out, and said, by asking.
      this.#sync()
    }
  }

  read<V>(key: string, codec: Codec<V>): MaybePromise<Entry<V> | undefined> {
    const reading = this.#reads.get(key) as Promise<Entry<V> | undefined> | undefined
    if (reading !== undefined) return reading
    const askedAt = this.#engine.clock.now()
    const since = this.#mirror.position
    const reply = this.#guard.call(() => this.#port.read(key, since))
    const entry = whenThere(reply, (answer) => {
      if (answer === undefined) return undefined
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
    if (item !== undefined) void this.#guard.call(() => this.#port.write(item))
  }

  remove(key: string, fill: Pick<Fill, 'version' | 'bornAt'>): void {
    const stamp = this.#items.stamp(fill.version, fill.bornAt)
    const forMs = this.#engine.limits.fillTimeoutMs
    if (stamp !== undefined) void this.#guard.call(() => this.#port.remove(key, stamp, forMs))
  }

  record(marking: Marking | 'all'): MaybePromise<Recorded> {
    const { ledger } = this.#engine
    const version = ledger.position
    const pending = this.#outbox.add(randomUUID(), marking)
    return whenThere(this.#send(pending), (recorded) => {
      if (recorded !== undefined) return { version: recorded, reach: 'everywhere' }
      if (!this.#outbox.has(pending.id)) return { version, reach: 'everywhere' }
      this.#engine.events.unrecorded(marking, false)
      return { version, reach: 'here' }
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimer()
    this.#stopWatching()
    await this.#flush()
    for (let lost = this.#outbox.next(); lost !== undefined; lost = this.#outbox.next()) {
      lost.isSent = true
      this.#engine.events.unrecorded(lost.marking, true)
    }
    await this.#guard.probe(() => this.#port.close())
  }

  /** Gives the version under which it was recorded; undefined if that is not known. */
  #send(pending: Pending): MaybePromise<number | undefined> {
    const { clock } = this.#engine
    const { id, marking } = pending
    const askedAt = clock.now()
    const expireInMs = marking === 'all' ? 0 : Math.max(0, marking.expiredAt - askedAt)
    pending.isSent = true
    const since = this.#mirror.position
    const reply = this.#guard.call(() =>
      this.#port.record({ id, ...sharedLabels(marking), expireInMs }, since),
    )
    return whenThere(reply, (view) =>
      whenThere(view && this.#take(view, since, askedAt), () => {
        pending.isSent = false
        // Until it is known here what came before it, it counts as not recorded: what is loaded is held against it.
        if (view === undefined || !this.#mirror.knows(view)) return undefined
        this.#outbox.told(id)
        return view.head
      }),
    )
  }

  /** Tells what could not be told before, in order. */
  async #flush(): Promise<void> {
    for (let next = this.#outbox.next(); next !== undefined; next = this.#outbox.next()) {
      if ((await this.#send(next)) === undefined && this.#outbox.has(next.id)) return
    }
  }

  #sync(): MaybePromise<void> {
    const askedAt = this.#engine.clock.now()
    const since = this.#mirror.position
    const reply = this.#guard.probe(() => this.#port.sync(since))
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

  /** Again and again: asks where nothing else tells that the ledger here is up to date. */
  #check(): void {
    if (this.#isClosed) return
    const isNeeded =
      this.#guard.isOpen || this.#port.peek === undefined || this.#mirror.position.incarnation === undefined
    const checked = isNeeded ? this.#sync() : undefined
    const again = () => {
      const isUrgent = this.#guard.isOpen || this.#mirror.position.incarnation === undefined
      const pauseMs = isUrgent ? probeMs : Math.max(probeMs, this.#settings.maxUnverifiedMs / checksPerLimit)
      if (!this.#isClosed)
        this.#stopTimer = schedule(this.#engine.clock, () => this.#check(), Math.min(pauseMs, maxPauseMs))
    }
    if (!this.#guard.isOpen && !this.#outbox.isEmpty) void this.#flush()
    void whenThere(checked, again)
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
  #takeWatched(view: LedgerView): void {
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
}

const maxPauseMs = 60_000
