import type { Channel } from 'node:diagnostics_channel'
import { channel } from 'node:diagnostics_channel'
import type { Cache } from './cache.ts'
import type { Marking } from './ledger.ts'
import { describeError, warnOnce } from './warnings.ts'

/** What happened to a key or a tag. Also published on `node:diagnostics_channel` as `restale:<kind>`. */
export type CacheEvent =
  | { readonly kind: 'hit' | 'stale' | 'miss' | 'loaded' | 'stored' | 'evicted'; readonly key: string }
  | { readonly kind: 'bypass' | 'refused'; readonly key: string | undefined; readonly reason: string }
  | {
      readonly kind: 'refill-failed'
      readonly key: string
      readonly error: unknown
      readonly retryAt: number
    }
  | {
      readonly kind: 'invalidated'
      readonly version: number
      readonly tags: readonly string[]
      readonly paths: readonly string[]
      /** Of single entries, by `.revalidate()` and `.delete()` of a cached function. */
      readonly keys: readonly string[]
      readonly isHard: boolean
    }
  | {
      /** An invalidation that is in force here could not be recorded in the store. */
      readonly kind: 'unrecorded'
      readonly tags: readonly string[]
      readonly paths: readonly string[]
      readonly keys: readonly string[]
      /** It was everything that was invalidated. */
      readonly isAll: boolean
      /** The cache was closed meanwhile, and it will never be; else it is tried again. */
      readonly isLost: boolean
    }
  | {
      readonly kind: 'store'
      /**
       * `failing`: it is not asked any more until it answers. `working`: it answers again. `forgot`: what it knew of
       * invalidations is gone, so all that was stored before counts as expired.
       */
      readonly state: 'failing' | 'working' | 'forgot'
      readonly error: unknown
    }

export type EventKind = CacheEvent['kind']

/** What a channel carries: the event, and the cache in which it happened. */
export interface CacheMessage {
  readonly cache: Cache
  readonly event: CacheEvent
}

export const eventKinds: readonly EventKind[] = [
  'hit',
  'stale',
  'miss',
  'loaded',
  'bypass',
  'stored',
  'refused',
  'refill-failed',
  'invalidated',
  'unrecorded',
  'store',
  'evicted',
]

const channels = Object.fromEntries(
  eventKinds.map((kind) => [kind, channel(`restale:${kind}`)]),
) as unknown as Readonly<Record<EventKind, Channel>>

/** The events of one cache. Ask `isHeard` first and build the event only then: nobody listening costs nothing. */
export class Events {
  readonly #cache: () => Cache

  constructor(cache: () => Cache) {
    this.#cache = cache
  }

  isHeard(kind: EventKind): boolean {
    return channels[kind].hasSubscribers
  }

  publish(event: CacheEvent): void {
    channels[event.kind].publish({ cache: this.#cache(), event } satisfies CacheMessage)
  }

  key(kind: 'hit' | 'stale' | 'miss' | 'loaded' | 'stored' | 'evicted', key: string): void {
    if (channels[kind].hasSubscribers) this.publish({ kind, key })
  }

  reason(kind: 'bypass' | 'refused', key: string | undefined, reason: string): void {
    if (channels[kind].hasSubscribers) this.publish({ kind, key, reason })
  }

  unrecorded(marking: Marking | 'all', isLost: boolean): void {
    if (!channels.unrecorded.hasSubscribers) return
    const isAll = marking === 'all'
    const { tags, paths, keys = [] } = isAll ? { tags: [], paths: [] } : marking
    this.publish({ kind: 'unrecorded', tags, paths, keys, isAll, isLost })
  }

  store(state: 'failing' | 'working' | 'forgot', error?: unknown): void {
    if (channels.store.hasSubscribers) this.publish({ kind: 'store', state, error })
  }

  /** Calls `listener` with every event of this cache; the returned function stops that. */
  subscribe(listener: (event: CacheEvent) => void): () => void {
    const cache = this.#cache()
    const onMessage = (message: unknown) => {
      if ((message as CacheMessage).cache !== cache) return
      try {
        listener((message as CacheMessage).event)
      } catch (error) {
        // Thrown on, it would end the process: diagnostics_channel makes an uncaught exception of it.
        warnOnce(
          'RESTALE_LISTENER_FAILED',
          'subscribe',
          `A listener given to subscribe() threw ${describeError(error)}`,
        )
      }
    }
    for (const kind of eventKinds) channels[kind].subscribe(onMessage)
    return () => {
      for (const kind of eventKinds) channels[kind].unsubscribe(onMessage)
    }
  }
}
