// Microseconds until an invalidation is in force, with so many entries under its tag.

import { createCache } from '@restale/core'
import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { rounded } from '../lib/results.mjs'
import { median } from '../lib/statistics.mjs'
import { milliseconds, report } from './measure.mjs'

const microseconds = (count, operation) => rounded(1000 * median(milliseconds(count, operation)))
const results = {}

for (const entries of [100, 10_000, 1_000_000]) {
  const cache = createCache({ memory: { maxBytes: 2 ** 32 } })
  const read = cache.cached(async (id) => id, { key: 'read', life: 'max', tags: ['all'] })
  for (let id = 0; id < entries; id++) await read(id)
  results[`updateTag, ${entries} entries`] = microseconds(500, () => void cache.updateTag('all'))
  results[`revalidateTag, ${entries} entries`] = microseconds(
    500,
    () => void cache.revalidateTag('all', 'max'),
  )
  await cache.close()
}

async function averageOf(count, operation) {
  const since = performance.now()
  for (let index = 0; index < count; index++) await operation()
  return rounded((1000 * (performance.now() - since)) / count)
}

for (const entries of [100, 10_000]) {
  const dedupe = createDedupe({ ttl: 3600, storage: { type: 'memory', options: { size: 2 * entries } } })
  dedupe.define('read', { references: () => ['all'] }, async (id) => id)
  for (let id = 0; id < entries; id++) await dedupe.read(id)
  results[`async-cache-dedupe, ${entries} entries`] = await averageOf(1, () => dedupe.invalidateAll('all'))

  const store = bentostore().useL1Layer(memoryDriver({ maxItems: 2 * entries }))
  const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
  for (let id = 0; id < entries; id++) await bento.set({ key: String(id), value: id, tags: ['all'] })
  results[`bentocache, ${entries} entries`] = await averageOf(100, () => bento.deleteByTag({ tags: ['all'] }))
}

report(results)
