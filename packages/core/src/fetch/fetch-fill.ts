import type { Unstored } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import { endFill } from '../cache/fill.ts'
import type { Fill, Landing } from '../cache/fills.ts'
import { mayBeRenewed } from '../cache/renewable.ts'
import type { CacheControl } from '../http/cache-control.ts'
import { parseCacheControl } from '../http/cache-control.ts'
import { headerValues } from '../http/headers.ts'
import type { Refusal } from '../http/storable.ts'
import { nature } from '../http/storable.ts'
import type { FetchFields } from './fetch-call.ts'
import { joinTags, joinUpstreamTags } from './label.ts'
import { onAbort } from './on-abort.ts'
import { bodyRefusal, headRefusal, unshared, upstreamVeto } from './refusal.ts'
import type { Reply, ReplyHead } from './reply.ts'
import { replyBytes, replyHead, responseOf, withBody } from './reply.ts'
import { replyCodec } from './reply-codec.ts'
import type { TapEnd } from './tap.ts'
import { Tap } from './tap.ts'
import { upstreamLife } from './upstream-life.ts'
import { conditionsOf, means, renewed } from './validation.ts'

/** One exchange with upstream: what its caller gets of it, and what is kept for others. */
export class FetchFill {
  /** Resolves when the exchange is over, for whoever waits for all of it. */
  readonly over: Promise<void>
  readonly #fields: FetchFields
  readonly #fill: Fill<Reply>
  readonly #previous: Entry<Reply> | undefined
  readonly #abort = new AbortController()
  #onOver!: () => void
  #isOver = false

  constructor(fields: FetchFields, fill: Fill<Reply>, previous: Entry<Reply> | undefined) {
    this.#fields = fields
    this.#fill = fill
    this.#previous = previous
    this.over = new Promise((resolve) => {
      this.#onOver = resolve
    })
  }

  /** The caller's response, as soon as its head is there. */
  async start(): Promise<Response> {
    this.#watchCaller()
    try {
      return await this.#exchange()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** A caller that leaves ends the exchange only if nobody else waits for it. */
  #watchCaller(): void {
    const { signal } = this.#fields
    if (signal === undefined) return
    const endIfDeserted = () => {
      const isDeserted = this.#fill.waiters === 0 || this.#fill.hasLanded
      if (signal.aborted && isDeserted) this.#desert(signal.reason)
    }
    const stopListening = onAbort(signal, endIfDeserted)
    this.#fill.onDeserted = endIfDeserted
    // It may have been given up: then those who waited have left, too.
    this.#fill.landed.then(endIfDeserted)
    this.over.then(stopListening)
  }

  /** At once, whatever upstream does about it: who comes now starts another. */
  #desert(reason: unknown): void {
    this.#abort.abort(reason)
    this.#fail(reason)
  }

  /** Asks with the validators of what is stored, if that may still be renewed when the answer is there. */
  async #exchange(): Promise<Response> {
    const { engine, request } = this.#fields
    const { scope } = this.#fill
    const previous = this.#previous
    const isRenewable = previous !== undefined && mayBeRenewed(engine, previous, scope.tags)
    const conditions = isRenewable ? conditionsOf(previous.value, request) : []
    const response = await this.#send(conditions)
    if (previous === undefined || conditions.length === 0 || response.status !== 304)
      return this.#take(response)

