import { CacheError } from '../cache/errors.ts'
import { checkOptionNames } from '../cache/option-names.ts'
import { describeValue } from '../state/describe.ts'
import type { GuardOptions } from './guard.ts'

/** What every store takes beside what it needs itself. */
export interface SharedOptions {
  /**
   * Milliseconds for which what is held may be used without knowing whether it was invalidated elsewhere: cut off from
   * the store for longer, a process makes its own, for so long at a time. @default 5_000
   */
  readonly maxUnverifiedMs?: number | undefined
  /**
   * What a process does that is cut off for longer. `fill`: it makes its own. `serve`: it goes on with what it has, and
   * says so in `Cache-Status` (`detail=unverified`). @default 'fill'
   */
  readonly onUnverified?: 'fill' | 'serve' | undefined
  /** Milliseconds that a question to the store may take. @default 100 */
  readonly deadlineMs?: number | undefined
  /**
   * Seals entries by HMAC-SHA-256, so that nobody who can write to the store, and does not know it, can plant one: at
   * least 32 characters, the same in all processes. @default none: a checksum against damage
   */
  readonly secret?: string | undefined
}

/** The same, resolved. */
export interface StoreSettings extends GuardOptions {
  readonly maxUnverifiedMs: number
  readonly isServedUnverified: boolean
  readonly secret: string | undefined
}

const sharedOptionNames = ['maxUnverifiedMs', 'onUnverified', 'deadlineMs', 'secret']

/** So many questions may be under way at a time; the others are not asked. */
const maxCalls = 1_000
const minSecretLength = 32

/**
 * `ownNames`: options that the store has beside these, for the message.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_WEAK_SECRET`
 */
export function settingsOf(
  where: string,
  options: SharedOptions,
  ownNames: readonly string[] = [],
): StoreSettings {
  checkOptionNames(where, options, [...ownNames, ...sharedOptionNames])
  const { maxUnverifiedMs = 5_000, onUnverified = 'fill', deadlineMs = 100, secret } = options
  if (!isDuration(maxUnverifiedMs))
    throw invalid(where, 'maxUnverifiedMs', 'milliseconds above 0', maxUnverifiedMs)
  if (!isDuration(deadlineMs)) throw invalid(where, 'deadlineMs', 'milliseconds above 0', deadlineMs)
  if (onUnverified !== 'fill' && onUnverified !== 'serve')
    throw invalid(where, 'onUnverified', '"fill" or "serve"', onUnverified)
  if (secret !== undefined && typeof secret !== 'string') throw invalid(where, 'secret', 'a string', secret)
  if (secret !== undefined && secret.length < minSecretLength) {
    const message = `${where}: secret must have at least ${minSecretLength} characters, got ${secret.length}.`
    throw new CacheError('ERR_RESTALE_WEAK_SECRET', message)
  }
  return { maxUnverifiedMs, isServedUnverified: onUnverified === 'serve', deadlineMs, secret, maxCalls }
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0
}

function invalid(where: string, name: string, expected: string, value: unknown): CacheError {
  const message = `${where}: ${name} must be ${expected}, got ${describeValue(value)}.`
  return new CacheError('ERR_RESTALE_INVALID_OPTION', message)
}
