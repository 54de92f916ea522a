import { resolve } from 'node:path'
import type { Store } from '@restale/core/store'
import { createStore } from '@restale/core/store'
import type { LmdbOptions } from './options.ts'
import { lmdbSettings } from './options.ts'
import { LmdbPort } from './port.ts'

export type { LmdbOptions } from './options.ts'

/**
 * A store for `createCache` in files of one machine, that survives restarts and is shared by all processes: what one
 * of them invalidates, all others know at their next lookup.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_WEAK_SECRET`
 */
export function lmdbStore(options: LmdbOptions): Store {
  const { path, maxBytes, ...shared } = options ?? {}
  const settings = lmdbSettings({ path, maxBytes })
  const absolute = resolve(settings.path)
  const open = () => new LmdbPort({ path: absolute, maxBytes: settings.maxBytes })
  return createStore('lmdbStore', open, shared, ['path', 'maxBytes'])
}