    const notModified = replyHead(response)
    await response.body?.cancel()
    this.#label(notModified)
    // The 304 may be made of what was invalidated meanwhile, bring a tag that was, or mean another version.
    const isRenewed = mayBeRenewed(engine, previous, scope.tags) && means(notModified, previous.value)
    return isRenewed ? this.#renew(previous, notModified) : this.#take(await this.#send([]))
  }

  async #send(conditions: readonly [string, string][]): Promise<Response> {
    const { upstream, request } = this.#fields
    const { signal } = this.#abort
    const headers = new Headers(request.init.headers)
    for (const [name, value] of conditions) headers.set(name, value)
    // With conditions in its headers `fetch` asks for `no-cache`, unless told how to ask (Fetch §4.6), and then
    // many upstreams, those of Express for instance, look at no condition.
    const mode = conditions.length > 0 ? { cache: 'no-cache' } : {}
    const response = await upstream(request.url, { ...request.init, ...mode, headers, signal })
    if (!signal.aborted) return response
    // It did not look at the signal.
    response.body?.cancel().catch(() => {})
    throw signal.reason
  }

  #renew(previous: Entry<Reply>, notModified: ReplyHead): Response {
    joinTags(this.#fill.scope, previous.tags)
    const reply = renewed(previous.value, notModified)
    const refusal = this.#judge(reply)
    if (refusal?.isNature) this.#refuse(refusal)
    else this.#store(reply, refusal)
    return responseOf(reply)
  }

  /** Decides by the head; what may be shared is collected while the caller reads it. */
  #take(response: Response): Response {
    const head = replyHead(response)
    this.#label(head)
    const refusal = this.#judge(head)
    const isShared = !refusal?.isNature
    if (!isShared) this.#refuse(refusal)
    else if (!head.hasBody) this.#store({ ...head, body: null }, refusal)
    if (response.body === null) return response
    const { body } = new Tap(response.body, {
      maxBytes: isShared ? this.#fields.engine.limits.maxEntryBytes : 0,
      signal: this.#fields.signal,
      onEnd: (end) => this.#endOfBody(head, end, refusal),
    })
    return withBody(response, body)
  }

  #endOfBody(head: ReplyHead, end: TapEnd, refusal: Refusal | undefined): void {
    // Deserted, and failed then.
    if (this.#isOver) return
    if (end.how === 'broken') this.#fail(end.error)
    else if (end.how === 'whole')
      this.#store({ ...head, body: end.body }, refusal ?? bodyRefusal(head, end.body))
    else this.#refuse(refusal === undefined ? nature('too-large') : unshared(refusal))
  }

  /** With all that the head says: whatever is made of the response from now on has its tags and its life. */
  #label({ headers }: ReplyHead): void {
    if (this.#fields.policy.upstreamTags) joinUpstreamTags(this.#fill.scope, headers)
  }

  #judge(head: ReplyHead): Refusal | undefined {
    const { engine, policy } = this.#fields
    const control = policy.upstreamLife
      ? parseCacheControl(headerValues(head.headers, 'cache-control'))
      : undefined
    const veto = control === undefined ? undefined : upstreamVeto(control)
    // What may not be kept may not be kept inside something else either.
    if (veto !== undefined) this.#fill.scope.limitLife({ revalidate: 0 })
    const refusal = headRefusal(head, veto, engine.limits.maxEntryBytes)
    if (refusal !== undefined || control === undefined || policy.revalidate !== undefined) return refusal
    return this.#limitLife(control, head)
  }

  /** To what the reply gives itself. */
  #limitLife(control: CacheControl, { headers }: ReplyHead): Refusal | undefined {
    const { engine, policy } = this.#fields
    const life = upstreamLife(control, headers, engine.clock.now())
    if (life !== undefined) this.#fill.scope.limitLife(life)
    else if (policy.needsUpstreamLife) return { reason: 'no-life', effect: 'remove', isNature: false }
    return undefined
  }

  /** Those who wait asked for the very same, and get it whether it may be stored or not. */
  #store(value: Reply, refusal: Refusal | undefined): void {
    const { engine } = this.#fields
    const fill = this.#fill
    fill.scope.close()
    // As in Next.js, it is good for ever where nobody says otherwise.
    const unlimited = { revalidate: Number.POSITIVE_INFINITY, expire: Number.POSITIVE_INFINITY }
    const life = fill.scope.life({ ...engine.profiles.default, ...unlimited })
    const entry = engine.entryOf(fill, { value, bytes: replyBytes(value), life, codec: replyCodec })
    const unstored = engine.store(fill, entry, refusal?.reason)
    if (unstored === undefined) engine.history.forget(fill.key)
    else this.#settle(refusal ?? refusalOf(unstored))
    this.#land({ how: 'value', entry })
  }

  /** Others cannot share the next one either. */
  #refuse(refusal: Refusal): void {
    const { engine } = this.#fields
    engine.events.reason('refused', this.#fill.key, refusal.reason)
    engine.history.set(this.#fill.key, { isUncollapsible: true })
    this.#settle(refusal)
    this.#land({ how: 'refused', reason: refusal.reason, isNature: true })
  }

  #settle({ reason, effect }: Refusal): void {
    const { engine } = this.#fields
    if (effect === 'remove') engine.remove(this.#fill)
    else engine.retryLater(this.#previous, effect === 'fail' ? new Error(reason) : undefined)
  }

  #fail(error: unknown): void {
    if (!this.#isOver) this.#land({ how: 'failed', error, isAborted: this.#abort.signal.aborted })
  }

  #land(landing: Landing<Reply>): void {
    this.#isOver = true
    endFill(this.#fields.engine, this.#fill, landing)
    this.#onOver()
  }
}

function refusalOf({ reason, isDefinitive }: Unstored): Refusal {
  return { reason, effect: isDefinitive ? 'remove' : 'keep', isNature: false }
}
