import type { Engine } from './engine.ts'
import { CacheError } from './errors.ts'
import type { FillScope } from './scope.ts'
import { currentScope } from './scope.ts'

/** `cacheTag`. */
export function label(engine: Engine, tags: readonly unknown[]): void {
  const scope = labelled('cacheTag')
  if (scope !== undefined && scope.owner !== engine) {
    scope.refuse('it is tagged for another cache, whose invalidations do not reach it')
  }
  scope?.tag(tags)
}

/** `cacheLife`. */
export function declareLife(engine: Engine, life: unknown): void {
  const fields = engine.profiles.fields(life)
  labelled('cacheLife')?.declareLife(fields)
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
