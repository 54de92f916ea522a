import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import type { FillScope } from '../cache/scope.ts'
import type { Making, Source } from '../cache/source.ts'
import { FetchFill } from './fetch-fill.ts'
import type { Policy } from './policy.ts'
import type { Reply } from './reply.ts'
import { responseOf } from './reply.ts'
import { replyCodec } from './reply-codec.ts'
import { untilAborted } from './until-aborted.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** What a call of `cache.fetch` is about. */
export interface FetchFields {
  readonly engine: Engine
  readonly upstream: typeof globalThis.fetch
  /** What messages call it: without its query, which may hold secrets. */
  readonly name: string
  readonly request: UpstreamRequest
  readonly policy: Policy
  readonly scope: () => FillScope
  /** The caller's. */
  readonly signal: AbortSignal | undefined
}

/** One call of `cache.fetch` that is to be cached. */
export class FetchCall implements Source<Reply, Response> {
  readonly key: string
  readonly name: string
  readonly staleIfError = undefined
  readonly codec = replyCodec
  readonly scope: () => FillScope
  readonly #fields: FetchFields

  constructor(fields: FetchFields) {
    this.key = fields.request.key
    this.name = fields.name
    this.scope = fields.scope
    this.#fields = fields
  }

  make(
    fill: Fill<Reply>,
    previous: Entry<Reply> | undefined,
    who: 'caller' | 'background',
  ): Making<Response> {
    const signal = who === 'caller' ? this.#fields.signal : undefined
    const fetchFill = new FetchFill({ ...this.#fields, signal }, fill, previous)
    const { over } = fetchFill
    const result = fetchFill.start()
    // Nobody reads what was fetched in the background, but it is collected.
    if (who === 'background') result.then((response) => response.body?.cancel()).catch(() => {})
    return { result, over }
  }

  serve({ value }: Entry<Reply>): Response {
    return responseOf(value)
  }

  wait<T>(promise: Promise<T>): Promise<T> {
    return untilAborted(promise, this.#fields.signal)
  }
}
