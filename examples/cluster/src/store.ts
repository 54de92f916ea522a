// What all processes share: STORE=lmdb:<folder> on one machine, STORE=redis://… for many.
import type { Store } from '@restale/core'
import { lmdbStore } from '@restale/lmdb'
import { redisStore } from '@restale/redis'
import { createClient } from 'redis'

export function openStore(setting: string): Store {
  if (setting.startsWith('lmdb:')) return lmdbStore({ path: setting.slice('lmdb:'.length) })
  if (/^rediss?:/.test(setting)) return redisStore({ client: createClient({ url: setting }) })
  throw new Error(`STORE must be lmdb:<folder> or redis://…, got "${setting}"`)
}
