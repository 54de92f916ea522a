import type { Engine } from './engine.ts'
import type { Entry } from './entry.ts'
import { refillBehind, startFill } from './fill.ts'
import type { Fill, Landing, Moment } from './fills.ts'
import { maxWaiters } from './fills.ts'
import type { Ledger } from './ledger.ts'
import type { FillScope } from './scope.ts'
import { currentFillScope } from './scope.ts'
import type { Source } from './source.ts'
import type { MaybePromise } from './tier.ts'

/** lookup → fresh: serve; stale: serve and refill behind, unless a fill needs it fresh; else: join or start a fill. */
export async function obtain<V, R>(engine: Engine, source: Source<V, R>): Promise<R> {
  const { key } = source
  const outer = currentFillScope()
  let now = engine.clock.now()
  engine.tier?.refresh(now)
  let entry = engine.memory.get(key) as Entry<V> | undefined
  let freshness = entry === undefined ? 'expired' : engine.ledger.judge(entry, now)
  if (freshness === 'expired' || (freshness === 'stale' && outer?.isDecided)) {
    const asked = askOthers(engine, source)
    // A turn more would let the call begin later than it did.
    const shared = asked instanceof Promise ? await source.wait(asked) : asked
    if (shared !== undefined) {
      now = engine.clock.now()
      entry = shared
      freshness = engine.ledger.judge(shared, now)
    }
  }

  if (entry !== undefined && freshness === 'fresh') {
    engine.events.key('hit', key)
    outer?.consume(entry, engine, now)
    return source.serve(entry)
  }
  if (entry !== undefined && freshness === 'stale' && !outer?.isDecided) {
    if (engine.canRefill(entry, key, now)) refillBehind(engine, source, entry)
    engine.events.key('stale', key)
    return serveStale(engine, source, entry, outer, now)
  }
  if (entry !== undefined && now < entry.retryAt && canStandIn(engine, source, entry, now)) {
    engine.events.key('stale', key)
    return serveStale(engine, source, entry, outer, now)
  }
  engine.events.key('miss', key)
  try {
    return await joinOrStart(engine, source, outer, entry)
  } catch (error) {
    // Looked up again: an invalidation may have come meanwhile, or a newer entry.
    const held = engine.memory.peek(key) as Entry<V> | undefined
    const failedAt = engine.clock.now()
    if (held === undefined || !canStandIn(engine, source, held, failedAt)) throw error
    if (engine.ledger.judge(held, failedAt) === 'fresh') {
      outer?.consume(held, engine, failedAt)
      return source.serve(held)
    }
    // Whose patience was at an end before the fill was: the next ones need not wait as long.
    if (failedAt >= held.retryAt) engine.retryLater(held, error)
    return serveStale(engine, source, held, outer, failedAt)
  }
}

/** What other processes have stored, if this cache has a store. */
function askOthers<V>(
  { tier, history }: Engine,
  { key, codec }: Source<V, unknown>,
): MaybePromise<Entry<V> | undefined> {
  if (tier === undefined || codec === undefined || history.get(key)?.isUncollapsible) return undefined
  return tier.read(key, codec)
}

/** A call sees so many flights given up, then goes on alone: its waiting is bounded. */
const maxGivenUp = 2

/** Joins the flight that there is, or starts a fill; never takes what was invalidated before this call began. */
async function joinOrStart<V, R>(
  engine: Engine,
  source: Source<V, R>,
  outer: FillScope | undefined,
  previous: Entry<V> | undefined,
): Promise<R> {
  const { fills, ledger, history } = engine
  const { key } = source
  const start: Moment = { position: ledger.position, at: engine.clock.now() }
  // What a fill is made of has to be fresh; anyone else may have what has only turned stale.
  const severity = outer?.isDecided ? 'any' : 'hard'
  let isAlone = history.get(key)?.isUncollapsible === true
  for (let givenUp = 0; !isAlone; ) {
    const flight = fills.flight(key) as Fill<V> | undefined
    if (flight === undefined || flight.waiters >= maxWaiters) break
    const canJoin = fills.canJoin(flight, start, severity) && start.at < flight.scope.usableUntil
    if (!canJoin && !fills.isFull(key)) break
    const landing = await land(source, flight)
    if (landing.how === 'refused') isAlone = landing.isNature === true || ++givenUp >= maxGivenUp
    else if (landing.how === 'value' && isFor(engine, landing.entry, flight, start, severity)) {
      handOn(engine, flight, outer)
      if (isMarked(ledger, landing.entry, start, 'any')) refuseStale(engine, landing.entry, outer)
      return source.serve(landing.entry)
    } else if (landing.how === 'failed' && canJoin && !landing.isAborted) {
      handOn(engine, flight, outer)
      throw landing.error
    }
    const held = engine.memory.peek(key) as Entry<V> | undefined
    if (held !== undefined && isFresh(engine, held, start, severity)) {
      outer?.consume(held, engine, engine.clock.now())
      return source.serve(held)
    }
  }
  const isFlight = !isAlone && (fills.flight(key)?.waiters ?? 0) < maxWaiters
  return await lead(engine, source, outer, previous, isFlight)
}

