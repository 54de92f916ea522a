import type { LifeFields } from '../state/life.ts'
import { encodeArguments } from './arguments.ts'
import { deepCopy, isPrimitive, UncopyableError } from './copy.ts'
import type { Engine, Filled } from './engine.ts'
import type { Entry } from './entry.ts'
import { CacheError } from './errors.ts'
import type { Fill, Landing } from './fills.ts'
import { givenTags } from './given-tags.ts'
import { checkOptionNames } from './option-names.ts'
import { currentFillScope, FillScope, runInScope, runOutside } from './scope.ts'
import { describeError, warnOnce } from './warnings.ts'

const usesStale = 'it uses a stale value'
/** As it is when this is loaded: timers that a test replaces later do not hold up what runs behind. */
const nextTurn = globalThis.setImmediate

export interface CachedOptions<A extends readonly unknown[], R, L> {
  /** Names the function across processes and deploys; no two functions of a cache may share one. */
  readonly key: string
  /** Tags of each value: a list, or a function of the arguments and the result. */
  readonly tags?: readonly string[] | ((args: A, result: R) => readonly string[])
  /** A profile name or fields in seconds. @default the profile `default` */
  readonly life?: L
  /**
   * `false` hands every caller the same object, which is faster, and right only if none of them changes it.
   * @default true: each caller gets a copy of its own
   */
  readonly clone?: boolean
}

/** A function with the same arguments, whose results are cached. */
export type CachedFunction<A extends readonly unknown[], R> = (...args: A) => Promise<R>

/** Makes `fn` a cached function of this engine. Throws before anything happens if an option is wrong. */
export function cachedFunction<A extends readonly unknown[], R>(
  engine: Engine,
  fn: (...args: A) => R | Promise<R>,
  options: CachedOptions<A, R, string | LifeFields>,
): CachedFunction<A, R> {
  const definition = define(engine, fn, options)
  return (...args) => call(definition, args)
}

interface Definition<A extends readonly unknown[], R> {
  readonly engine: Engine
  readonly fn: (...args: A) => R | Promise<R>
  readonly options: CachedOptions<A, R, string | LifeFields>
  readonly name: string
  readonly keyPrefix: string
}

function define<A extends readonly unknown[], R>(
  engine: Engine,
  fn: (...args: A) => R | Promise<R>,
  options: CachedOptions<A, R, string | LifeFields>,
): Definition<A, R> {
  if (typeof fn !== 'function') throw invalid(`cached() takes a function first, got ${typeof fn}`)
  checkOptionNames('cached(): options', options, ['key', 'tags', 'life', 'clone'])
  const key: unknown = options.key
  if (typeof key !== 'string' || key === '') {
    throw invalid('cached() needs { key }: a string that names the function across processes and deploys')
  }
  if (options.tags !== undefined && typeof options.tags !== 'function' && !Array.isArray(options.tags)) {
    throw invalid(`cached function "${key}": tags must be a list of strings or a function that gives one`)
  }
  if (options.life !== undefined) engine.profiles.fields(options.life)
  if (engine.functions.has(key)) {
    throw new CacheError(
      'ERR_RESTALE_DUPLICATE_KEY',
      `There is a cached function "${key}" already. Give each function a key of its own.`,
    )
  }
  engine.functions.add(key)
  const keyPrefix = `f${engine.version.length}:${engine.version}${key.length}:${key}`
  return { engine, fn, options, name: `cached function "${key}"`, keyPrefix }
}

/** lookup → fresh: serve; stale: serve and refill behind, unless a fill needs it fresh; else: fill. */
async function call<A extends readonly unknown[], R>(definition: Definition<A, R>, args: A): Promise<R> {
  const { engine, keyPrefix, options } = definition
  const outer = currentFillScope()
  if (!engine.isEnabled) return runUncached(definition, args, outer)
  const key = keyPrefix + encodeArguments(args, options.key)
  const now = engine.clock.now()
  const entry = engine.memory.get(key) as Entry<R> | undefined
  const freshness = entry === undefined ? 'expired' : engine.ledger.judge(entry, now)

  if (entry !== undefined && freshness === 'fresh') {
    engine.events.key('hit', key)
    outer?.consume(entry, engine, now)
    return own(definition, entry.value)
  }
  if (entry !== undefined && freshness === 'stale' && !outer?.isDecided) {
    engine.events.key('stale', key)
    if (engine.canRefill(entry, key, now)) refillBehind(definition, args, key, entry)
    outer?.consume(entry, engine, now)
    outer?.refuse(usesStale)
    return own(definition, entry.value)
  }
  engine.events.key('miss', key)
  return obtain(definition, args, key, outer, entry)
}

