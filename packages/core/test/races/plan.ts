import type { LifeFields } from '@restale/core'

/** Where in a fill something can be held up. */
export type Point = 'before reading' | 'before finishing' | 'before storing'

/** What is read under one key: of which sources it is made, how it is labelled, and what is nested in it. */
export interface Plan {
  readonly name: string
  readonly kind: 'function' | 'fetch' | 'response'
  /** One source is read for each, and the value is labelled with it. */
  readonly tags: readonly string[]
  /** When a function or response learns of its tags. A fetch is told with the call. @default 'in options' */
  readonly tagging?: 'in options' | 'before reading' | 'after reading' | 'of the result'
  /** Of a fetch `revalidate` alone counts. */
  readonly life?: Required<Pick<LifeFields, 'revalidate' | 'expire'>>
  /** Of a function: seconds beyond its life for which it stands in for a failure. */
  readonly staleIfError?: number
  /** Names of the plans that are read while it is made, after its own sources. */
  readonly parts?: readonly string[]
  /** When it is said that a response is to be cached; its handler says so with a life. @default 'by the route' */
  readonly optIn?: 'by the route' | 'before reading' | 'after reading' | 'never'
  /** The body of a response comes after its head. A fetch is always streamed. */
  readonly isStreamed?: boolean
  /** Upstream of a fetch answers 304 to who has what is current. */
  readonly hasValidators?: boolean
}

/** What is cached: it names the run that made it, and the world knows the rest. */
export interface Value {
  readonly run: number
}

/** Reads the value of one key, as an application does. */
export type Reader = () => Promise<Value>
