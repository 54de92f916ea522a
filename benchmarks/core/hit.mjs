// Nanoseconds of a hit without HTTP: 1 KiB under 4 tags.
import { Engine as CatboxMemory } from '@hapi/catbox-memory'
import { createCache } from '@restale/core'
import { LRUCache } from 'lru-cache'
import { dataCaches } from '../http/candidates/data-caches.mjs'
import { jsonValue } from '../http/subject.mjs'
import { nanoseconds, report } from './measure.mjs'
import { fourTags, requestFor, site } from './responses.mjs'

const value = jsonValue(1024)
const text = JSON.stringify(value)
const results = {}

const map = new Map([['key', { text, until: Date.now() + 3_600_000 }]])
results['a Map with a time'] = await nanoseconds(() => {
  const held = map.get('key')
  return held.until > Date.now() ? held.text : undefined
})

const lru = new LRUCache({ max: 1000, ttl: 3_600_000 })
lru.set('key', text)
results['lru-cache'] = await nanoseconds(() => lru.get('key'))

const cache = createCache()
const options = { life: 'hours', tags: fourTags }
const readText = cache.cached(async (_id) => text, { key: 'text', ...options })
const readShared = cache.cached(async (_id) => value, { key: 'shared', clone: false, ...options })
const readObject = cache.cached(async (_id) => value, { key: 'object', ...options })
await Promise.all([readText('1'), readShared('1'), readObject('1')])
results['cached() of a string'] = await nanoseconds(() => readText('1'))
results['cached() of an object, clone: false'] = await nanoseconds(() => readShared('1'))
results['cached() of an object'] = await nanoseconds(() => readObject('1'))
results['structuredClone of that object'] = await nanoseconds(() => structuredClone(value))

const { mount, fill } = site(cache)
fill(requestFor('/it'), Buffer.from(text))
const request = requestFor('/it')
results['a response, decided'] = await nanoseconds(() => mount.decide(request))

for (const [name, open] of Object.entries(dataCaches)) {
  const read = await open()
  await read(() => value)
  results[name] = await nanoseconds(() => read(() => value))
}

const catbox = new CatboxMemory()
await catbox.start()
await catbox.set({ segment: 's', id: 'key' }, value, 3_600_000)
results['catbox-memory'] = await nanoseconds(() => catbox.get({ segment: 's', id: 'key' }))

report(results)
process.exit()