/** May who began at that moment have what a flight has landed? */
function isFor(
  { ledger, fills }: Engine,
  entry: Entry,
  flight: Fill,
  start: Moment,
  severity: 'hard' | 'any',
): boolean {
  if (start.at >= flight.scope.usableUntil || fills.isCutOff(flight, start.at)) return false
  return !isMarked(ledger, entry, start, severity)
}

/** Something else has stored meanwhile. */
function isFresh(engine: Engine, entry: Entry, start: Moment, severity: 'hard' | 'any'): boolean {
  const { ledger, clock } = engine
  return ledger.judge(entry, clock.now()) === 'fresh' && !isMarked(ledger, entry, start, severity)
}

function isMarked(ledger: Ledger, entry: Entry, { position, at }: Moment, severity: 'hard' | 'any'): boolean {
  return ledger.isMarked(entry.version, position, entry, severity, at)
}

async function lead<V, R>(
  engine: Engine,
  source: Source<V, R>,
  outer: FillScope | undefined,
  previous: Entry<V> | undefined,
  isFlight: boolean,
): Promise<R> {
  const { fill, result } = startFill(engine, source, previous, isFlight)
  try {
    return await source.wait(result)
  } finally {
    // Also if it failed: what is made of the failure depends on the same.
    handOn(engine, fill, outer)
  }
}

async function land<V>(source: Source<V, unknown>, flight: Fill<V>): Promise<Landing<V>> {
  flight.waiters++
  try {
    return await source.wait(flight.landed)
  } finally {
    flight.waiters--
    if (flight.waiters === 0 && !flight.hasLanded) flight.onDeserted?.()
  }
}

/** What a value was made of joins the one around it. */
export function handOn(
  engine: Engine,
  { scope, bornAt }: Pick<Fill, 'scope' | 'bornAt'>,
  outer: FillScope | undefined,
): void {
  if (outer === undefined) return
  const lifeHandedOn = scope.lifeHandedOn(scope.life(engine.profiles.default))
  const verifiedAt = Math.min(bornAt, scope.verifiedAt)
  outer.consume({ tags: scope.tags, lifeHandedOn, bornAt, verifiedAt }, engine, engine.clock.now())
  if (scope.isRefusedForNow) {
    outer.usableUntil = Math.min(outer.usableUntil, scope.usableUntil)
    outer.refuseForNow(scope.unstorable as string)
  } else if (scope.unstorable !== undefined) outer.refuse(scope.unstorable)
}

function serveStale<V, R>(
  engine: Engine,
  source: Source<V, R>,
  entry: Entry<V>,
  outer: FillScope | undefined,
  now: number,
): R {
  outer?.consume(entry, engine, now)
  refuseStale(engine, entry, outer)
  return source.serve(entry)
}

function refuseStale({ ledger, clock }: Engine, entry: Entry, outer: FillScope | undefined): void {
  outer?.refuseStale(ledger.markedExpiredAt(entry, clock.now()))
}

/** RFC 5861 §4: within that many seconds beyond its life. What an invalidation has expired never comes back. */
function canStandIn<V>(
  engine: Engine,
  { staleIfError }: Source<V, unknown>,
  entry: Entry<V>,
  now: number,
): boolean {
  if (staleIfError === undefined) return false
  const until = entry.bornAt + (entry.life.expire + staleIfError) * 1000
  return now < until && now < engine.ledger.markedExpiredAt(entry, now)
}
