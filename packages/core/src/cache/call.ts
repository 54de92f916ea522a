import { createHash } from 'node:crypto'
import { tagProblem } from '../state/tag.ts'
import { encodeArguments, encodeKeyOf } from './arguments.ts'
import type { Codec } from './codec.ts'
import { deepCopy, isPrimitive, sharedBytes, UncopyableError } from './copy.ts'
import type { Definition } from './definition.ts'
import type { Entry } from './entry.ts'
import { endFill } from './fill.ts'
import type { Fill } from './fills.ts'
import { functionCodec } from './function-codec.ts'
import { givenTags } from './given-tags.ts'
import { FillScope } from './scope.ts'
import type { Making, Source } from './source.ts'
import { describeError, warnOnce } from './warnings.ts'

/** One call of a cached function. */
export class Call<A extends readonly unknown[], R> implements Source<R, R> {
  readonly key: string
  readonly name: string
  readonly staleIfError: number | undefined
  readonly codec: Codec<R> | undefined
  readonly wait: <T>(promise: Promise<T>) => Promise<T>
  readonly #definition: Definition<A, R>
  #args: A

  constructor(definition: Definition<A, R>, args: A, wait: <T>(promise: Promise<T>) => Promise<T>) {
    this.key = keyOf(definition, args)
    this.name = definition.name
    this.staleIfError = definition.options.staleIfError
    // What is not copied may be anything.
    this.codec = definition.options.clone === false ? undefined : (functionCodec as Codec<R>)
    this.wait = wait
    this.#definition = definition
    this.#args = args
  }

  /** A fill begins: from now on the arguments are its own, whatever the caller does to those that it has given. */
  scope(): FillScope {
    this.#args = this.#args.map(ownArgument) as unknown as A
    return scopeOf(this.#definition, this.#args)
  }

  make(fill: Fill<R>, previous: Entry<R> | undefined): Making<R> {
    const { engine, fn } = this.#definition
    const run = (async () => fn(...this.#args))()
    const over = run.then(
      (value) => this.#land(fill, previous, value),
      (error) => endFill(engine, fill, { how: 'failed', error }),
    )
    return { result: over.then(() => run), over }
  }

  serve({ value }: Entry<R>): R {
    return ownCopy(this.#definition, value)
  }

  #land(fill: Fill<R>, previous: Entry<R> | undefined, value: R): void {
    const { engine } = this.#definition
    const { scope } = fill
    tagResult(this.#definition, scope, this.#args, value)
    scope.close()
    const { refusal, ...kept } = keptCopy(this.#definition, value)
    const life = scope.life(engine.profiles.default)
    const entry = engine.entryOf(fill, { ...kept, life, codec: this.codec })
    const unstored = engine.store(fill, entry, refusal)
    if (unstored?.isDefinitive) engine.remove(fill)
    else if (unstored !== undefined) engine.retryLater(previous, undefined)
    // What cannot be copied cannot be shared: others make their own, now and next time.
    if (refusal === undefined) engine.history.forget(fill.key)
    else engine.history.set(fill.key, { isUncollapsible: true })
    endFill(
      engine,
      fill,
      refusal === undefined ? { how: 'value', entry } : { how: 'refused', reason: refusal, isNature: true },
    )
  }
}

/** Longer ones are told apart by their SHA-256: they would be kept again and again, and slow to compare. */
const maxEncodedLength = 512

/** The key of the entry for these arguments. */
export function keyOf<A extends readonly unknown[], R>(
  { keyPrefix, options }: Definition<A, R>,
  args: A,
): string {
  const encoded =
    options.keyOf === undefined
      ? encodeArguments(args, options.key)
      : encodeKeyOf(options.keyOf(args), options.key)
  if (encoded.length <= maxEncodedLength) return keyPrefix + encoded
  return `${keyPrefix}#${createHash('sha256').update(encoded).digest('base64url')}`
}

/** With what is known before the function runs: its life, and its tags as far as they need no result. */
export function scopeOf<A extends readonly unknown[], R>(definition: Definition<A, R>, args: A): FillScope {
  const { engine, options, name } = definition
  const scope = new FillScope('function', engine, name)
  if (options.life !== undefined) scope.limitLife(engine.profiles.fields(options.life))
  if (typeof options.tags === 'function') scope.tag(earlyTags(options.tags, args))
  else if (options.tags !== undefined) scope.tag(options.tags)
  return scope
}

/**
 * The tags of a function of the arguments alone. How many parameters it says it has is only a hint: it is asked
 * again when the result is there, and whatever is wrong is said then.
 */
function earlyTags<A extends readonly unknown[], R>(
  tags: (args: A, result: R) => readonly string[],
  args: A,
): unknown[] {
  if (tags.length > 1) return []
  try {
    return givenTags(tags(args, undefined as R)).filter((tag) => tagProblem(tag) === undefined)
  } catch {
    return []
  }
}

/** Tags that cannot be worked out leave the value uninvalidatable, so it is not stored; the caller still gets it. */
export function tagResult<A extends readonly unknown[], R>(
  { options, name }: Definition<A, R>,
  scope: FillScope,
  args: A,
  value: R,
): void {
  if (typeof options.tags !== 'function') return
  try {
    scope.tag(givenTags(options.tags(args, value)))
  } catch (error) {
    scope.refuse('its tags could not be worked out')
    warnOnce(
      'RESTALE_TAGS_FAILED',
      name,
      `${name} is not cached: its tags function failed: ${describeError(error)}`,
    )
  }
}

/** What has no copy, and is no part of the key then, stays what it is. */
function ownArgument(argument: unknown): unknown {
  if (isPrimitive(argument)) return argument
  try {
    return deepCopy(argument).value
  } catch {
    return argument
  }
}

/** What a caller gets of a value that is kept. */
export function ownCopy<A extends readonly unknown[], R>({ options }: Definition<A, R>, value: R): R {
  return options.clone === false || isPrimitive(value) ? value : deepCopy(value).value
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
