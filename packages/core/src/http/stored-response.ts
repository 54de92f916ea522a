import type { HeaderLines } from './headers.ts'

/** What a response allows beyond its life. None of it if options or calls gave it that. */
export interface Staleness {
  /** Its life is what its fields say. */
  readonly isByHeader: boolean
  /** It is never used stale unless it says so itself (RFC 9111 §4.2.4). */
  readonly isForbidden: boolean
  /** Seconds beyond its freshness for which it may stand in for an error (RFC 5861 §4). */
  readonly ifErrorSeconds: number
}

/** A response as it is kept: only what was made below the cache, nothing of the request that filled it. */
export interface StoredResponse {
  readonly status: number
  /** Lines that the handler set; on reuse they replace what stands there under their names. */
  readonly headers: HeaderLines
  /** Lines that the handler added to some that stood there already; on reuse they are added again. */
  readonly added: HeaderLines
  /** Lower-case names that stood there and that the handler took away. */
  readonly removed: readonly string[]
  /** Members that the handler added to `Vary`, lower-case. */
  readonly vary: readonly string[]
  readonly body: Uint8Array
  /** The handler has said itself what clients may do with it. */
  readonly hasOwnLife: boolean
  /** RFC 9111 §3.5: also requests with `Authorization` may have it. */
  readonly permitsAuthorization: boolean
  /**
   * The conditions by which the handler is asked whether it is still current: from its own `ETag` and `Last-Modified`,
   * by lower-case name (RFC 9111 §4.3.1). None if it has set neither.
   */
  readonly validators: HeaderLines
  readonly staleness: Staleness
  /** Request fields that select it among the variants of its URL, and what it was made for of them. */
  readonly variantNames: readonly string[]
  readonly variant: string
}

/** A response that is ready to be sent. */
export interface OutgoingResponse {
  readonly status: number
  readonly headers: HeaderLines
  /** Lines for names that nobody has set by then. */
  readonly defaults: HeaderLines
  readonly added: HeaderLines
  readonly removed: readonly string[]
  readonly vary: readonly string[]
  /** Absent for HEAD and 304. */
  readonly body: Uint8Array | undefined
  /** The member of `Cache-Status` for this use (RFC 9211); none for what the cache has made without a stored response. */
  readonly cacheStatus: string | undefined
  /** Only a part of the body: nobody is to transform it. */
  readonly isPart: boolean
  /** `wholeHead` of it, where that is known already. */
  readonly whole?: HeaderLines | undefined
}