/** Joins the flight that there is, or starts one; never takes what was invalidated before this call began. */
async function obtain<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
  key: string,
  outer: FillScope | undefined,
  previous: Entry | undefined,
): Promise<R> {
  const { engine } = definition
  const { fills, ledger } = engine
  const position = ledger.position
  // What a fill is made of has to be fresh; anyone else may have what has only turned stale.
  const severity = outer?.isDecided ? 'any' : 'hard'
  for (;;) {
    const flight = fills.flight(key) as Fill<R> | undefined
    if (flight === undefined || (!fills.canJoin(flight, position, severity) && !fills.isFull(key))) {
      const { fill, result, ended } = startFill(definition, args, key, previous, {
        dispatch: (run) => run(),
        onTimeout: () => {},
      })
      handOn(engine, fill, outer, await ended)
      return result
    }
    const canJoin = fills.canJoin(flight, position, severity)
    const landing = await flight.landed
    if (
      landing.how === 'value' &&
      !ledger.isMarked(landing.entry.version, position, landing.entry, severity)
    ) {
      handOn(engine, flight, outer, landing)
      if (ledger.isMarked(landing.entry.version, position, landing.entry, 'any')) outer?.refuse(usesStale)
      return own(definition, landing.entry.value)
    }
    if (landing.how === 'failed' && canJoin) {
      handOn(engine, flight, outer, landing)
      throw landing.error
    }
  }
}

/** What a value was made of joins the one around it; what a failure was made of too, for that may be caught. */
export function handOn(
  engine: Engine,
  { scope, bornAt }: Pick<Fill, 'scope' | 'bornAt'>,
  outer: FillScope | undefined,
  landing?: Landing,
): void {
  if (outer === undefined) return
  const life = scope.life(engine.profiles.default)
  outer.consume({ tags: scope.tags, life, bornAt }, engine, engine.clock.now())
  const reason = landing?.how === 'value' ? landing.unlabelled : scope.unstorable
  if (reason !== undefined) outer.refuse(reason)
}

/** The cache is off: nothing is looked up, shared or stored, and what is called inside works as ever. */
async function runUncached<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
  outer: FillScope | undefined,
): Promise<R> {
  const { engine, fn, options } = definition
  const scope = scopeOf(definition, args)
  const bornAt = engine.clock.now()
  try {
    const value = await runInScope(scope, async () => fn(...args))
    if (needsResult(options.tags)) tagWith(definition, scope, args, value)
    return value
  } finally {
    scope.close()
    handOn(engine, { scope, bornAt }, outer)
  }
}

function refillBehind<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
  key: string,
  previous: Entry<R>,
): void {
  const { engine } = definition
  const release = engine.background.occupy()
  let isGivenUp = false
  const onFailure = (error: unknown) => {
    if (!isGivenUp) engine.retryLater(previous, error)
  }
  const { result } = startFill(definition, args, key, previous, {
    // In a turn of its own: whoever has the stale value gets on with it before any of this runs.
    dispatch: (run) => runOutside(() => new Promise<void>((resolve) => nextTurn(resolve)).then(run)),
    onTimeout: () => {
      onFailure(new Error(`${definition.name} took too long`))
      isGivenUp = true
      release()
    },
  })
  engine.background.track(result.catch(onFailure).finally(release))
}

/** Runs the function in a scope of its own. `result` is what it gave, `fill.landed` what others may have. */
function startFill<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
  key: string,
  previous: Entry | undefined,
  how: { dispatch(run: () => Promise<R>): Promise<R>; onTimeout(): void },
): { fill: Fill<R>; result: Promise<R>; ended: Promise<Landing<R>> } {
  const { engine, fn } = definition
  const scope = scopeOf(definition, args)
  const fill = engine.fills.begin<R>(key, scope, engine.clock.now(), previous)
  // However long it takes, only who started it waits longer than the time for one fill.
  const stopTimer = engine.startFillTimer(() => {
    engine.fills.giveUp(fill)
    how.onTimeout()
  })
  const result = how.dispatch(() => runInScope(scope, async () => fn(...args))).finally(stopTimer)
  const ended = result.then(
    (value) => land(definition, fill, args, value),
    (error) => landWith(engine, fill, { how: 'failed', error }),
  )
  return { fill, result, ended }
}

