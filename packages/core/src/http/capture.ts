import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import { handOn } from '../cache/obtain.ts'
import { mayBeRenewed } from '../cache/renewable.ts'
import type { FillScope } from '../cache/scope.ts'
import { describeError, explainOnce, warnOnce } from '../cache/warnings.ts'
import { maxTagsPerEntry } from '../state/tag.ts'
import { exactCopy, RecordedBody } from './body.ts'
import type { CacheStatusForward, ForwardReason } from './cache-status.ts'
import { formatCacheStatus } from './cache-status.ts'
import { embed } from './embed.ts'
import type { CacheHandle } from './handle.ts'
import { CaptureHandle } from './handle.ts'
import type { HeadPlan, PlannedPart } from './head-plan.ts'
import { answerTo, defaultLines, untouched } from './head-plan.ts'
import type { HeaderLines } from './headers.ts'
import { hasHeader, headerValue } from './headers.ts'
import type { NotModifiedHead } from './renewal.ts'
import { mergedHead, ownEtag, withOwnLines } from './renewal.ts'
import { asSent, pathOf } from './request.ts'
import { respond } from './respond.ts'
import type { Making } from './response-entry.ts'
import { pathsOf, renewedEntry, responseEntry } from './response-entry.ts'
import { policyOf } from './response-policy.ts'
import { mayStandIn } from './reuse.ts'
import type { Judgement, Refusal, ResponseHead } from './storable.ts'
import {
  fail,
  hasLateCookie,
  keep,
  lengthRefusal,
  nature,
  refusalOf,
  statusRefusal,
  unstorableRefusal,
} from './storable.ts'
import { etagLines } from './store-response.ts'
import type { OutgoingResponse, StoredResponse } from './stored-response.ts'
import { cdnTagFields, namedTags } from './tag-fields.ts'
import { isOutage, thrownStatus } from './thrown-status.ts'
import { isOfVersion } from './updated-lines.ts'
import { listVariant } from './variants.ts'

/** What `Cache-Status` tells of a capture, beside why there was one. */
type CaptureResult = Pick<CacheStatusForward, 'stored' | 'detail' | 'fwdStatus'>

const none: ReadonlySet<number> = new Set()

/** It goes out once more, and has to be made anew for the next request. */
const notRenewed: Refusal = { reason: 'not-renewed', effect: 'remove', isNature: false }

export interface CaptureFields extends Making {
  /** The request has an `Authorization` that is not in the key. */
  readonly hasCredentials: boolean
  readonly previous: Entry<StoredResponse> | undefined
  /** `previous` is for requests like this one, so that it may be validated, and stand in for an error. */
  readonly isPreviousUsable: boolean
  /** It would have done, but the client has asked for more: what comes instead says nothing against it. */
  readonly isPassedOver: boolean
  /** Seconds for which the client takes it stale in the place of an error. */
  readonly staleIfError: number
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
  readonly #body = new RecordedBody()
  /** The line of an `ETag` of ours, once it is made: hashing a body costs more than all else that is done with it. */
  #etag: HeaderLines | undefined
  #isAborted = false
  /** The handler sees conditions of ours. */
  #isValidating = false
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

