import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import { handOn } from '../cache/obtain.ts'
import type { FillScope } from '../cache/scope.ts'
import { describeError, explainOnce, warnOnce } from '../cache/warnings.ts'
import { pathLabel, pathLabels } from '../state/path.ts'
import { exactCopy, joinChunks } from './body.ts'
import { parseCacheControl } from './cache-control.ts'
import type { ForwardReason } from './cache-status.ts'
import { formatCacheStatus } from './cache-status.ts'
import { isNotModified } from './conditional.ts'
import type { CacheHandle } from './handle.ts'
import { CaptureHandle } from './handle.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader, headerValue, headerValues } from './headers.ts'
import { lifetime } from './lifetime.ts'
import type { ResolvedOptions } from './options.ts'
import type { IncomingRequest } from './request.ts'
import { pathOf } from './request.ts'
import { generatedCacheControl } from './respond.ts'
import type { Refusal, ResponseHead } from './storable.ts'
import { fail, hasLateCookie, keep, lengthRefusal, nature, refusalOf, unstorableRefusal } from './storable.ts'
import type { Place } from './store-response.ts'
import { etagLines, receivedAge, responseBytes, storedResponse } from './store-response.ts'
import type { StoredResponse } from './stored-response.ts'
import { listVariant, selectingNames, variantKey } from './variants.ts'
import { variantOf } from './vary.ts'

/** What the adapter does with the head that it has shown to the capture. */
export interface HeadPlan {
  /** Lines to set before it goes out. */
  readonly set: HeaderLines
  /** Our member for `Cache-Status`. */
  readonly cacheStatus: string | undefined
  /** The client has it already: 304, without body and without the fields that describe one. */
  readonly isNotModified: boolean
  /** Give the body to `write` as it goes out, then call `end`. */
  readonly isRecorded: boolean
}

const untouched: HeadPlan = { set: [], cacheStatus: undefined, isNotModified: false, isRecorded: false }

export interface CaptureFields {
  readonly engine: Engine
  readonly options: ResolvedOptions<never>
  readonly place: Place
  readonly request: IncomingRequest
  readonly fill: Fill<StoredResponse>
  /** The request has an `Authorization` that is not in the key. */
  readonly hasCredentials: boolean
  /** The key of the URL, under which its variants are listed. */
  readonly urlKey: string
  readonly previous: Entry | undefined
  readonly forward: ForwardReason
  readonly status: 'miss' | 'refill'
  /** Called once, when nothing more will come of this capture. */
  readonly onEnd: () => void
}

/** One response on its way from the handler to the client, and into the cache if it may be stored. */
export class Capture {
  readonly scope: FillScope
  readonly handle: CacheHandle<string>
  /** Conditions and ranges are the cache's from now on: take them away from the handler. */
  onDecided: (() => void) | undefined
  readonly #fields: CaptureFields
  #state: 'open' | 'recording' | 'over' = 'open'
  #head: ResponseHead | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0
  #isAborted = false
  #isStored = false

  constructor(fields: CaptureFields) {
    this.#fields = fields
    this.scope = fields.fill.scope
    this.scope.onOptIn = () => this.onDecided?.()
    this.handle = new CaptureHandle(fields.engine, this, fields.status)
  }

