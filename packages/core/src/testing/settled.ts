import type { Cache } from '../cache/cache.ts'
import { engineOf } from '../cache/engine-of.ts'

/** Resolves when no background work of this cache is left. */
export async function settled(cache: Cache): Promise<void> {
  await engineOf(cache).background.idle()
}
