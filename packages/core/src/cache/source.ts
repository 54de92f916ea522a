import type { Codec } from './codec.ts'
import type { Entry } from './entry.ts'
import type { Fill } from './fills.ts'
import type { FillScope } from './scope.ts'

/**
 * One call of something that is cached: under which key, and how a value is made where there is none.
 * `V`: what is kept. `R`: what a caller gets.
 */
export interface Source<V, R> {
  readonly key: string
  /** What messages call it, for instance `cached function "get-post"`. */
  readonly name: string
  /** Seconds beyond `expire` for which an entry stands in for a failure; none if it never does. */
  readonly staleIfError: number | undefined
  /** How what is kept is stored beyond memory; undefined if it never is. */
  readonly codec: Codec<V> | undefined
  /** A scope with what is known before anything is made. */
  scope(): FillScope
  /** Makes a value, inside the scope of the fill, and ends the fill with `endFill` when it is there or has failed. */
  make(fill: Fill<V>, previous: Entry<V> | undefined, who: 'caller' | 'background'): Making<R>
  /** What a caller gets of an entry. */
  serve(entry: Entry<V>): R
  /** Waits as long as the caller does. */
  wait<T>(promise: Promise<T>): Promise<T>
}

export interface Making<R> {
  /** For the caller who started it; what is made of it is labelled with what its scope has by then. */
  readonly result: Promise<R>
  /** Resolves when the fill is over, and never rejects. */
  readonly over: Promise<unknown>
}
