import type { Freshness } from '../state/freshness.ts'
import type { Life, LifeFields } from '../state/life.ts'
import { Call, keyOf, ownCopy, scopeOf, tagResult } from './call.ts'
import { Deadline } from './deadline.ts'
import type { CachedOptions, Definition } from './definition.ts'
import { define } from './definition.ts'
import type { Engine } from './engine.ts'
import type { Entry } from './entry.ts'
import { CacheError } from './errors.ts'
import type { Invalidation } from './invalidate.ts'
import { invalidate } from './invalidate.ts'
import { handOn, obtain } from './obtain.ts'
import { currentFillScope, runInScope } from './scope.ts'

/** A function with the same arguments, whose results are cached. */
export interface CachedFunction<A extends readonly unknown[], R> {
  (...args: A): Promise<R>
  /**
   * Makes the value of these arguments stale: the next call gets it once more, and a new one is made behind it.
   * What was made of it stays as it is; use tags to reach that too. In force when it returns, never rejects.
   * @throws CacheError synchronously `ERR_RESTALE_INVALID_ARGUMENT`, `ERR_RESTALE_INVALIDATION_IN_SCOPE`
   */
  readonly revalidate: (...args: A) => Promise<Invalidation>
  /** Expires the value of these arguments: the next call makes a new one. Otherwise as `revalidate`. */
  readonly delete: (...args: A) => Promise<Invalidation>
  /**
   * The key of the entry of these arguments, as events name it.
   * @throws CacheError `ERR_RESTALE_INVALID_ARGUMENT`
   */
  readonly key: (...args: A) => string
  /**
   * What is held in memory for these arguments, unless it is expired. Never runs the function.
   * @throws CacheError `ERR_RESTALE_INVALID_ARGUMENT`
   */
  readonly peek: (...args: A) => Peeked<R> | undefined
}

/** A value as it is held. */
export interface Peeked<R> {
  readonly value: R
  readonly freshness: Exclude<Freshness, 'expired'>
  readonly tags: readonly string[]
  readonly life: Life
  /** Epoch milliseconds. */
  readonly bornAt: number
}

/** Makes `fn` a cached function of this engine. Throws before anything happens if an option is wrong. */
export function cachedFunction<A extends readonly unknown[], R>(
  engine: Engine,
  fn: (...args: A) => R | PromiseLike<R>,
  options: CachedOptions<A, R, string | LifeFields>,
): CachedFunction<A, R> {
  const definition = define(engine, fn, options)
  const invalidateEntry = (call: string, key: string, expire: number) =>
    invalidate(engine, `${definition.name}.${call}`, { tags: [], keys: [key], expire })
  return Object.assign((...args: A) => call(definition, args), {
    revalidate: (...args: A) =>
      invalidateEntry('revalidate', keyOf(definition, args), Number.POSITIVE_INFINITY),
    delete: (...args: A) => {
      const key = keyOf(definition, args)
      const invalidation = invalidateEntry('delete', key, 0)
      engine.memory.delete(key)
      return invalidation
    },
    key: (...args: A) => keyOf(definition, args),
    peek: (...args: A) => peek(definition, args),
  })
}

async function call<A extends readonly unknown[], R>(definition: Definition<A, R>, args: A): Promise<R> {
  const { engine, options, name } = definition
  const { hardTimeoutMs } = options
  if (hardTimeoutMs === undefined) return run(definition, args, unlimited)

  const outer = currentFillScope()
  const deadline = new Deadline(engine.clock, hardTimeoutMs, () => timeout(name, hardTimeoutMs))
  try {
    return await run(definition, args, deadline.wait)
  } finally {
    deadline.cancel()
    // What it depends on is not known yet, so nothing that is made of this failure may be kept.
    if (deadline.hasPassed) outer?.refuseForNow(`it waited too long for ${name}`)
  }
}

const unlimited: Call<never, never>['wait'] = (promise) => promise

async function run<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
  wait: Call<A, R>['wait'],
): Promise<R> {
  const { engine } = definition
  return engine.isEnabled
    ? obtain(engine, new Call(definition, args, wait))
    : wait(runUncached(definition, args))
}

/** The cache is off: nothing is looked up, shared or stored, and what is called inside works as ever. */
async function runUncached<A extends readonly unknown[], R>(
  definition: Definition<A, R>,
  args: A,
): Promise<R> {
  const { engine, fn } = definition
  const outer = currentFillScope()
  const scope = scopeOf(definition, args)
  const bornAt = engine.clock.now()
  try {
    const value = await runInScope(scope, async () => fn(...args))
    tagResult(definition, scope, args, value)
    return value
  } finally {
    scope.close()
    handOn(engine, { scope, bornAt }, outer)
  }
}

/** It is used like a hit, so it labels what is made of it like one; but it asks for nothing new. */
function peek<A extends readonly unknown[], R>(definition: Definition<A, R>, args: A): Peeked<R> | undefined {
  const { engine } = definition
  const key = keyOf(definition, args)
  const entry = engine.isEnabled ? (engine.memory.peek(key) as Entry<R> | undefined) : undefined
  const now = engine.clock.now()
  const freshness = entry === undefined ? 'expired' : engine.ledger.judge(entry, now)
  if (entry === undefined || freshness === 'expired') return undefined
  const outer = currentFillScope()
  outer?.consume(entry, engine, now)
  if (freshness === 'stale') outer?.refuseStale(engine.ledger.markedExpiredAt(entry, now))
  const { life, bornAt } = entry
  return {
    value: ownCopy(definition, entry.value),
    freshness,
    tags: [...entry.tags],
    life: { ...life },
    bornAt,
  }
}

function timeout(name: string, ms: number): CacheError {
  return new CacheError('ERR_RESTALE_TIMEOUT', `The ${name} took longer than its hardTimeoutMs, ${ms} ms.`)
}
