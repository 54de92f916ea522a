import type { Store } from '../cache/tier.ts'
import type { SharedOptions } from './options.ts'
import { settingsOf } from './options.ts'
import type { StoreLimits, StorePort } from './port.ts'
import { SharedTier } from './shared-tier.ts'

/** What an entry may have beside its body, in its header. */
const maxHeaderBytes = 1024 * 1024

/**
 * A store for `createCache`, made of a port. `name` is what users call, for messages, and `ownNames` are the options that
 * it has beside the shared ones. `open` is called once, when a cache is created with it.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_WEAK_SECRET`
 */
export function createStore(
  name: string,
  open: (limits: StoreLimits) => StorePort,
  options: SharedOptions = {},
  ownNames: readonly string[] = [],
): Store {
  const settings = settingsOf(name, options, ownNames)
  return {
    attach: (engine) => {
      const maxItemBytes = 2 * engine.limits.maxEntryBytes + maxHeaderBytes
      return new SharedTier(engine, open({ maxItemBytes }), { ...settings, maxItemBytes })
    },
  }
}
