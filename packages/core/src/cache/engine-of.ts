import type { Cache } from './cache.ts'
import type { Engine } from './engine.ts'
import { CacheError } from './errors.ts'

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

/** Ties a cache to its parts. */
export function tieEngine(cache: Cache, engine: Engine): void {
  Object.defineProperty(cache, engineKey, { value: engine })
}
