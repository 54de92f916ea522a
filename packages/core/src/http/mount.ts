import type { Cache } from '../cache/cache.ts'
import { schedule } from '../cache/clock.ts'
import { engineOf } from '../cache/create-cache.ts'
import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill, Landing } from '../cache/fills.ts'
import type { InertScope } from '../cache/scope.ts'
import { FillScope, inertScope } from '../cache/scope.ts'
import { warnOnce } from '../cache/warnings.ts'
import { pathLabels } from '../state/path.ts'
import type { ForwardReason } from './cache-status.ts'
import { formatCacheStatus } from './cache-status.ts'
import { Capture, variantKey } from './capture.ts'
import type { CacheHandle } from './handle.ts'
import { bypassHandle, hitHandle, staleHandle } from './handle.ts'
import { headerValue } from './headers.ts'
import type { KeyPair } from './key.ts'
import { cacheKey, cookieValues, keyedTarget } from './key.ts'
import type { ResolvedOptions, ResponseCacheOptions } from './options.ts'
import { resolveOptions } from './options.ts'
import { Refill } from './refill.ts'
import type { IncomingRequest } from './request.ts'
import { hasContent, hasPlainHost, pathOf } from './request.ts'
import { respond } from './respond.ts'
import type { OutgoingResponse, StoredResponse } from './stored-response.ts'
import { isVariants } from './stored-response.ts'
import { variantOf } from './vary.ts'

/** What an adapter does with a request. */
export type Verdict =
  /** Run the handler in `scope`, and stay out of the way. */
  | {
      readonly do: 'pass'
      readonly scope: InertScope
      readonly handle: CacheHandle<string>
      readonly cacheStatus?: string
    }
  /** Send `response`, then run `refill` if there is one. */
  | {
      readonly do: 'send'
      readonly response: OutgoingResponse
      readonly handle: CacheHandle<string>
      readonly refill?: Refill
    }
  /** Run the handler in `capture.scope`, with `target` as its URL, and show `capture` what it gives. */
  | { readonly do: 'capture'; readonly capture: Capture; readonly target: string }

/** Followers wait so long for a flight of which nobody knows yet whether it will be shared. */
const undecidedWaitMs = 200
/** Whoever comes when so many wait already goes on alone. */
const maxWaiters = 10_000
/** A waiter sees so many flights fail, then goes on alone. */
const maxFailures = 2

/** One place in an application where responses are cached. */
export class Mount<Native = unknown> {
  readonly #engine: Engine
  readonly #options: ResolvedOptions<Native>
  readonly #place: 'inside' | 'front'

  /**
   * `place`: `front` if nothing changes the bytes between here and the client, else `inside` a framework.
   * @throws CacheError as `resolveOptions` does
   */
  constructor(
    cache: Cache,
    options: ResponseCacheOptions<Native, string> = {},
    place: 'inside' | 'front' = 'inside',
  ) {
    this.#engine = engineOf(cache)
    this.#options = resolveOptions(this.#engine, options)
    this.#place = place
  }

  /** decide → key → memory tier → freshness → respond. A promise only if there is a flight to wait for. */
  decide(request: IncomingRequest<Native>): Verdict | Promise<Verdict> {
    const { refill } = request
    if (refill !== undefined && !refill.isReached) {
      return refill.mount === this ? this.#reach(refill, request) : pass(undefined)
    }
    // What lies between a mount further out and this one may have read data already.
    const position = request.outer?.version ?? this.#engine.ledger.position
    request.outer?.cede()
    const bypass = this.#whyBypass(request)
    if (bypass !== undefined) return this.#bypass(bypass)
    return this.#lookup(request, position)
  }