/** With what is known before the function runs: its life, and its tags unless they are made of the result. */
function scopeOf<A extends readonly unknown[], R>(definition: Definition<A, R>, args: A): FillScope {
  const { engine, options, name } = definition
  const scope = new FillScope('function', engine, name)
  if (options.life !== undefined) scope.limitLife(engine.profiles.fields(options.life))
  if (options.tags !== undefined && !needsResult(options.tags)) tagWith(definition, scope, args)
  return scope
}

function land<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  fill: Fill<R>,
  args: A,
  value: R,
): Landing<R> {
  const { engine, options } = definition
  if (needsResult(options.tags)) tagWith(definition, fill.scope, args, value)
  fill.scope.close()
  // That it cannot be copied, below, concerns this value alone and nothing that is made of it.
  const unlabelled = fill.scope.unstorable
  const life = fill.scope.life(engine.profiles.default)
  const entry = engine.entryOf(fill, { ...storedCopy(definition, fill.scope, value), life })
  // A value that may not be stored is definitive too: an older one must not go out in its place.
  if (engine.store(fill, entry) !== undefined) engine.remove(fill)
  return landWith(engine, fill, { how: 'value', entry, unlabelled })
}

function landWith<V>(engine: Engine, fill: Fill<V>, landing: Landing<V>): Landing<V> {
  fill.scope.close()
  engine.fills.leave(fill)
  fill.land(landing)
  return landing
}

/** Tags that cannot be worked out leave the value uninvalidatable, so it is not stored; the caller still gets it. */
function tagWith<A extends readonly unknown[], R>(
  { options, name }: Definition<A, R>,
  scope: FillScope,
  args: A,
  value?: R,
): void {
  try {
    scope.tag(givenTags(typeof options.tags === 'function' ? options.tags(args, value as R) : options.tags))
  } catch (error) {
    scope.refuse('its tags could not be worked out')
    warnOnce(
      'RESTALE_TAGS_FAILED',
      name,
      `${name} is not cached: its tags function failed: ${describeError(error)}`,
    )
  }
}

function needsResult<A extends readonly unknown[], R>(tags: CachedOptions<A, R, unknown>['tags']): boolean {
  return typeof tags === 'function' && tags.length > 1
}

/** What is kept must not change with what the caller does to the value. */
function storedCopy<R>(
  { options, name }: Definition<readonly unknown[] & never[], R> | Definition<never, R>,
  scope: FillScope,
  value: R,
): Pick<Filled<R>, 'value' | 'bytes'> {
  try {
    return sizedCopy(value, options.clone !== false)
  } catch (error) {
    const what =
      error instanceof UncopyableError ? error.message : `a value that throws ${describeError(error)}`
    scope.refuse(`it holds ${what}, which cannot be copied`)
    warnOnce(
      'RESTALE_UNCOPYABLE',
      name,
      `${name} is not cached: it gave ${what}, which cannot be copied. Return plain data, or pass clone: false.`,
    )
    return { value, bytes: 0 }
  }
}

function sizedCopy<R>(value: R, isCloned: boolean): Pick<Filled<R>, 'value' | 'bytes'> {
  if (isCloned) {
    const copy = deepCopy(value)
    return { value: copy.value, bytes: copy.bytes }
  }
  return { value, bytes: sharedBytes(value) }
}

/** What is shared and cannot be measured is counted as one kibibyte. */
function sharedBytes(value: unknown): number {
  try {
    return deepCopy(value).bytes
  } catch {
    return 1024
  }
}

function own<A extends readonly unknown[], R>({ options }: Definition<A, R>, value: R): R {
  if (options.clone === false || isPrimitive(value)) return value
  try {
    return deepCopy(value).value
  } catch {
    // Only a value that was refused storage gets here, to those who waited for the very same call.
    return value
  }
}

function invalid(message: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', `${message}.`)
}
