import type { LifeFields } from '../state/life.ts'
import { encodeArguments } from './arguments.ts'
import { deepCopy, isPrimitive, UncopyableError } from './copy.ts'
import type { Engine, Filled } from './engine.ts'
import type { Entry } from './entry.ts'
import { CacheError } from './errors.ts'
import type { Fill, Landing } from './fills.ts'
import { currentScope, FillScope, runInScope, runOutside } from './scope.ts'
import { warnOnce } from './warnings.ts'

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
  const key: unknown = options?.key
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
  const { engine, keyPrefix, fn, options } = definition
  if (!engine.isEnabled) return fn(...args)
  const key = keyPrefix + encodeArguments(args, options.key)
  const outer = currentFillScope()
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
    outer?.refuse('it uses a stale value')
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
  const { fills, ledger, clock } = engine
  const position = ledger.position
  // What a fill is made of has to be fresh; anyone else may have what has only turned stale.
  const severity = outer?.isDecided ? 'any' : 'hard'
  for (;;) {
    const flight = fills.flight(key) as Fill<R> | undefined
    if (flight === undefined || (!fills.canJoin(flight, position, severity) && !fills.isFull(key))) {
      const { fill, result } = startFill(definition, args, key, previous, {
        dispatch: (run) => run(),
        onTimeout: () => {},
      })
      const landing = await fill.landed
      if (landing.how === 'value') outer?.consume(landing.entry, engine, clock.now())
      return result
    }
    const canJoin = fills.canJoin(flight, position, severity)
    const landing = await flight.landed
    if (
      landing.how === 'value' &&
      !ledger.isMarked(landing.entry.version, position, landing.entry, severity)
    ) {
      outer?.consume(landing.entry, engine, clock.now())
      return own(definition, landing.entry.value)
    }
    if (landing.how === 'failed' && canJoin) throw landing.error
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
  // In a microtask of its own: the caller gets the stale value before any of this runs.
  const { result } = startFill(definition, args, key, previous, {
    dispatch: (run) => runOutside(() => Promise.resolve().then(run)),
    onTimeout: () => {
      engine.retryLater(previous, new Error(`${definition.name} took too long`))
      release()
    },
  })
  const work = result.catch((error) => engine.retryLater(previous, error)).finally(release)
  engine.background.track(work)
}

/** Runs the function in a scope of its own. `result` is what it gave, `fill.landed` what others may have. */
function startFill<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
  key: string,
  previous: Entry | undefined,
  how: { dispatch(run: () => Promise<R>): Promise<R>; onTimeout(): void },
): { fill: Fill<R>; result: Promise<R> } {
  const { engine, fn, options, name } = definition
  const scope = new FillScope('function', engine, name)
  if (options.life !== undefined) scope.limitLife(engine.profiles.fields(options.life))
  const fill = engine.fills.begin<R>(key, scope, engine.clock.now(), previous)
  if (options.tags !== undefined && !needsResult(options.tags)) tagWith(definition, scope, args)
  // However long it takes, who comes after the time for a fill does not wait for it.
  const stopTimer = engine.startFillTimer(() => {
    engine.fills.leave(fill)
    how.onTimeout()
  })
  const result = how.dispatch(() => runInScope(scope, async () => fn(...args))).finally(stopTimer)
  result.then(
    (value) => land(definition, fill, args, value),
    (error) => landWith(engine, fill, { how: 'failed', error }),
  )
  return { fill, result }
}

function land<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  fill: Fill<R>,
  args: A,
  value: R,
): void {
  const { engine, options } = definition
  if (options.tags !== undefined && needsResult(options.tags)) tagWith(definition, fill.scope, args, value)
  fill.scope.close()
  const life = fill.scope.life(engine.profiles.default)
  const entry = engine.entryOf(fill, { ...storedCopy(definition, fill.scope, value), life })
  engine.store(fill, entry)
  landWith(engine, fill, { how: 'value', entry })
}

function landWith<V>(engine: Engine, fill: Fill<V>, landing: Landing<V>): void {
  fill.scope.close()
  engine.fills.leave(fill)
  fill.land(landing)
}

/** Tags that cannot be worked out leave the value uninvalidatable, so it is not stored; the caller still gets it. */
function tagWith<A extends readonly unknown[], R>(
  { options, name }: Definition<A, R>,
  scope: FillScope,
  args: A,
  value?: R,
): void {
  try {
    scope.tag(typeof options.tags === 'function' ? options.tags(args, value as R) : (options.tags ?? []))
  } catch (error) {
    scope.refuse('its tags could not be worked out')
    warnOnce('RESTALE_TAGS_FAILED', name, `${name} is not cached: its tags function threw ${String(error)}`)
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
    const what = error instanceof UncopyableError ? error.message : `a value that throws ${String(error)}`
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

function currentFillScope(): FillScope | undefined {
  const scope = currentScope()
  return scope === undefined || scope.kind === 'inert' ? undefined : scope
}

function invalid(message: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', `${message}.`)
}
