import type { Cache } from './cache.ts'
import { engineOf } from './engine-of.ts'

/** Resolves when nothing runs in the background of a cache any more, or after 5 seconds. */
export function drain(cache: Cache): Promise<void> {
  return engineOf(cache).drain()
}