  /**
   * What the handler is to see in the place of the client's own conditions, by lower-case name: it is asked whether
   * what is stored is still current, if it has said by what (RFC 9111 §4.3.1).
   */
  get conditions(): HeaderLines {
    const previous = this.#usablePrevious()
    if (previous === undefined || !mayBeRenewed(this.#fields.engine, previous, this.scope.tags)) return []
    this.#isValidating = previous.value.validators.length > 0
    return previous.value.validators
  }

  /** The handler sees the client's conditions again, so a 304 is the answer to those. */
  stopValidating(): void {
    this.#isValidating = false
  }

  /**
   * To be called once, before `head`, as soon as the status and the lines are certain. If it gives a response, that
   * goes out in the place of the handler's, and the capture is over. Never throws.
   */
  replacement(head: NotModifiedHead): OutgoingResponse | undefined {
    if (this.#state !== 'open') return undefined
    const { status } = head
    try {
      if (status === 304) return this.#validated(head)
      return isOutage(status) ? this.#standIn(fail(`status-${status}`), undefined, status) : undefined
    } catch (error) {
      this.#failInside(error)
      return undefined
    }
  }

  /** The part that `head` will plan of a whole body, for who has to cut it before the head is complete. */
  part(head: Pick<ResponseHead, 'status' | 'lines'>, body: Uint8Array): PlannedPart | undefined {
    if (this.#state !== 'open' || !hasHeader(this.#fields.request.rawHeaders, 'range')) return undefined
    return this.#answer(head.status, [...head.lines, ...this.#etagOf(head, body)], body).part
  }

  /** To be called once, when the head is complete and before it goes out. Never throws. */
  head(head: ResponseHead): HeadPlan {
    if (this.#state !== 'open') return untouched
    try {
      return this.#plan(head)
    } catch (error) {
      this.#failInside(error)
      return untouched
    }
  }

  #failInside(error: unknown): void {
    const message = `The cache failed, and stored nothing: ${describeError(error)}`
    warnOnce('RESTALE_INTERNAL', this.scope.subject, message)
    this.fail(error)
  }

  #plan(head: ResponseHead): HeadPlan {
    this.#head = head
    const { tagFields } = this.#fields.options
    if (tagFields !== 'ignore') this.scope.tag(namedTags(head.lines))
    const removed = tagFields === 'strip' ? cdnTagFields : []
    const refusal = this.#methodRefusal() ?? refusalOf(head, this.#judgement(head)) ?? this.#bodyRefusal(head)
    if (refusal !== undefined) {
      this.#refuse(refusal)
      return { ...untouched, removed, cacheStatus: this.#cacheStatus({ detail: refusal.reason }) }
    }
    const plan = head.body === undefined ? this.#planStream(head) : this.#planWhole(head, head.body)
    return removed.length === 0 ? plan : { ...plan, removed }
  }

  #judgement({ lines }: Pick<ResponseHead, 'lines'>): Judgement {
    const { engine, options, hasCredentials, previous } = this.#fields
    const now = engine.clock.now()
    return {
      scope: this.scope,
      options,
      policy: policyOf(lines, options.targetedFields),
      hasCredentials,
      isReplacing: previous !== undefined && mayStandIn(previous, 0, engine.ledger, now),
      wasOptedIn: false,
      now,
    }
  }

  /** Something below the cache has made another request of it, by a header that is not in the key. */
  #methodRefusal(): Refusal | undefined {
    const { method, native, carrier = native } = this.#fields.request
    const now: unknown = (carrier as { method?: unknown } | undefined)?.method
    return typeof now === 'string' && now.toUpperCase() !== method ? nature('method') : undefined
  }

  /** A part of the body, in order. Beyond the cap nothing is kept any more. */
  write(chunk: Uint8Array): void {
    if (this.#state !== 'recording') return
    if (this.#body.byteLength + chunk.byteLength > this.maxBytes) this.#refuse(nature('too-large'))
    else this.#body.add(chunk)
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
    const refusal = lengthRefusal(head.lines, this.#body.byteLength) ?? unstorableRefusal(this.scope)
    if (refusal === undefined) this.#store(head, this.#body.whole())
    else this.#refuse(refusal)
  }

  /**
   * The head goes out, or is out, with these lines, of which only cookies matter: one that came since it was shown
   * refuses, too. Gives our member for `Cache-Status`, should it change.
   */
  headOut(lines: HeaderLines): string | undefined {
    if (this.#head === undefined || !hasLateCookie(this.#head, lines, this.#fields.options)) return undefined
    const refusal = nature('set-cookie')
    if (this.#state === 'recording') this.#refuse(refusal)
    else if (this.#isStored) this.#takeBack(refusal)
    else return undefined
    return this.#cacheStatus({ detail: refusal.reason })
  }

  /**
   * The response will not be completed: thrown, cut, aborted, or refused by the server itself. Gives what may go out
   * in its place, where nothing has gone out yet.
   */
  fail(error: unknown): OutgoingResponse | undefined {
    if (this.#state === 'over') {
      this.scope.withdraw?.()
      return undefined
    }
    const isOpen = this.#state === 'open'
    const answer = isOpen ? thrownRefusal(error) : undefined
    const instead = isOpen && answer === undefined ? this.#standIn(fail('failed'), error) : undefined
    if (instead === undefined) this.#refuse(answer ?? fail('failed'), error)
    return instead
  }

  /** Nobody is there any more to take the response; that says nothing of the next one. */
  abort(error: unknown): void {
    this.#isAborted = true
    this.fail(error)
  }

  #usablePrevious(): Entry<StoredResponse> | undefined {
    const { previous, isPreviousUsable } = this.#fields
    return isPreviousUsable ? previous : undefined
  }

  /** What is stored, in the place of an error, where that is allowed. */
  #standIn(refusal: Refusal, error: unknown, fwdStatus?: number): OutgoingResponse | undefined {
    const { engine, status, staleIfError, request } = this.#fields
    const previous = this.#usablePrevious()
    const isForClient = status === 'miss' && !this.#isAborted
    const now = engine.clock.now()
    if (!isForClient || previous === undefined || !mayStandIn(previous, staleIfError, engine.ledger, now))
      return undefined
    this.#refuse(refusal, error)
    embed(engine, previous, request.within, now)
    return this.#respond(previous, { fwdStatus, detail: 'stale-if-error' })
  }

  /** The handler says that what is stored is still current (RFC 9111 §4.3.3). Not if nobody has asked it. */
  #validated(head: NotModifiedHead): OutgoingResponse | undefined {
    const previous = this.#usablePrevious()
    if (!this.#isValidating || previous === undefined) return undefined
    const { engine, options } = this.#fields
    const merged = mergedHead(previous.value, head, engine.clock.now())
    this.#head = merged
    if (options.tagFields !== 'ignore') this.scope.tag(namedTags(merged.lines))
    const refusal = this.#renewalRefusal(previous, head, merged)
    if (refusal !== undefined) this.#refuse(refusal)
    else for (const tag of previous.tags) this.scope.tags.add(tag)
    const entry = refusal === undefined ? renewedEntry(this.#fields, previous, merged) : previous
    const refused = refusal === undefined ? this.#keep(entry) : refusal.reason
    return withOwnLines(this.#respond(entry, { fwdStatus: 304, ...storedOr(refused) }), head)
  }

  /** Judged as the whole response that it would have been, and by what it is to renew. */
  #renewalRefusal(
    previous: Entry<StoredResponse>,
    head: NotModifiedHead,
    merged: ResponseHead,
  ): Refusal | undefined {
    const { engine } = this.#fields
    const tags = new Set([...this.scope.tags, ...previous.tags])
    if (tags.size > maxTagsPerEntry) return notRenewed
    const wasOptedIn = !previous.value.staleness.isByHeader
    const refusal = this.#methodRefusal() ?? refusalOf(merged, { ...this.#judgement(merged), wasOptedIn })
    if (refusal !== undefined) return refusal
    const paths = pathsOf(this.#fields, merged)
    const isMeant =
      isOfVersion(head.lines, ownEtag(previous.value)) && mayBeRenewed(engine, previous, tags, paths)
    return isMeant ? undefined : notRenewed
  }

  #respond(entry: Entry<StoredResponse>, result: CaptureResult): OutgoingResponse {
    const { engine, request, options } = this.#fields
    const now = engine.clock.now()
    const isFresh = engine.ledger.judge(entry, now) === 'fresh'
    return respond(entry, asSent(request), {
      now,
      isFresh,
      cacheStatus: this.#cacheStatus(result),
      told: options,
    })
  }

  #bodyRefusal({ lines, body }: ResponseHead): Refusal | undefined {
    const length = body?.byteLength ?? Number(headerValue(lines, 'content-length') ?? 0)
    if (length > this.#fields.engine.limits.maxEntryBytes) return nature('too-large')
    return body === undefined ? undefined : lengthRefusal(lines, length)
  }

  #planStream(head: ResponseHead): HeadPlan {
    this.#state = 'recording'
    return {
      ...untouched,
      set: defaultLines(this.#fields, head, true),
      cacheStatus: this.#cacheStatus({}),
      isRecorded: true,
    }
  }

  /** The whole is here, so it is stored before it goes out, and can be compared with what the client has. */
  #planWhole(head: ResponseHead, body: Uint8Array): HeadPlan {
    const refused = head.isHeld ? this.#hold(body) : this.#store(head, exactCopy(body))
    const isFresh = refused === undefined
    const set = [...defaultLines(this.#fields, head, isFresh), ...this.#etagOf(head, body)]
    const answer = this.#answer(head.status, [...head.lines, ...set], body)
    const isWhole = !answer.isNotModified && answer.part === undefined
    const cacheStatus = this.#cacheStatus({
      fwdStatus: isWhole ? undefined : head.status,
      ...storedOr(refused),
    })
    return {
      set,
      removed: untouched.removed,
      cacheStatus,
      isNotModified: answer.isNotModified,
      part: answer.part,
      isRecorded: false,
    }
  }

  #answer(status: number, lines: HeaderLines, body: Uint8Array): Pick<HeadPlan, 'isNotModified' | 'part'> {
    const { request, engine } = this.#fields
    return answerTo(request, { status, lines, body }, engine.clock.now())
  }

  /** As if it had been recorded: `end` stores it. */
  #hold(body: Uint8Array): undefined {
    this.#state = 'recording'
    this.#body.add(body)
  }

  /** Gives the reason if it could not be stored after all; those who wait get it all the same. */
  #store(head: ResponseHead, body: Uint8Array): string | undefined {
    this.scope.close()
    return this.#keep(responseEntry(this.#fields, head, body, this.#etagOf(head, body)))
  }

  #etagOf(head: Pick<ResponseHead, 'status' | 'lines'>, body: Uint8Array): HeaderLines {
    this.#etag ??= etagLines(head, body, this.#fields.place)
    return this.#etag
  }

  #keep(entry: Entry<StoredResponse>): string | undefined {
    const { engine, fill, urlKey } = this.#fields
    this.scope.close()
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
    if (entry !== undefined) embed(engine, entry, request.within, engine.clock.now())
    handOn(engine, fill, request.within)
  }

  /** What a refusal means for the entry there was, and for those who come next. */
  #settle({ effect, isNature }: Refusal, error: unknown): void {
    const { engine, fill, previous, isPassedOver } = this.#fields
    if (isPassedOver) return
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
    this.#body.forget()
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

  #cacheStatus(result: CaptureResult): string {
    return formatCacheStatus({ fwd: this.#fields.forward, ...result })
  }
}

/** A 404 that is thrown is an answer, and means what an answer means. */
function thrownRefusal(error: unknown): Refusal | undefined {
  const status = thrownStatus(error)
  return status === undefined || isOutage(status) ? undefined : statusRefusal(status, none)
}

function storedOr(refused: string | undefined): CaptureResult {
  return refused === undefined ? { stored: true } : { detail: refused }
}
