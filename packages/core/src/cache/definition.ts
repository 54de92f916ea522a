import { describeValue } from '../state/describe.ts'
import type { LifeFields } from '../state/life.ts'
import type { Engine } from './engine.ts'
import { CacheError } from './errors.ts'
import { checkOptionNames } from './option-names.ts'

export interface CachedOptions<A extends readonly unknown[], R, L> {
  /** Names the function across processes and deploys; no two functions of a cache may share one. */
  readonly key: string
  /** Tags of each value: a list, or a function of the arguments and the result. */
  readonly tags?: readonly string[] | ((args: A, result: R) => readonly string[]) | undefined
  /** A profile name or fields in seconds. @default the profile `default` */
  readonly life?: L | undefined
  /**
   * What tells one call from another, instead of all the arguments: plain data made of them. Arguments that make
   * no difference to the result can be left out of it, and those that cannot be part of a key have to be.
   * @default the arguments
   */
  readonly keyOf?: ((args: A) => unknown) | undefined
  /**
   * `false` hands every caller the same object, which is faster, and right only if none of them changes it.
   * @default true: each caller gets a copy of its own
   */
  readonly clone?: boolean | undefined
  /**
   * Milliseconds that a caller waits; then its call rejects with `ERR_RESTALE_TIMEOUT`. The function runs on, and
   * what it gives is stored. @default none
   */
  readonly hardTimeoutMs?: number | undefined
  /**
   * Seconds beyond `expire` for which an old value is given when the function fails or takes longer than
   * `hardTimeoutMs` (RFC 5861 §4). Never one that an invalidation has expired. @default none: the failure is thrown
   */
  readonly staleIfError?: number | undefined
}

/** A function that is registered with a cache. */
export interface Definition<A extends readonly unknown[], R> {
  readonly engine: Engine
  readonly fn: (...args: A) => R | PromiseLike<R>
  readonly options: CachedOptions<A, R, string | LifeFields>
  /** What messages call it. */
  readonly name: string
  /** What the keys of all its entries begin with. */
  readonly keyPrefix: string
}

const optionNames = ['key', 'tags', 'life', 'keyOf', 'clone', 'hardTimeoutMs', 'staleIfError']

/** Registers the function under its key. Throws before anything happens if an option is wrong. */
export function define<A extends readonly unknown[], R>(
  engine: Engine,
  fn: (...args: A) => R | PromiseLike<R>,
  options: CachedOptions<A, R, string | LifeFields>,
): Definition<A, R> {
  if (typeof fn !== 'function') throw invalid(`cached() takes a function first, got ${typeof fn}`)
  checkOptionNames('cached(): options', options, optionNames)
  const key: unknown = options.key
  if (typeof key !== 'string' || key === '') {
    throw invalid('cached() needs { key }: a string that names the function across processes and deploys')
  }
  const name = `cached function "${key}"`
  checkOptions(name, options)
  if (options.life !== undefined) engine.profiles.fields(options.life)
  if (engine.functions.has(key)) {
    throw new CacheError(
      'ERR_RESTALE_DUPLICATE_KEY',
      `There is a ${name} already. Give each function a key of its own.`,
    )
  }
  engine.functions.add(key)
  const keyPrefix = `f${engine.version.length}:${engine.version}${key.length}:${key}`
  return { engine, fn, options, name, keyPrefix }
}

function checkOptions(name: string, options: CachedOptions<never, never, unknown>): void {
  const wrong = (option: string, expected: string, value: unknown) =>
    invalid(`${name}: ${option} must be ${expected}, got ${describeValue(value)}`)
  const { tags, keyOf, clone, hardTimeoutMs, staleIfError } = options
  if (tags !== undefined && typeof tags !== 'function' && !Array.isArray(tags)) {
    throw wrong('tags', 'a list of strings or a function that gives one', tags)
  }
  if (keyOf !== undefined && typeof keyOf !== 'function') throw wrong('keyOf', 'a function', keyOf)
  if (clone !== undefined && typeof clone !== 'boolean') throw wrong('clone', 'true or false', clone)
  if (hardTimeoutMs !== undefined && !(typeof hardTimeoutMs === 'number' && hardTimeoutMs > 0)) {
    throw wrong('hardTimeoutMs', 'more than 0 milliseconds', hardTimeoutMs)
  }
  if (staleIfError !== undefined && !(typeof staleIfError === 'number' && staleIfError >= 0)) {
    throw wrong('staleIfError', '0 or more seconds', staleIfError)
  }
}

function invalid(message: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', `${message}.`)
}
