import { AsyncLocalStorage } from 'node:async_hooks'
import type { Life, Profile } from '../state/life.ts'
import { remaining, shorter, withDefaults } from '../state/life.ts'
import { maxTagsPerEntry, maxTagsPerScope, tagProblem } from '../state/tag.ts'
import { warnOnce } from './warnings.ts'

export type ScopeKind = 'function' | 'fetch' | 'response' | 'collect'

/** A request that the cache has seen and let pass: labels go nowhere, and are no error either. */
export interface InertScope {
  readonly kind: 'inert'
}

export const inertScope: InertScope = { kind: 'inert' }

export type Scope = FillScope | InertScope

/** A request that has not come to the cache yet. */
interface LaterScope {
  readonly kind: 'later'
  scope: Scope | undefined
}

/** What a nested value hands on to the one around it. */
export interface Consumed {
  readonly tags: Iterable<string>
  /** What limits the life around it. */
  readonly lifeHandedOn: Profile
  readonly bornAt: number
  /** Epoch milliseconds since when it is known to hold, as of an entry. */
  readonly verifiedAt: number
}

/**
 * What is known about a value while it is being made: its tags, its life so far, and whether it may be stored
 * at all. Whatever cached value is used inside joins its tags and what remains of its life to it.
 */
export class FillScope {
  readonly kind: ScopeKind
  /** The cache that this scope labels for, by identity. */
  readonly owner: object
  /** What warnings call it, for instance `cached function "get-post"` or `GET /posts/1`. */
  readonly name: string
  /** What is warned about once: there are few of these, while a client can make up any number of names. */
  readonly subject: string
  /** What a `collect` runs in: it is a window onto that scope, not a value of its own. */
  readonly around: FillScope | undefined
  readonly tags = new Set<string>()

  /** It is certain that the value is meant to be cached; until then stale nested values may be used. */
  isDecided: boolean
  /** The code itself asked for caching: route options, or `cacheLife` called by the handler. */
  isOptedIn: boolean
  isClosed = false
  /** Why the value must not be stored, if it must not. */
  unstorable: string | undefined
  /**
   * It is made of something stale, or without something that took too long: it must not be stored, which says
   * nothing against what was stored before.
   */
  isRefusedForNow = false
  /** Epoch milliseconds: from then on what it is made of is expired by an invalidation. */
  usableUntil = Number.POSITIVE_INFINITY
  /** Epoch milliseconds since when all that is nested in it is known to hold. */
  verifiedAt = Number.POSITIVE_INFINITY
  explicitLife: Profile | undefined
  /** The code itself has said a life, not only options around it. */
  isLifeDeclared = false
  onOptIn: (() => void) | undefined
  /** Takes back what was stored: a tag came when the value had gone out already, or it did not go out after all. */
  withdraw: (() => void) | undefined

  #declared = 0
  #nestedLife: Profile | undefined

  constructor(kind: ScopeKind, owner: object, name: string, subject = name, around?: FillScope) {
    this.kind = kind
    this.owner = owner
    this.name = name
    this.subject = subject
    this.around = around
    this.isOptedIn = kind === 'function' || kind === 'fetch'
    this.isDecided = this.isOptedIn || around?.isDecided === true
  }

  /** An invalid tag is skipped with a warning, and the value is not stored: nobody could invalidate it. */
  tag(tags: Iterable<unknown>): void {
    for (const tag of tags) {
      const problem = tagProblem(tag) ?? this.#countProblem(tag as string)
      if (problem === undefined) this.tags.add(tag as string)
      else this.#refuseTag(problem)
    }
    if (this.tags.size > maxTagsPerEntry) this.#refuseTooMany()
    if (this.isClosed) this.#lateTag()
  }

  /** Several calls keep the minimum of each field. */
  limitLife(life: Profile): void {
    this.explicitLife = this.explicitLife === undefined ? life : shorter(this.explicitLife, life)
  }

  /** The code itself says how long the value may be used, and a response asks to be cached by that. */
  declareLife(life: Profile): void {
    if (this.isClosed) return
    this.isLifeDeclared = true
    this.limitLife(life)
    if (this.kind === 'response') this.optIn()
  }

  optIn(): void {
    this.isDecided = true
    this.isOptedIn = true
    this.onOptIn?.()
  }