  #lookup(request: IncomingRequest<Native>, position: number): Verdict | Promise<Verdict> {
    const { memory, ledger, clock } = this.#engine
    const urlKey = this.#key(request)
    const now = clock.now()
    const { key, entry } = selectVariant(urlKey, memory, request)
    const freshness = entry === undefined ? 'expired' : ledger.judge(entry, now)
    if (entry === undefined || freshness === 'expired' || !this.#mayHave(request, entry)) {
      return this.#miss(request, { urlKey, key, entry, position })
    }
    return freshness === 'fresh' ? this.#hit(request, entry, now) : this.#stale(request, urlKey, entry, now)
  }

  #hit(request: IncomingRequest<Native>, entry: Entry<StoredResponse>, now: number): Verdict {
    this.#engine.events.key('hit', entry.key)
    const cacheStatus = formatCacheStatus({
      hit: true,
      ttl: Math.ceil((Math.min(entry.staleAt, entry.expiredAt) - now) / 1000),
    })
    return { do: 'send', response: respond(entry, request, now, cacheStatus), handle: hitHandle }
  }

  #stale(
    request: IncomingRequest<Native>,
    urlKey: string,
    entry: Entry<StoredResponse>,
    now: number,
  ): Verdict {
    const engine = this.#engine
    engine.events.key('stale', entry.key)
    // A mark tells that it is stale, not since when.
    const ttl = Number.isFinite(entry.staleAt) ? Math.min(-1, Math.floor((entry.staleAt - now) / 1000)) : -1
    const response = respond(entry, request, now, formatCacheStatus({ hit: true, ttl }))
    if (!engine.canRefill(entry, entry.key, now)) return { do: 'send', response, handle: staleHandle }
    const fill = engine.fills.begin<StoredResponse>(entry.key, this.#scope(request, true), now, entry)
    const refill = new Refill({ engine, mount: this, request, fill, previous: entry, urlKey })
    return { do: 'send', response, handle: staleHandle, refill }
  }

  #miss(request: IncomingRequest<Native>, found: Found): Verdict | Promise<Verdict> {
    const engine = this.#engine
    const nature = engine.history.get(found.key)
    if (nature?.isCeded) return pass(undefined)
    engine.events.key('miss', found.key)
    const forward = forwardReason(found)
    // What a HEAD gives is no response to a GET, so there is nothing to store and nothing to share.
    if (request.method === 'HEAD') return pass(formatCacheStatus({ fwd: forward }))
    if (!hasPlainHost(request)) return this.#bypass('host')
    const isAlone = nature?.isUncollapsible === true || this.#hasCredentials(request)
    if (isAlone) return this.#lead(request, found, false)
    const flight = this.#flight(request, found)
    return flight === undefined ? this.#lead(request, found, true) : this.#follow(request, found, flight)
  }

  /** The flight to wait for: none that began before what it is known to depend on was invalidated, if there may be another. */
  #flight(request: IncomingRequest<Native>, { key, position }: Found): Fill<StoredResponse> | undefined {
    const { fills } = this.#engine
    const flight = fills.flight(key) as Fill<StoredResponse> | undefined
    if (flight === undefined || position <= flight.version || fills.isFull(key)) return flight
    return fills.canJoin(flight, position, 'hard', pathLabels(request.target)) ? flight : undefined
  }

  /** Runs the handler, and lets others wait for it if it is a flight. */
  #lead(request: IncomingRequest<Native>, found: Found, isFlight: boolean): Verdict {
    const engine = this.#engine
    const { key, urlKey, entry, position } = found
    const isDecided =
      this.#options.isOptedIn || entry !== undefined || engine.history.get(key)?.isDecided === true
    const scope = this.#scope(request, isDecided)
    const fill = engine.fills.begin<StoredResponse>(key, scope, engine.clock.now(), entry, {
      isFlight,
      version: position,
    })
    const stopTimer = engine.startFillTimer(() => {
      engine.fills.leave(fill)
      fill.land({ how: 'refused', reason: 'timeout' })
    })
    return this.#capture(request, {
      fill,
      urlKey,
      previous: entry,
      forward: forwardReason(found),
      status: 'miss',
      onEnd: stopTimer,
    })
  }

  #reach(refill: Refill, request: IncomingRequest<Native>): Verdict {
    refill.isReached = true
    const { fill, urlKey, previous } = refill
    return this.#capture(request, {
      fill,
      urlKey,
      previous,
      forward: 'stale',
      status: 'refill',
      onEnd: () => refill.finish(),
    })
  }

  #capture(
    request: IncomingRequest<Native>,
    rest: Pick<
      ConstructorParameters<typeof Capture>[0],
      'fill' | 'urlKey' | 'previous' | 'forward' | 'status' | 'onEnd'
    >,
  ): Verdict {
    const { tags, query } = this.#options
    const { scope } = rest.fill
    try {
      scope.tag(typeof tags === 'function' ? tags(request.native) : tags)
    } catch (error) {
      scope.refuse('tags-failed')
      warnOnce(
        'RESTALE_TAGS_FAILED',
        scope.subject,
        `${scope.name} is not cached: its tags function threw ${String(error)}`,
      )
    }
    const capture = new Capture({
      engine: this.#engine,
      options: this.#options as ResolvedOptions<never>,
      place: this.#place,
      request: request as IncomingRequest,
      hasCredentials: this.#hasCredentials(request),
      ...rest,
    })
    return { do: 'capture', capture, target: keyedTarget(request.target, query) }
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
    const { ledger } = this.#engine
    const { position } = found
    let failures = 0
    for (let flight: Fill<StoredResponse> | undefined = first; flight !== undefined; ) {
      if (flight.waiters >= maxWaiters) break
      const landing = await this.#wait(flight)
      if (landing === undefined || landing.how === 'refused') break
      if (landing.how === 'failed' && ++failures >= maxFailures) break
      if (landing.how === 'value') {
        const { entry } = landing
        if (!isForVariant(entry, request)) return this.#lookup(request, position)
        if (!ledger.isMarked(entry.version, position, entry, 'hard'))
          return this.#collapsed(request, found, entry)
      }
      flight = this.#flight(request, found)
      if (flight === undefined) return this.#lead(request, found, true)
    }
    if (this.#engine.history.get(found.key)?.isCeded) return pass(undefined)
    return this.#lead(request, found, false)
  }

  #collapsed(request: IncomingRequest<Native>, found: Found, entry: Entry<StoredResponse>): Verdict {
    const cacheStatus = formatCacheStatus({ fwd: forwardReason(found), collapsed: true })
    const now = this.#engine.clock.now()
    return { do: 'send', response: respond(entry, request, now, cacheStatus), handle: hitHandle }
  }

  /** Undefined if it took too long, above all with nobody knowing whether it will be shared. */
  async #wait(flight: Fill<StoredResponse>): Promise<Landing<StoredResponse> | undefined> {
    const { clock, limits } = this.#engine
    const cancels: (() => void)[] = []
    const givenUp = new Promise<undefined>((resolve) => {
      const giveUp = () => resolve(undefined)
      cancels.push(schedule(clock, giveUp, limits.fillTimeoutMs))
      cancels.push(schedule(clock, () => flight.scope.isDecided || giveUp(), undecidedWaitMs))
    })
    flight.waiters++
    try {
      return await Promise.race([flight.landed, givenUp])
    } finally {
      flight.waiters--
      for (const cancel of cancels) cancel()
    }
  }

  /** RFC 9111 §3.5: what was stored is for requests with `Authorization` only if it says so. */
  #mayHave(request: IncomingRequest<Native>, { value }: Entry<StoredResponse>): boolean {
    return value.permitsAuthorization || !this.#hasCredentials(request)
  }

  /** Credentials that are in the key separate their users already. */
  #hasCredentials({ headers }: IncomingRequest<Native>): boolean {
    return headers.authorization !== undefined && !this.#options.keyHeaders.includes('authorization')
  }

  #scope(request: IncomingRequest<Native>, isDecided: boolean): FillScope {
    const { isOptedIn, life, name } = this.#options
    const scope = new FillScope(
      'response',
      this.#engine,
      `${request.method} ${pathOf(request.target)}`,
      `mount ${name}`,
    )
    scope.isDecided = isDecided
    scope.isOptedIn = isOptedIn && request.isRoute
    if (scope.isOptedIn && life !== undefined) scope.limitLife(life)
    return scope
  }

  #key({ scheme, authority, target, rawHeaders }: IncomingRequest<Native>): string {
    const { query, keyHeaders, keyCookies, isByHost, name } = this.#options
    return cacheKey({
      version: this.#engine.version,
      mount: name,
      scheme: isByHost ? scheme : '',
      authority: isByHost ? authority : '',
      target: keyedTarget(target, query),
      headers:
        keyHeaders.length === 0
          ? none
          : keyHeaders.map((header) => [header, headerValue(rawHeaders, header)]),
      cookies: keyCookies.length === 0 ? none : cookieValues(rawHeaders, keyCookies),
    })
  }

  /** Why the request goes past the cache, if it does: whatever must not be answered from, or kept in, one. */
  #whyBypass(request: IncomingRequest<Native>): string | undefined {
    const { method, target, headers } = request
    const { ignoresCookies, isShared, skip } = this.#options
    if (!this.#engine.isEnabled) return 'disabled'
    if (method !== 'GET' && method !== 'HEAD') return 'method'
    if (headers.range !== undefined) return 'range'
    if (headers.upgrade !== undefined) return 'upgrade'
    if (hasContent(headers)) return 'content'
    if (!target.startsWith('/')) return 'target'
    if (headers.cookie !== undefined && !ignoresCookies && !this.#areCookiesKeyed(request)) return 'cookie'
    if (request.isAuthenticated && !isShared) return 'authenticated'
    return skip !== undefined && this.#isSkipped(request, skip) ? 'skip' : undefined
  }

  /** A cookie that is not in the key may make any difference. */
  #areCookiesKeyed({ headers }: IncomingRequest<Native>): boolean {
    const { keyHeaders, keyCookies } = this.#options
    if (keyHeaders.includes('cookie')) return true
    if (keyCookies.length === 0) return false
    const sent = String(headers.cookie).split(';')
    return sent.every((cookie) => keyCookies.includes((cookie.split('=')[0] as string).trim()))
  }

  #isSkipped(request: IncomingRequest<Native>, skip: (request: Native) => boolean): boolean {
    try {
      return skip(request.native) === true
    } catch (error) {
      warnOnce(
        'RESTALE_SKIP_FAILED',
        this.#options.name,
        `skip() threw ${String(error)}: the request goes past the cache.`,
      )
      return true
    }
  }

  #bypass(reason: string): Verdict {
    this.#engine.events.reason('bypass', undefined, reason)
    if (reason === 'disabled') return pass(undefined)
    return pass(
      formatCacheStatus(reason === 'method' ? { fwd: 'method' } : { fwd: 'bypass', detail: reason }),
    )
  }
}

