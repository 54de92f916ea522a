import { describeValue } from '../state/describe.ts'
import type { Profile } from '../state/life.ts'
import type { Cache, CacheOptions } from './cache.ts'
import { steadyClock, systemClock } from './clock.ts'
import type { Limits } from './engine.ts'
import { Engine } from './engine.ts'
import { CacheError } from './errors.ts'
import { Events } from './events.ts'
import { checkOptionNames } from './option-names.ts'
import { Profiles } from './profiles.ts'

const optionNames = ['profiles', 'enabled', 'version', 'memory', 'refill', 'store', 'fetch', 'clock']

/** The parts of a cache with these options, checked first. */
export function createEngine(options: CacheOptions<string>, cache: () => Cache): Engine {
  checkOptionNames('createCache: options', options, optionNames)
  const { enabled = true, version = '', clock = systemClock } = options
  if (typeof enabled !== 'boolean') throw invalidOption('enabled', 'true or false', enabled)
  if (typeof version !== 'string') throw invalidOption('version', 'a string', version)
  if (typeof clock?.now !== 'function') throw invalidOption('clock', '{ now(): number }', clock)
  if (clock.schedule !== undefined && typeof clock.schedule !== 'function')
    throw invalidOption('clock.schedule', 'a function', clock.schedule)
  const { store } = options
  if (store !== undefined && typeof store?.attach !== 'function')
    throw invalidOption('store', 'a store, for instance lmdbStore() or redisStore()', store)
  return new Engine({
    clock: clock === systemClock ? clock : steadyClock(clock),
    store,
    version,
    isEnabled: enabled,
    profiles: new Profiles(options.profiles as Readonly<Record<string, Profile>> | undefined),
    limits: limitsOf(options),
    events: new Events(cache),
  })
}

/** An option of `createCache` that is not what it should be. */
export function invalidOption(name: string, expected: string, value: unknown): CacheError {
  return new CacheError(
    'ERR_RESTALE_INVALID_OPTION',
    `createCache: ${name} must be ${expected}, got ${describeValue(value)}.`,
  )
}

function limitsOf({ memory = {}, refill = {} }: CacheOptions<string>): Limits {
  checkOptionNames('createCache: memory', memory, ['maxBytes', 'maxEntryBytes', 'maxMarks'])
  checkOptionNames('createCache: refill', refill, ['maxConcurrent', 'timeoutMs'])
  return {
    maxBytes: count('memory.maxBytes', memory.maxBytes, 64 * 1024 * 1024),
    maxEntryBytes: count('memory.maxEntryBytes', memory.maxEntryBytes, 1024 * 1024),
    maxMarks: count('memory.maxMarks', memory.maxMarks, 100_000),
    maxRefills: count('refill.maxConcurrent', refill.maxConcurrent, 32),
    fillTimeoutMs: count('refill.timeoutMs', refill.timeoutMs, 30_000),
  }
}

function count(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback
  if (!Number.isSafeInteger(value) || value < 1)
    throw invalidOption(name, 'a whole number of 1 or more', value)
  return value
}
