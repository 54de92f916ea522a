import { encodeArguments, encodeKeyOf } from './arguments.ts'
import { deepCopy, isPrimitive, sharedBytes, UncopyableError } from './copy.ts'
import type { Definition } from './definition.ts'
import { overtaken } from './engine.ts'
import type { Entry } from './entry.ts'
import { endFill } from './fill.ts'
import type { Fill } from './fills.ts'
import { givenTags } from './given-tags.ts'
import { FillScope } from './scope.ts'
import type { Making, Source } from './source.ts'
import { describeError, warnOnce } from './warnings.ts'

/** One call of a cached function. */
export class Call<A extends readonly unknown[], R> implements Source<R, R> {
  readonly key: string
  readonly name: string
  readonly staleIfError: number | undefined
  readonly wait: <T>(promise: Promise<T>) => Promise<T>
  readonly #definition: Definition<A, R>
  readonly #args: A

  constructor(definition: Definition<A, R>, args: A, wait: <T>(promise: Promise<T>) => Promise<T>) {
    this.key = keyOf(definition, args)
    this.name = definition.name
    this.staleIfError = definition.options.staleIfError
    this.wait = wait
    this.#definition = definition
    this.#args = args
  }

  scope(): FillScope {
    return scopeOf(this.#definition, this.#args)
  }

  make(fill: Fill<R>): Making<R> {
    const { engine, fn } = this.#definition
    const run = (async () => fn(...this.#args))()
    const over = run.then(
      (value) => this.#land(fill, value),
      (error) => endFill(engine, fill, { how: 'failed', error }),
    )
    return { result: over.then(() => run), over }
  }

  serve({ value }: Entry<R>): R {
    return ownCopy(this.#definition, value)
  }

  #land(fill: Fill<R>, value: R): void {
    const { engine, options } = this.#definition
    const { scope } = fill
    if (needsResult(options.tags)) tagWith(this.#definition, scope, this.#args, value)
    scope.close()
    const { refusal, ...kept } = keptCopy(this.#definition, value)
    const entry = engine.entryOf(fill, { ...kept, life: scope.life(engine.profiles.default) })
    const reason = engine.store(fill, entry, refusal)
    // A value that may not be stored is definitive too: an older one must not go out in its place. Not so if
    // only something stale inside is the reason, or another fill.
    if (reason !== undefined && reason !== overtaken && !scope.isMadeOfStale) engine.remove(fill)
    endFill(engine, fill, { how: 'value', entry })
  }
}

/** The key of the entry for these arguments. */
export function keyOf<A extends readonly unknown[], R>(
  { keyPrefix, options }: Definition<A, R>,
  args: A,
): string {
  if (options.keyOf === undefined) return keyPrefix + encodeArguments(args, options.key)
  return keyPrefix + encodeKeyOf(options.keyOf(args), options.key)
}

/** With what is known before the function runs: its life, and its tags unless they are made of the result. */
export function scopeOf<A extends readonly unknown[], R>(definition: Definition<A, R>, args: A): FillScope {
  const { engine, options, name } = definition
  const scope = new FillScope('function', engine, name)
  if (options.life !== undefined) scope.limitLife(engine.profiles.fields(options.life))
  if (options.tags !== undefined && !needsResult(options.tags)) tagWith(definition, scope, args)
  return scope
}

/** Tags that cannot be worked out leave the value uninvalidatable, so it is not stored; the caller still gets it. */
export function tagWith<A extends readonly unknown[], R>(
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

export function needsResult(tags: unknown): boolean {
  return typeof tags === 'function' && tags.length > 1
}

/** What a caller gets of a value that is kept. */
export function ownCopy<A extends readonly unknown[], R>({ options }: Definition<A, R>, value: R): R {
  if (options.clone === false || isPrimitive(value)) return value
  try {
    return deepCopy(value).value
  } catch {
    // Only a value that was refused storage gets here, to those who waited for the very same call.
    return value
  }
}

/**
 * What is kept must not change with what the caller does to the value. That it cannot be copied concerns this
 * value alone, and nothing that is made of it.
 */
function keptCopy<A extends readonly unknown[], R>(
  { options, name }: Definition<A, R>,
  value: R,
): { readonly value: R; readonly bytes: number; readonly refusal?: string } {
  try {
    return options.clone === false ? { value, bytes: sharedBytes(value) } : deepCopy(value)
  } catch (error) {
    const what =
      error instanceof UncopyableError ? error.message : `a value that throws ${describeError(error)}`
    warnOnce(
      'RESTALE_UNCOPYABLE',
      name,
      `${name} is not cached: it gave ${what}, which cannot be copied. Return plain data, or pass clone: false.`,
    )
    return { value, bytes: 0, refusal: `it holds ${what}, which cannot be copied` }
  }
}