/** Where a request's response is or will be, and what lies there. */
interface Found {
  readonly urlKey: string
  readonly key: string
  readonly entry: Entry<StoredResponse> | undefined
  /** Of the ledger, when the request began. */
  readonly position: number
}

const none: readonly KeyPair[] = []

function selectVariant(
  urlKey: string,
  memory: Engine['memory'],
  request: IncomingRequest,
): Pick<Found, 'key' | 'entry'> {
  const held = memory.get(urlKey)
  if (held === undefined || !isVariants(held.value)) {
    return { key: urlKey, entry: held as Entry<StoredResponse> | undefined }
  }
  const key = variantKey(urlKey, variantOf(held.value.names, request.rawHeaders))
  return { key, entry: memory.get(key) as Entry<StoredResponse> | undefined }
}

function isForVariant({ value }: Entry<StoredResponse>, request: IncomingRequest): boolean {
  return (
    value.variantNames.length === 0 || variantOf(value.variantNames, request.rawHeaders) === value.variant
  )
}

function forwardReason({ urlKey, key, entry }: Found): ForwardReason {
  if (entry !== undefined) return 'stale'
  return key === urlKey ? 'uri-miss' : 'vary-miss'
}

function pass(cacheStatus: string | undefined): Verdict {
  const plain = { do: 'pass', scope: inertScope, handle: bypassHandle } as const
  return cacheStatus === undefined ? plain : { ...plain, cacheStatus }
}
