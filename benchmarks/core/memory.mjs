// Bytes for one of 100,000 entries of 1 KiB under 4 tags: heap and external memory, and resident.
import { createCache } from '@restale/core'
import { LRUCache } from 'lru-cache'
import { report } from './measure.mjs'
import { fourTags, requestFor, site } from './responses.mjs'

const count = 100_000
const kept = []

function used() {
  for (let times = 0; times < 4; times++) globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss }
}

async function perEntry(fill) {
  const before = used()
  kept.push(await fill())
  const after = used()
  return {
    used: Math.round((after.heap - before.heap) / count),
    resident: Math.round((after.rss - before.rss) / count),
  }
}

const text = (id) => Buffer.alloc(1024, String(id)).toString('latin1')
const maxBytes = 2 ** 30

const fills = {
  async responses() {
    const cache = createCache({ memory: { maxBytes } })
    const { fill } = site(cache)
    for (let id = 0; id < count; id++) fill(requestFor(`/${id}`), Buffer.from(text(id)))
    return cache
  },
  async 'cached() of a string'() {
    const cache = createCache({ memory: { maxBytes } })
    const read = cache.cached(async (id) => text(id), { key: 'read', life: 'hours', tags: fourTags })
    for (let id = 0; id < count; id++) await read(id)
    return cache
  },
  async 'lru-cache of strings'() {
    const lru = new LRUCache({ max: count })
    for (let id = 0; id < count; id++) lru.set(`/${id}`, text(id))
    return lru
  },
  async 'lru-cache of Buffers and headers'() {
    const lru = new LRUCache({ max: count })
    for (let id = 0; id < count; id++) {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': '1024' }
      lru.set(`/${id}`, { status: 200, headers, body: Buffer.from(text(id)) })
    }
    return lru
  },
}

const results = {}
for (const [name, fill] of Object.entries(fills)) results[name] = await perEntry(fill)
report(results)
