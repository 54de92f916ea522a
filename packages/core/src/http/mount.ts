import type { Cache } from '../cache/cache.ts'
import { schedule } from '../cache/clock.ts'
import type { Engine } from '../cache/engine.ts'
import { engineOf } from '../cache/engine-of.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill, Landing } from '../cache/fills.ts'
import { maxWaiters } from '../cache/fills.ts'
import { givenTags } from '../cache/given-tags.ts'
import { FillScope } from '../cache/scope.ts'
import { describeError, explainOnce, warnOnce } from '../cache/warnings.ts'
import { pathLabels } from '../state/path.ts'
import { bypassReason, hasCredentials } from './bypass.ts'
import { formatCacheStatus } from './cache-status.ts'
import type { CaptureFields } from './capture.ts'
import { Capture } from './capture.ts'
import { hitHandle, staleHandle } from './handle.ts'
import { hasPlainHost } from './host.ts'
import { keyedTarget } from './key.ts'
import type { Found } from './lookup.ts'
import { forwardReason, isForVariant, lookup } from './lookup.ts'
import type { ResolvedOptions, ResponseCacheOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import { notePassage, passageOf } from './passage.ts'
import { Refill } from './refill.ts'
import type { IncomingRequest } from './request.ts'
import { pathOf } from './request.ts'
import { respond } from './respond.ts'
import type { Place } from './store-response.ts'
import type { StoredResponse } from './stored-response.ts'
import type { Verdict } from './verdict.ts'
import { pass, stayOut } from './verdict.ts'

/** Nobody waits longer for a flight of which it is not known whether it will be shared, counted from its start. */
const undecidedWaitMs = 200
/** A waiter sees so many flights fail, then goes on alone. */
const maxFailures = 2

/** One place in an application where responses are cached. */
export class Mount<Native = unknown> {
  readonly #engine: Engine
  readonly #options: ResolvedOptions<Native>
  readonly #place: Place

  /**
   * `place`: `front` if nothing changes the bytes between here and the client, else `inside` a framework.
   * @throws CacheError as `resolveOptions` does
   */
  constructor(cache: Cache, options: ResponseCacheOptions<Native, string> = {}, place: Place = 'inside') {
    this.#engine = engineOf(cache)
    this.#options = resolveOptions(this.#engine, options)
    this.#place = place
  }

  /** Where the ledger stands: whatever is read from now on is at least as new. */
  get position(): number {
    return this.#engine.ledger.position
  }

  /**
   * What to do with a request; a promise only if there is a flight to wait for. Never throws or rejects: where
   * the cache fails, the application goes on without it.
   */
  decide(request: IncomingRequest<Native>): Verdict | Promise<Verdict> {
    try {
      const verdict = this.#decide(request)
      return verdict instanceof Promise ? verdict.catch((error) => this.#passOver(request, error)) : verdict
    } catch (error) {
      return this.#passOver(request, error)
    }
  }

  /** decide → key → memory tier → freshness → respond */
  #decide(request: IncomingRequest<Native>): Verdict | Promise<Verdict> {
    const { refill, outer, native, carrier = native } = request
    if (!this.#engine.isEnabled) return stayOut()
    if (refill !== undefined && !refill.isReached && refill.mount !== this) return stayOut()
    const passage = passageOf(carrier, this.#engine)
    outer?.cede()
    // The same mount once more: what is kept for the inner place, the outer one would answer too.
    if (passage?.mounts.has(this.#options.name)) return stayOut()
    // What lies between a mount further out and this one may have read data already.
    const position = passage?.position ?? request.position ?? this.position
    const verdict = this.#judge(request, position)
    if (verdict instanceof Promise || verdict.do !== 'send') {
      notePassage(carrier, this.#engine, this.#options.name, position)
    }
    return verdict
  }

  #judge(request: IncomingRequest<Native>, position: number): Verdict | Promise<Verdict> {
    const { refill } = request
    if (refill?.mount === this && !refill.isReached) return this.#reach(refill, request)
    const reason = bypassReason(request, this.#options)
    return reason === undefined ? this.#serve(request, position) : this.#bypass(request, reason)
  }

  #serve(request: IncomingRequest<Native>, position: number): Verdict | Promise<Verdict> {
    const engine = this.#engine
    const now = engine.clock.now()
    const found = lookup(engine, request, this.#options, { position, at: now })
    const { entry } = found
    if (entry === undefined || found.isForbidden) return this.#miss(request, found)
    const freshness = engine.ledger.judge(entry, now)
    // Something old must not be stored as part of something new.
    const isTooOld = freshness === 'stale' && request.within?.isDecided === true
    if (freshness === 'expired' || isTooOld) return this.#miss(request, found)
    return freshness === 'fresh'
      ? this.#hit(request, entry, now)
      : this.#stale(request, found.urlKey, entry, now)
  }

  #hit(request: IncomingRequest<Native>, entry: Entry<StoredResponse>, now: number): Verdict {
    this.#engine.events.key('hit', entry.key)
    this.#handOn(entry, request, now)
    const ttl = Math.ceil((Math.min(entry.staleAt, entry.expiredAt) - now) / 1000)
    const response = respond(entry, request, now, formatCacheStatus({ hit: true, ttl }))
    return { do: 'send', response, handle: hitHandle }
  }

  /** The old response goes out at once; the first who comes by starts a refill behind it. */
  #stale(
    request: IncomingRequest<Native>,
    urlKey: string,
    entry: Entry<StoredResponse>,
    now: number,
  ): Verdict {
    const engine = this.#engine
    engine.events.key('stale', entry.key)
    this.#handOn(entry, request, now)
    // A mark tells that it is stale, not since when.
    const ttl = Number.isFinite(entry.staleAt) ? Math.min(-1, Math.floor((entry.staleAt - now) / 1000)) : -1
    const response = respond(entry, request, now, formatCacheStatus({ hit: true, ttl }))
    if (!engine.canRefill(entry, entry.key, now)) return { do: 'send', response, handle: staleHandle }
    const fill = engine.fills.begin<StoredResponse>(entry.key, this.#scope(request, true), now, entry)
    const refill = new Refill({ engine, mount: this, request, fill, previous: entry, urlKey })
    return { do: 'send', response, handle: staleHandle, refill }
  }

  #miss(request: IncomingRequest<Native>, found: Found): Verdict | Promise<Verdict> {
    const { history, events } = this.#engine
    const nature = history.get(found.key)
    if (nature?.isCeded) return stayOut()
    events.key('miss', found.key)
    // What a HEAD gives is no response to a GET, so there is nothing to store and nothing to share.
    if (request.method === 'HEAD') return pass(formatCacheStatus({ fwd: forwardReason(found) }))
    if (!hasPlainHost(request)) return this.#bypass(request, 'host')
    if (nature?.isUncollapsible || hasCredentials(request, this.#options)) {
      return this.#lead(request, found, false)
    }
    const flight = this.#flight(request, found)
    return flight === undefined ? this.#lead(request, found, true) : this.#follow(request, found, flight)
  }

  /**
   * The flight to wait for. Not one that began before what it is known to depend on was invalidated, unless
   * there are so many that there must not be another.
   */
  #flight(request: IncomingRequest<Native>, found: Found): Fill<StoredResponse> | undefined {
    const { fills } = this.#engine
    const { key, position } = found
    const flight = fills.flight(key) as Fill<StoredResponse> | undefined
    if (flight === undefined || position <= flight.version || fills.isFull(key)) return flight
    return fills.canJoin(flight, found, 'hard', pathLabels(request.target)) ? flight : undefined
  }

  /** Runs the handler, and lets others wait for it if it is a flight. */
  #lead(request: IncomingRequest<Native>, found: Found, isFlight: boolean): Verdict {
    const { fills, history, clock } = this.#engine
    const { key, urlKey, entry, position } = found
    const isDecided = this.#options.isOptedIn || entry !== undefined || history.get(key)?.isDecided === true
    const scope = this.#scope(request, isDecided)
    const fill = fills.begin<StoredResponse>(key, scope, clock.now(), entry, { isFlight, version: position })
    const stopTimer = this.#engine.startFillTimer(() => fills.giveUp(fill))
    const forward = forwardReason(found)
    return this.#capture(request, {
      fill,
      urlKey,
      previous: entry,
      forward,
      status: 'miss',
      onEnd: stopTimer,
    })
  }

  /** A refill has come through the application to where it is wanted. */
  #reach(refill: Refill, request: IncomingRequest<Native>): Verdict {
    refill.isReached = true
    const { fill, urlKey, previous } = refill
    const onEnd = () => refill.finish()
    return this.#capture(request, { fill, urlKey, previous, forward: 'stale', status: 'refill', onEnd })
  }

  #capture(
    request: IncomingRequest<Native>,
    rest: Pick<CaptureFields, 'fill' | 'urlKey' | 'previous' | 'forward' | 'status' | 'onEnd'>,
  ): Verdict {
    this.#tag(rest.fill.scope, request)
    const capture = new Capture({
      engine: this.#engine,
      options: this.#options as ResolvedOptions<never>,
      place: this.#place,
      request,
      hasCredentials: hasCredentials(request, this.#options),
      ...rest,
    })
    return { do: 'capture', capture, target: keyedTarget(request.target, this.#options.query) }
  }

  #tag(scope: FillScope, { native }: IncomingRequest<Native>): void {
    const { tags } = this.#options
    try {
      scope.tag(typeof tags === 'function' ? givenTags(tags(native)) : tags)
    } catch (error) {
      scope.refuse('tags-failed')
      const message = `${scope.name} is not cached: its tags function failed: ${describeError(error)}`
      warnOnce('RESTALE_TAGS_FAILED', scope.subject, message)
    }
  }

  /**
   * Waits for a flight, and takes what lands if it is for everybody and was not invalidated before this
   * request began. If it failed, one of those who waited tries; a refusal lets all go on at once.
   */
  async #follow(
    request: IncomingRequest<Native>,
    found: Found,
    first: Fill<StoredResponse>,
  ): Promise<Verdict> {
    const { ledger, history } = this.#engine
    const { key, position, at } = found
    let flight = first
    for (let failures = 0; failures < maxFailures && flight.waiters < maxWaiters; ) {
      const landing = await this.#wait(flight)
      if (landing === undefined || landing.how === 'refused' || flight.isWithdrawn) break
      if (landing.how === 'failed') failures += landing.isAborted ? 0 : 1
      else {
        const { entry } = landing
        if (!isForVariant(entry, request)) {
          // Were it not stored, the followers of other variants would go one after the other.
          if (this.#engine.memory.peek(entry.key) !== entry) break
          return this.#serve(request, position)
        }
        const isMarked = ledger.isMarked(entry.version, position, entry, 'hard', at)
        if (!isMarked) return this.#collapsed(request, found, entry)
      }
      const next = this.#flight(request, found)
      if (next === undefined) return this.#lead(request, found, true)
      flight = next
    }
    return history.get(key)?.isCeded ? stayOut() : this.#lead(request, found, false)
  }

  #collapsed(request: IncomingRequest<Native>, found: Found, entry: Entry<StoredResponse>): Verdict {
    const now = this.#engine.clock.now()
    this.#handOn(entry, request, now)
    const cacheStatus = formatCacheStatus({ fwd: forwardReason(found), collapsed: true })
    const response = respond(entry, request, now, cacheStatus)
    return { do: 'send', response, handle: hitHandle }
  }

  /** What is made of a response is labelled by it, as by a cached function. */
  #handOn(entry: Entry, { within }: IncomingRequest<Native>, now: number): void {
    if (within === undefined) return
    const { ledger } = this.#engine
    within.consume(entry, this.#engine, now)
    if (ledger.judge(entry, now) !== 'fresh') within.refuseStale(ledger.markedExpiredAt(entry))
  }

  /** Undefined if it took too long, above all with nobody knowing whether it will be shared. */
  async #wait(flight: Fill<StoredResponse>): Promise<Landing<StoredResponse> | undefined> {
    const { clock, limits } = this.#engine
    const cancels: (() => void)[] = []
    const givenUp = new Promise<undefined>((resolve) => {
      const giveUp = () => resolve(undefined)
      const giveUpUndecided = () => flight.scope.isDecided || giveUp()
      cancels.push(schedule(clock, giveUp, limits.fillTimeoutMs))
      const undecidedMs = undecidedWaitMs - (clock.now() - flight.bornAt)
      if (undecidedMs > 0) cancels.push(schedule(clock, giveUpUndecided, undecidedMs))
      else giveUpUndecided()
    })
    flight.waiters++
    try {
      return await Promise.race([flight.landed, givenUp])
    } finally {
      flight.waiters--
      for (const cancel of cancels) cancel()
    }
  }

  #scope({ method, target, isRoute }: IncomingRequest<Native>, isDecided: boolean): FillScope {
    const { isOptedIn, life, name } = this.#options
    const scope = new FillScope('response', this.#engine, `${method} ${pathOf(target)}`, `mount ${name}`)
    scope.isDecided = isDecided
    scope.isOptedIn = isOptedIn && isRoute
    if (scope.isOptedIn && life !== undefined) scope.limitLife(life)
    return scope
  }

  #passOver(request: IncomingRequest<Native>, error: unknown): Verdict {
    const message = `The cache failed, and the request went past it: ${describeError(error)}`
    warnOnce('RESTALE_INTERNAL', this.#options.name, message)
    return this.#bypass(request, 'error')
  }

  #bypass({ method, target }: IncomingRequest<Native>, reason: string): Verdict {
    this.#engine.events.reason('bypass', undefined, reason)
    if (reason === 'method') return pass(formatCacheStatus({ fwd: 'method' }))
    // By mount: which route it would have come to is not known, and a client can make up any number of paths.
    explainOnce(`mount ${this.#options.name}`, reason, `${method} ${pathOf(target)}`)
    return pass(formatCacheStatus({ fwd: 'bypass', detail: reason }))
  }
}