  /** A mount further in has taken the request over, and owns whatever comes of it. */
  cede(): void {
    if (this.#state !== 'open') return
    const { engine, fill, previous } = this.#fields
    engine.history.set(fill.key, { isCeded: true })
    engine.remove(fill, previous?.key)
    this.#over({ how: 'refused', reason: 'ceded' })
  }

  /** The handler wants to have nothing to do with the cache. */
  skip(): void {
    if (this.#state === 'over') return
    if (this.#state === 'recording') {
      this.#refuse(keep('skipped'))
      return
    }
    this.scope.refuse('skipped')
    this.scope.close()
    this.#fields.engine.fills.leave(this.#fields.fill)
    this.#fields.fill.land({ how: 'refused', reason: 'skipped' })
  }

  /** To be called once, when the head is complete and before it goes out. Never throws. */
  head(head: ResponseHead): HeadPlan {
    if (this.#state !== 'open') return untouched
    try {
      return this.#plan(head)
    } catch (error) {
      warnOnce(
        'RESTALE_INTERNAL',
        this.scope.subject,
        `The cache failed, and stored nothing: ${describeError(error)}`,
      )
      this.fail(error)
      return untouched
    }
  }

  #plan(head: ResponseHead): HeadPlan {
    this.#head = head
    const { options, hasCredentials } = this.#fields
    const refusal = refusalOf(head, this.scope, options, hasCredentials) ?? this.#bodyRefusal(head)
    if (refusal !== undefined) {
      this.#refuse(refusal)
      return { ...untouched, cacheStatus: this.#cacheStatus({ detail: refusal.reason }) }
    }
    return head.body === undefined ? this.#planStream(head) : this.#planWhole(head, head.body)
  }

  /** A part of the body, in order. Beyond the cap nothing is kept any more. */
  write(chunk: Uint8Array): void {
    if (this.#state !== 'recording') return
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#fields.engine.limits.maxEntryBytes) this.#refuse(nature('too-large'))
    // The caller may use the memory of the chunk again.
    else this.#chunks.push(Uint8Array.prototype.slice.call(chunk))
  }

  /** Longer bodies pass unstored: who records one by chunks needs to hold no more of it than that. */
  get maxBytes(): number {
    return this.#fields.engine.limits.maxEntryBytes
  }

  get isRecording(): boolean {
    return this.#state === 'recording'
  }

  /** The body is complete. */
  end(): void {
    const head = this.#head
    if (this.#state !== 'recording' || head === undefined) return
    const refusal = lengthRefusal(head.lines, this.#bytes) ?? unstorableRefusal(this.scope)
    if (refusal === undefined) this.#store(head, joinChunks(this.#chunks, this.#bytes))
    else this.#refuse(refusal)
  }

  /**
   * The head goes out, or is out, with these lines: a cookie that came since it was shown refuses, too. Gives our
   * member for `Cache-Status`, should it change.
   */
  headOut(lines: HeaderLines): string | undefined {
    if (this.#head === undefined || !hasLateCookie(this.#head, lines, this.#fields.options)) return undefined
    const refusal = nature('set-cookie')
    if (this.#state === 'recording') this.#refuse(refusal)
    else if (this.#isStored) this.#takeBack(refusal)
    else return undefined
    return this.#cacheStatus({ detail: refusal.reason })
  }

  /** The response will not be completed: thrown, cut, aborted, or refused by the server itself. */
  fail(error: unknown): void {
    if (this.#state !== 'over') this.#refuse(fail('failed'), error)
    else this.scope.withdraw?.()
  }

  /** Nobody is there any more to take the response; that says nothing of the next one. */
  abort(error: unknown): void {
    this.#isAborted = true
    this.fail(error)
  }

  #bodyRefusal({ lines, body }: ResponseHead): Refusal | undefined {
    const length = body?.byteLength ?? Number(headerValue(lines, 'content-length') ?? 0)
    if (length > this.#fields.engine.limits.maxEntryBytes) return nature('too-large')
    return body === undefined ? undefined : lengthRefusal(lines, length)
  }

  #planStream(head: ResponseHead): HeadPlan {
    this.#state = 'recording'
    return {
      set: cacheControlLines(head.lines),
      cacheStatus: this.#cacheStatus({}),
      isNotModified: false,
      isRecorded: true,
    }
  }

  /** The whole is here, so it is stored before it goes out, and can be compared with what the client has. */
  #planWhole(head: ResponseHead, body: Uint8Array): HeadPlan {
    const { engine, request, place } = this.#fields
    const set = cacheControlLines(head.lines)
    set.push(...etagLines(head, body, place))
    const refused = head.isHeld ? this.#hold(body) : this.#store(head, exactCopy(body))
    const isUnmodified =
      head.status === 200 && isNotModified(request.rawHeaders, [...head.lines, ...set], engine.clock.now())
    const fwdStatus = isUnmodified ? head.status : undefined
    const status = refused === undefined ? { stored: true, fwdStatus } : { detail: refused, fwdStatus }
    return { set, cacheStatus: this.#cacheStatus(status), isNotModified: isUnmodified, isRecorded: false }
  }

  /** As if it had been recorded: `end` stores it. */
  #hold(body: Uint8Array): undefined {
    this.#state = 'recording'
    this.#chunks = [exactCopy(body)]
    this.#bytes = body.byteLength
  }

  /** Gives the reason if it could not be stored after all; those who wait get it all the same. */
  #store(head: ResponseHead, body: Uint8Array): string | undefined {
    const { engine, fill, urlKey } = this.#fields
    this.scope.close()
    const entry = this.#entry(head, body)
    const refused = engine.store(fill, entry)?.reason
    if (refused === undefined) {
      this.#isStored = true
      engine.history.set(fill.key, { isDecided: true })
      if (entry.key !== urlKey) listVariant(engine, fill, urlKey, entry)
    } else this.#explain(refused)
    this.#handOn(entry)
    this.#over({ how: 'value', entry })
    return refused
  }

  #entry(head: ResponseHead, body: Uint8Array): Entry<StoredResponse> {
    const { engine, fill, request, options, urlKey, place } = this.#fields
    const control = parseCacheControl(headerValues(head.lines, 'cache-control'))
    const variantNames = selectingNames(engine.memory, urlKey, head.lines)
    const variant = variantNames.length === 0 ? '' : variantOf(variantNames, request.rawHeaders)
    const now = engine.clock.now()
    const value = storedResponse(head, body, { variantNames, variant }, { place, now })
    const paths = pathLabels(request.target)
    if (head.route !== undefined) paths.push(pathLabel(head.route, 'page'))
    return engine.entryOf(fill, {
      value,
      paths,
      key: variant === '' ? urlKey : variantKey(urlKey, variant),
      bytes: responseBytes(value),
      life: lifetime(this.scope, control, options.life, engine.profiles.default),
      bornAt: fill.bornAt - receivedAge(head.lines) * 1000,
    })
  }

  /** Before any of those who wait has looked at it. */
  #takeBack(refusal: Refusal): void {
    const { engine, fill } = this.#fields
    this.scope.withdraw?.()
    fill.isWithdrawn = true
    engine.events.reason('refused', fill.key, refusal.reason)
    this.#explain(refusal.reason)
    this.#settle(refusal, new Error(refusal.reason))
  }

  #refuse(refusal: Refusal, error: unknown = new Error(refusal.reason)): void {
    const { engine, fill, hasCredentials } = this.#fields
    const { reason, effect, isNature } = refusal
    engine.events.reason('refused', fill.key, reason)
    this.#explain(reason)
    this.#handOn()
    // What somebody's credentials get says nothing about what everybody else does.
    if (!hasCredentials) this.#settle(refusal, error)
    this.#over(
      effect === 'fail'
        ? { how: 'failed', error, isAborted: this.#isAborted }
        : { how: 'refused', reason, isNature },
    )
  }

  /** To what is made of it inside the process, as a cached function does. */
  #handOn(entry?: Entry): void {
    const { engine, fill, request } = this.#fields
    if (entry !== undefined) request.within?.consume(entry, engine, engine.clock.now())
    handOn(engine, fill, request.within)
  }

  /** What a refusal means for the entry there was, and for those who come next. */
  #settle({ effect, isNature }: Refusal, error: unknown): void {
    const { engine, fill, previous } = this.#fields
    if (isNature) engine.history.set(fill.key, { isUncollapsible: true })
    else if (this.scope.isOptedIn) engine.history.set(fill.key, { isDecided: true })
    if (effect === 'remove') engine.remove(fill, previous?.key)
    else engine.retryLater(previous, effect === 'fail' ? error : undefined)
  }

  #explain(reason: string): void {
    const { request } = this.#fields
    const route = `${request.method} ${this.#head?.route ?? pathOf(request.target)}`
    explainOnce(route, reason)
    if (reason === 'authenticated') {
      warnOnce(
        'RESTALE_AUTHENTICATED',
        route,
        `${route} was not cached: someone is logged in on the request. If the response is the same for everybody, say shared: true.`,
      )
    }
  }

  #over(landing: Parameters<Fill<StoredResponse>['land']>[0]): void {
    this.#state = 'over'
    this.#chunks = []
    this.scope.close()
    this.#fields.engine.fills.leave(this.#fields.fill)
    this.#land(landing)
    this.#fields.onEnd()
  }

  #land(landing: Parameters<Fill<StoredResponse>['land']>[0]): void {
    const { fill } = this.#fields
    const settled = landing.how === 'value' ? this.#head?.settled : undefined
    if (settled === undefined) fill.land(landing)
    else settled.then(() => fill.land(landing))
  }

  #cacheStatus(result: { stored?: boolean; detail?: string; fwdStatus?: number | undefined }): string {
    return formatCacheStatus({ fwd: this.#fields.forward, ...result })
  }
}

function cacheControlLines(lines: HeaderLines): string[] {
  return hasHeader(lines, 'cache-control') ? [] : ['Cache-Control', generatedCacheControl]
}
