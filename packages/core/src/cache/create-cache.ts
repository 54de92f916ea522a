import { describeValue } from '../state/describe.ts'
import type { Profile } from '../state/life.ts'
import type { Cache, CacheOptions, Collected } from './cache.ts'
import { cachedFunction, handOn } from './cached.ts'
import { schedule, systemClock } from './clock.ts'
import type { Limits } from './engine.ts'
import { Engine } from './engine.ts'
import { CacheError } from './errors.ts'
import { Events } from './events.ts'
import { invalidate, tagList, warnSingleArgument } from './invalidate.ts'
import { checkOptionNames } from './option-names.ts'
import { Profiles } from './profiles.ts'
import { currentFillScope, currentScope, FillScope, runInScope } from './scope.ts'

const closeTimeoutMs = 5_000
const optionNames = ['profiles', 'enabled', 'version', 'memory', 'refill', 'clock']

/** Where a cache keeps its parts; registered, so that another copy of this package finds them too. */
const engineKey = Symbol.for('@restale/core/engine/1')

/** The parts of a cache, for the layers above. */
export function engineOf(cache: Cache): Engine {
  const engine = (cache as { [engineKey]?: Engine } | undefined)?.[engineKey]
  if (engine === undefined) {
    throw new CacheError('ERR_RESTALE_INVALID_OPTION', 'Expected a cache that createCache() has made.')
  }
  return engine
}

/**
 * Makes a cache. It opens nothing and starts no timer.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_INVALID_LIFE`
 */
export function createCache<const P extends string = never>(options: CacheOptions<P> = {}): Cache<P> {
  const engine = createEngine(options as CacheOptions<string>, () => cache)
  const cache: Cache<P> = {
    get enabled() {
      return engine.isEnabled
    },
    version: engine.version,
    cacheTag: (...tags) => {
      const scope = labelled('cacheTag')
      if (scope !== undefined && scope.owner !== engine) {
        scope.refuse('it is tagged for another cache, whose invalidations do not reach it')
      }
      scope?.tag(tags)
    },
    cacheLife: (life) => {
      const fields = engine.profiles.fields(life)
      const scope = labelled('cacheLife')
      if (scope === undefined || scope.isClosed) return
      scope.limitLife(fields)
      if (scope.kind === 'response') scope.optIn()
    },
    cached: (fn, cachedOptions) => cachedFunction(engine, fn, cachedOptions),
    revalidateTag: (tags, profile) => {
      const isSingleArgument = (profile as unknown) === undefined
      const expire = isSingleArgument ? 0 : engine.profiles.deadline(profile)
      const invalidation = invalidate(engine, 'revalidateTag', { tags: tagList(tags), expire })
      if (isSingleArgument) warnSingleArgument()
      return invalidation
    },
    updateTag: (tags) => invalidate(engine, 'updateTag', { tags: tagList(tags), expire: 0 }),
    revalidatePath: (path, type) =>
      invalidate(engine, 'revalidatePath', { tags: [], paths: [{ path, type }], expire: 0 }),
    collect: (fn) => collect(engine, fn),
    subscribe: (listener) => engine.events.subscribe(listener),
    clear: () => clear(engine),
    close: () => close(engine),
    [Symbol.asyncDispose]: () => close(engine),
  }
  Object.defineProperty(cache, engineKey, { value: engine })
  return cache
}

function createEngine(options: CacheOptions<string>, cache: () => Cache): Engine {
  checkOptionNames('createCache: options', options, optionNames)
  const { enabled = true, version = '', clock = systemClock } = options
  if (typeof enabled !== 'boolean') throw invalidOption('enabled', 'true or false', enabled)
  if (typeof version !== 'string') throw invalidOption('version', 'a string', version)
  if (typeof clock?.now !== 'function') throw invalidOption('clock', '{ now(): number }', clock)
  if (clock.schedule !== undefined && typeof clock.schedule !== 'function')
    throw invalidOption('clock.schedule', 'a function', clock.schedule)
  return new Engine({
    clock,
    version,
    isEnabled: enabled,
    profiles: new Profiles(options.profiles as Readonly<Record<string, Profile>> | undefined),
    limits: limitsOf(options),
    events: new Events(cache),
  })
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

function invalidOption(name: string, expected: string, value: unknown): CacheError {
  return new CacheError(
    'ERR_RESTALE_INVALID_OPTION',
    `createCache: ${name} must be ${expected}, got ${describeValue(value)}.`,
  )
}

/** The scope that a label goes to, or nothing where labels are let go. */
function labelled(call: string): FillScope | undefined {
  const scope = currentScope()
  if (scope === undefined) {
    throw new CacheError(
      'ERR_RESTALE_NO_SCOPE',
      `${call} was called outside any cached function and outside any request that a responseCache has seen.`,
    )
  }
  return scope.kind === 'inert' ? undefined : scope
}

/** Tags and life reach whatever is around it too, as if the code had run there. */
async function collect<R>(engine: Engine, fn: () => R | Promise<R>): Promise<Collected<R>> {
  const outer = currentFillScope()
  const scope = new FillScope('collect', engine, 'collect()', 'collect()', outer)
  const bornAt = engine.clock.now()
  try {
    const value = await runInScope(scope, async () => fn())
    return { value, tags: [...scope.tags], life: scope.life(engine.profiles.default) }
  } finally {
    scope.close()
    // Also if it failed: what is made of the failure depends on the same.
    handOn(engine, { scope, bornAt }, outer)
  }
}

function clear(engine: Engine): void {
  engine.ledger.invalidateAll()
  engine.memory.clear()
  engine.history.clear()
  engine.functions.clear()
}

async function close(engine: Engine): Promise<void> {
  engine.isEnabled = false
  let stopTimer = () => {}
  const timeout = new Promise<void>((resolve) => {
    stopTimer = schedule(systemClock, resolve, closeTimeoutMs)
  })
  await Promise.race([engine.background.idle(), timeout])
  stopTimer()
}