  /** Joins a nested entry that is being used now. */
  consume(entry: Consumed, owner: object, now: number): void {
    if (this.isClosed) return
    if (owner !== this.owner)
      this.refuse('it uses a value of another cache, whose invalidations do not reach it')
    for (const tag of entry.tags) this.tags.add(tag)
    if (this.tags.size > maxTagsPerEntry) this.#refuseTooMany()
    this.verifiedAt = Math.min(this.verifiedAt, entry.verifiedAt)
    const rest = remaining(entry.lifeHandedOn, Math.max(0, now - entry.bornAt) / 1000)
    this.#nestedLife = this.#nestedLife === undefined ? rest : shorter(this.#nestedLife, rest)
  }

  /** The first reason is kept. */
  refuse(reason: string): void {
    this.unstorable ??= reason
  }

  /** What is nested in it was served stale, and is expired from `until` on, in epoch milliseconds. */
  refuseStale(until: number): void {
    this.usableUntil = Math.min(this.usableUntil, until)
    this.refuseForNow('it uses a stale value')
  }

  /** It must not be stored this time, which says nothing against what was stored before. */
  refuseForNow(reason: string): void {
    this.isRefusedForNow = true
    this.refuse(reason)
  }

  close(): void {
    this.isClosed = true
    // Timers of a connection may hold the scope long after its request is over.
    this.onOptIn = undefined
  }

  /** Each field: what was said explicitly, else the minimum of the default and of what was nested. */
  life(defaults: Life): Life {
    const implicit = this.#nestedLife === undefined ? defaults : shorter(defaults, this.#nestedLife)
    return withDefaults(this.explicitLife ?? {}, withDefaults(implicit, defaults))
  }

  /** What of its life limits the one around it: of a fetch only what was said explicitly, as in Next.js. */
  lifeHandedOn(life: Life): Profile {
    return this.kind === 'fetch' ? (this.explicitLife ?? {}) : life
  }

  #countProblem(tag: string): string | undefined {
    if (this.tags.has(tag)) return undefined
    this.#declared++
    return this.#declared > maxTagsPerScope ? `more than ${maxTagsPerScope} tags` : undefined
  }

  /** It has been handed on without this tag: what was made of it must not stay, nor be stored yet. */
  #lateTag(): void {
    this.withdraw?.()
    this.around?.refuse('a tag came late')
    if (this.around?.isClosed) this.around.#lateTag()
  }

  #refuseTooMany(): void {
    this.#refuseTag(`more than ${maxTagsPerEntry} tags with those nested`)
  }

  #refuseTag(problem: string): void {
    this.refuse(`invalid tags: ${problem}`)
    warnOnce('RESTALE_INVALID_TAG', this.subject, `${this.name} is not cached: ${problem}`)
  }
}

// One storage for however many copies of this package a process loads, so that no copy loses tags of another.
const storageKey = Symbol.for('@restale/core/scope/1')
const shared = globalThis as { [storageKey]?: AsyncLocalStorage<Scope | LaterScope> }
shared[storageKey] ??= new AsyncLocalStorage<Scope | LaterScope>()
const storage: AsyncLocalStorage<Scope | LaterScope> = shared[storageKey]

export function currentScope(): Scope | undefined {
  const store = storage.getStore()
  return store?.kind === 'later' ? store.scope : store
}

/** The value that is being made here, if any; not one that has gone out already. */
export function currentFillScope(): FillScope | undefined {
  let scope = currentScope()
  if (scope === undefined || scope.kind === 'inert') return undefined
  // What a `collect` has left behind still runs in what is around it.
  while (scope.isClosed && scope.around !== undefined) scope = scope.around
  return scope.isClosed ? undefined : scope
}

export function runInScope<R>(scope: Scope, run: () => R): R {
  return storage.run(scope, run)
}

/**
 * For frameworks that call one function after the other, so that nothing can be run around what comes next: all
 * that goes on from here, asynchronously too, is in the scope that the returned function is given, once it is.
 */
export function enterScopeLater(): (scope: Scope) => void {
  const later: LaterScope = { kind: 'later', scope: undefined }
  storage.enterWith(later)
  return (scope) => {
    later.scope = scope
  }
}

/** Runs outside any request: what works in the background must not see whoever happened to trigger it. */
export const runOutside: <R>(run: () => R) => R = AsyncLocalStorage.snapshot()
