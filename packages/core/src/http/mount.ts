import type { Cache } from '../cache/cache.ts'
import { schedule } from '../cache/clock.ts'
import type { Engine } from '../cache/engine.ts'
import { engineOf } from '../cache/engine-of.ts'
import type { Entry } from '../cache/entry.ts'
import { endFill } from '../cache/fill.ts'
import type { Fill, Landing } from '../cache/fills.ts'
import { maxWaiters } from '../cache/fills.ts'
import { givenTags } from '../cache/given-tags.ts'
import { FillScope } from '../cache/scope.ts'
import type { Tier } from '../cache/tier.ts'
import { describeError, explainOnce, warnOnce } from '../cache/warnings.ts'
import type { Freshness } from '../state/freshness.ts'
import { pathLabels } from '../state/path.ts'
import { bypassReason, hasCredentials } from './bypass.ts'
import { formatCacheStatus } from './cache-status.ts'
import type { CaptureFields } from './capture.ts'
import { Capture } from './capture.ts'
import { embed } from './embed.ts'
import { bypassHandle, hitHandle, staleHandle } from './handle.ts'
import { hasPlainHost } from './host.ts'
import { keyedTarget } from './key.ts'
import type { Found } from './lookup.ts'
import { forwardReason, isForVariant, lookup } from './lookup.ts'
import type { ResolvedOptions, ResponseCacheOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import { notePassage, passageOf } from './passage.ts'
import { ReadyHits } from './ready-hits.ts'
import { Refill } from './refill.ts'
import type { IncomingRequest } from './request.ts'
import { pathOf } from './request.ts'
import type { RequestControl } from './request-control.ts'
import { nothingAsked, requestControl } from './request-control.ts'
import { gatewayTimeout, plainQuestion, respond } from './respond.ts'
import { responseCodec } from './response-codec.ts'
import { freshnessFor, isToBeValidated, mayStandIn } from './reuse.ts'
import type { Place } from './store-response.ts'
import type { StoredResponse } from './stored-response.ts'
import { unsafeWatch } from './unsafe.ts'
import { uriLabel } from './uri.ts'
import type { SendVerdict, Verdict } from './verdict.ts'
import { pass, stayOut } from './verdict.ts'

/** Nobody waits longer for a flight of which it is not known whether it will be shared, counted from its start. */
const undecidedWaitMs = 200
/** A waiter sees so many flights fail, then goes on alone. */
const maxFailures = 2

/** A request for what has to be made first. */
interface Wanted<Native = unknown> {
  readonly request: IncomingRequest<Native>
  readonly found: Found
  /** Seconds for which its client takes something stale in the place of an error. */
  readonly staleIfError: number
}

/** One place in an application where responses are cached. */
export class Mount<Native = unknown> {
  readonly #engine: Engine
  readonly #options: ResolvedOptions<Native>
  readonly #place: Place
  readonly #readyHits = new ReadyHits()

  /**
   * `place`: `front` if nothing changes the bytes between here and the client, else `inside` a framework.
   * @throws CacheError as `resolveOptions` does
   */
  constructor(cache: Cache, options: ResponseCacheOptions<Native, string> = {}, place: Place = 'inside') {
    this.#engine = engineOf(cache)
    this.#options = resolveOptions(this.#engine, options)
    this.#place = place
  }

  /** Where the ledger stands, with what others have recorded: whatever is read from now on is at least as new. */
  get position(): number {
    const { tier, clock, ledger } = this.#engine
    tier?.refresh(clock.now())
    return ledger.position
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
    if (passage?.mounts.includes(this.#options.name)) return stayOut()
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

  /** `sharedKey`: what others have stored under it is in memory by now, if there is anything. */
  #serve(request: IncomingRequest<Native>, position: number, sharedKey?: string): Verdict | Promise<Verdict> {
    const engine = this.#engine
    const now = engine.clock.now()
    engine.tier?.refresh(now)
    const asked = this.#options.obeysRequests ? requestControl(request.headers) : nothingAsked
    if (asked.noStore) return this.#forward('no-store')
    const found = lookup(engine, request, this.#options, { position, at: now })
    const { entry } = found
    const freshness = this.#freshness(found, asked, now)
    if (entry !== undefined && freshness === 'fresh') return this.#hit(request, entry, now)
    // Something old must not be stored as part of something new.
    const isTooOld = freshness === 'stale' && request.within?.isDecided === true
    if (entry !== undefined && freshness === 'stale' && !isTooOld)
      return this.#stale(request, found.urlKey, entry, now)
    if (engine.tier !== undefined && found.key !== sharedKey && this.#mayBeShared(found))
      return this.#askOthers(engine.tier, request, found)
    if (freshness === 'no') return this.#miss(request, { ...found, isPassedOver: true }, asked)
    return entry !== undefined && !found.isForbidden && this.#isFailing(entry, asked, now)
      ? this.#sendStale(request, entry, now, 'stale-if-error')
      : this.#miss(request, found, asked)
  }

  /** What is stored is to this request. */
  #freshness({ entry, isForbidden }: Found, asked: RequestControl, now: number): Freshness | 'no' {
    const { ledger } = this.#engine
    if (entry === undefined || isForbidden) return 'expired'
    return asked === nothingAsked ? ledger.judge(entry, now) : freshnessFor(asked, entry, ledger, now)
  }

  #mayBeShared({ key, isForbidden }: Found): boolean {
    const nature = this.#engine.history.get(key)
    return !isForbidden && !nature?.isCeded && !nature?.isUncollapsible
  }

  /** Before anything is made: other processes may have it. Then it is in memory, and looked up there. */
  #askOthers(
    tier: Tier,
    request: IncomingRequest<Native>,
    { key, position }: Found,
  ): Verdict | Promise<Verdict> {
    const read = tier.read(key, responseCodec)
    return read instanceof Promise
      ? read.then(() => this.#serve(request, position, key))
      : this.#serve(request, position, key)
  }

  #hit(request: IncomingRequest<Native>, entry: Entry<StoredResponse>, now: number): Verdict {
    const { events } = this.#engine
    events.key('hit', entry.key)
    embed(this.#engine, entry, request.within, now)
    const detail = this.#unverified(entry, now)
    const question = detail === undefined ? plainQuestion(request) : undefined
    const ready = question && this.#readyHits.find(entry, question, now)
    if (ready !== undefined) return ready
    const ttl = Math.ceil((Math.min(entry.staleAt, entry.expiredAt) - now) / 1000)
    const cacheStatus = formatCacheStatus({ hit: true, ttl, detail })
    const response = respond(entry, request, { now, isFresh: true, cacheStatus, told: this.#options })
    const verdict: SendVerdict = { do: 'send', response, handle: hitHandle }
    return question === undefined ? verdict : this.#readyHits.keep(entry, question, now, { verdict, ttl })
  }

  /** It goes out although nobody knows whether it was invalidated elsewhere: that is said. */
  #unverified(entry: Entry, now: number): string | undefined {
    return this.#engine.ledger.isUnverified(entry, now) ? 'unverified' : undefined
  }

  /** It has failed a short while ago, and what is stored may go out instead until it is tried again. */
  #isFailing(entry: Entry<StoredResponse>, asked: RequestControl, now: number): boolean {
    return (
      entry.isFailing &&
      now < entry.retryAt &&
      mayStandIn(entry, asked.staleIfError, this.#engine.ledger, now)
    )
  }

  #sendStale(
    request: IncomingRequest<Native>,
    entry: Entry<StoredResponse>,
    now: number,
    detail?: string,
  ): SendVerdict {
    const engine = this.#engine
    engine.events.key('stale', entry.key)
    embed(engine, entry, request.within, now)
    // A mark tells that it is stale, not since when.
    const ttl = Number.isFinite(entry.staleAt) ? Math.min(-1, Math.floor((entry.staleAt - now) / 1000)) : -1
    const cacheStatus = formatCacheStatus({ hit: true, ttl, detail: detail ?? this.#unverified(entry, now) })
    const use = { now, isFresh: false, cacheStatus, told: this.#options }
    return { do: 'send', response: respond(entry, request, use), handle: staleHandle }
  }

  /** The old response goes out at once; the first who comes by starts a refill behind it. */
  #stale(
    request: IncomingRequest<Native>,
    urlKey: string,
    entry: Entry<StoredResponse>,
    now: number,
  ): Verdict {
    const engine = this.#engine
    const sent = this.#sendStale(request, entry, now)
    if (!engine.canRefill(entry, entry.key, now)) return sent
    const uri = this.#uriOf(request)
    const fill = engine.fills.begin<StoredResponse>(entry.key, this.#scope(request, true), now, entry, {
      uri,
    })
    const refill = new Refill({ engine, mount: this, request, fill, previous: entry, urlKey })
    return { ...sent, refill }
  }

  #miss(request: IncomingRequest<Native>, found: Found, asked: RequestControl): Verdict | Promise<Verdict> {
    const { history, events } = this.#engine
    const nature = history.get(found.key)
    if (nature?.isCeded) return stayOut()
    events.key('miss', found.key)
    if (asked.onlyIfCached) return { do: 'send', response: gatewayTimeout, handle: bypassHandle }
    // What a HEAD gives is no response to a GET, so there is nothing to store and nothing to share.
    if (request.method === 'HEAD') return pass(formatCacheStatus({ fwd: forwardReason(found) }))
    if (!hasPlainHost(request)) return this.#bypass(request, 'host')
    const isAlone = nature?.isUncollapsible || found.isPassedOver || hasCredentials(request, this.#options)
    const flight = isAlone ? undefined : this.#flight(request, found)
    const wanted: Wanted<Native> = { request, found, staleIfError: asked.staleIfError }
    return flight === undefined ? this.#lead(wanted, !isAlone) : this.#follow(wanted, flight)
  }

  /**
   * The flight to wait for. Not one that began before what it is known to depend on was invalidated, unless
   * there are so many that there must not be another.
   */
  #flight(request: IncomingRequest<Native>, found: Found): Fill<StoredResponse> | undefined {
    const { fills } = this.#engine
    const { key, position } = found
    const flight = fills.flight(key) as Fill<StoredResponse> | undefined
    if (flight === undefined || fills.isCutOff(flight, found.at)) return undefined
    if (position <= flight.version || fills.isFull(key)) return flight
    return fills.canJoin(flight, found, 'hard', pathLabels(request.target)) ? flight : undefined
  }

  /** Runs the handler, and lets others wait for it if it is a flight. */
  #lead({ request, found, staleIfError }: Wanted<Native>, isFlight: boolean): Verdict {
    const { fills, history, clock } = this.#engine
    const { key, urlKey, entry, position } = found
    const isDecided = this.#options.isOptedIn || entry !== undefined || history.get(key)?.isDecided === true
    const scope = this.#scope(request, isDecided)
    const uri = this.#uriOf(request)
    const started = { isFlight, version: position, uri }
    const fill = fills.begin<StoredResponse>(key, scope, clock.now(), entry, started)
    const stopTimer = this.#engine.startFillTimer(() => fills.giveUp(fill))
    const forward = forwardReason(found)
    return this.#capture(request, {
      fill,
      urlKey,
      previous: entry,
      isPreviousUsable: !found.isForbidden,
      isPassedOver: found.isPassedOver === true,
      staleIfError,
      forward,
      status: 'miss',
      onEnd: stopTimer,
    })
  }

  /** A refill has come through the application to where it is wanted: if no other process has been faster. */
  #reach(refill: Refill, request: IncomingRequest<Native>): Verdict | Promise<Verdict> {
    refill.isReached = true
    const read = this.#engine.tier?.read(refill.fill.key, responseCodec)
    const goOn = (entry: Entry | undefined) =>
      entry !== undefined && this.#engine.ledger.judge(entry, this.#engine.clock.now()) === 'fresh'
        ? this.#refilledElsewhere(refill, request, entry as Entry<StoredResponse>)
        : this.#refill(refill, request)
    return read instanceof Promise ? read.then(goOn) : goOn(read)
  }

  #refilledElsewhere(
    refill: Refill,
    request: IncomingRequest<Native>,
    entry: Entry<StoredResponse>,
  ): Verdict {
    endFill(this.#engine, refill.fill, { how: 'value', entry })
    refill.finish()
    return this.#hit(request, entry, this.#engine.clock.now())
  }

  #refill(refill: Refill, request: IncomingRequest<Native>): Verdict {
    const { fill, urlKey, previous } = refill
    const onEnd = () => refill.finish()
    const rest = {
      fill,
      urlKey,
      previous,
      isPreviousUsable: true,
      isPassedOver: false,
      staleIfError: 0,
    } as const
    return this.#capture(request, { ...rest, forward: 'stale', status: 'refill', onEnd })
  }

  #capture(
    request: IncomingRequest<Native>,
    rest: Omit<CaptureFields, 'engine' | 'options' | 'place' | 'request' | 'hasCredentials'>,
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
  async #follow(wanted: Wanted<Native>, first: Fill<StoredResponse>): Promise<Verdict> {
    const { ledger, history } = this.#engine
    const { request, found } = wanted
    const { key, position, at } = found
    let flight = first
    for (let failures = 0; failures < maxFailures && flight.waiters < maxWaiters; ) {
      const landing = await this.#wait(flight)
      if (landing === undefined || landing.how === 'refused' || flight.isWithdrawn) break
      if (landing.how === 'failed') {
        const standIn = landing.isAborted ? undefined : this.#standIn(wanted)
        if (standIn !== undefined) return standIn
        failures += landing.isAborted ? 0 : 1
      } else {
        const { entry } = landing
        if (isToBeValidated(entry)) break
        if (!isForVariant(entry, request)) {
          // Were it not stored, the followers of other variants would go one after the other.
          if (this.#engine.memory.peek(entry.key) !== entry) break
          return this.#serve(request, position)
        }
        const isMarked = ledger.isMarked(entry.version, position, entry, 'hard', at)
        if (!isMarked) return this.#collapsed(request, found, entry)
      }
      const next = this.#flight(request, found)
      if (next === undefined) return this.#lead(wanted, true)
      flight = next
    }
    return history.get(key)?.isCeded ? stayOut() : this.#lead(wanted, false)
  }

  /** What is stored, where the one that was waited for has failed. */
  #standIn({ request, found, staleIfError }: Wanted<Native>): Verdict | undefined {
    const { clock, ledger } = this.#engine
    const { entry, isForbidden } = found
    const now = clock.now()
    if (entry === undefined || isForbidden || !mayStandIn(entry, staleIfError, ledger, now)) return undefined
    return this.#sendStale(request, entry, now, 'stale-if-error')
  }

  #collapsed(request: IncomingRequest<Native>, found: Found, entry: Entry<StoredResponse>): Verdict {
    const now = this.#engine.clock.now()
    embed(this.#engine, entry, request.within, now)
    const isFresh = this.#engine.ledger.judge(entry, now) === 'fresh'
    const cacheStatus = formatCacheStatus({ fwd: forwardReason(found), collapsed: true })
    const response = respond(entry, request, { now, isFresh, cacheStatus, told: this.#options })
    return { do: 'send', response, handle: hitHandle }
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

  #uriOf(request: IncomingRequest<Native>): string {
    const { query, isByHost } = this.#options
    return uriLabel({ ...request, target: keyedTarget(request.target, query) }, isByHost)
  }

  #passOver(request: IncomingRequest<Native>, error: unknown): Verdict {
    const message = `The cache failed, and the request went past it: ${describeError(error)}`
    warnOnce('RESTALE_INTERNAL', this.#options.name, message)
    return this.#bypass(request, 'error')
  }

  /** The client's own wish. */
  #forward(detail: string): Verdict {
    this.#engine.events.reason('bypass', undefined, detail)
    return pass(formatCacheStatus({ fwd: 'request', detail }))
  }

  #bypass(request: IncomingRequest<Native>, reason: string): Verdict {
    const { method, target } = request
    this.#engine.events.reason('bypass', undefined, reason)
    if (reason === 'method') {
      const watch = unsafeWatch(this.#engine, request, this.#options as ResolvedOptions<never>)
      return pass(formatCacheStatus({ fwd: 'method' }), watch)
    }
    // By mount: which route it would have come to is not known, and a client can make up any number of paths.
    explainOnce(`mount ${this.#options.name}`, reason, `${method} ${pathOf(target)}`)
    return pass(formatCacheStatus({ fwd: 'bypass', detail: reason }))
  }
}
