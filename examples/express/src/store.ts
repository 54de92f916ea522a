// What is behind the cache's memory: STORE=memory, lmdb or redis://…
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '@restale/core'
import { lmdbStore } from '@restale/lmdb'
import { redisStore } from '@restale/redis'
import { createClient } from 'redis'

export interface OpenedStore {
  /** Undefined for memory alone. */
  readonly cacheStore: Store | undefined
  readonly close: () => Promise<void>
}

/** The cache is kept beside the data, and for as long: `dataDir` is undefined if they last only for this run. */
export async function openStore(setting: string, dataDir: string | undefined): Promise<OpenedStore> {
  const nothing = async () => {}
  if (setting === 'memory') return { cacheStore: undefined, close: nothing }
  if (setting === 'lmdb' && dataDir !== undefined) {
    return { cacheStore: lmdbStore({ path: `${dataDir}.cache` }), close: nothing }
  }
  if (setting === 'lmdb') {
    const path = await mkdtemp(join(tmpdir(), 'restale-atlas-'))
    return { cacheStore: lmdbStore({ path }), close: () => rm(path, { recursive: true, force: true }) }
  }
  if (/^rediss?:/.test(setting)) {
    // It is never connected: the store takes what it says and opens connections of its own.
    return { cacheStore: redisStore({ client: createClient({ url: setting }) }), close: nothing }
  }
  throw new Error(`STORE must be memory, lmdb or redis://…, got "${setting}"`)
}
