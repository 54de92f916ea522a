// Caches of data, called in a handler: what the framework does with the value is done on each hit.
import { createCache as createDedupe } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { createCache as createManager } from 'cache-manager'
import { Cacheable } from 'cacheable'

const hour = 3_600_000

function bentocache() {
  const store = bentostore().useL1Layer(memoryDriver({ maxItems: 1000 }))
  const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
  return (make) => bento.getOrSet({ key: 'value', ttl: hour, tags: ['a', 'b', 'c', 'd'], factory: make })
}

function cacheManager() {
  const manager = createManager({ ttl: hour })
  return (make) => manager.wrap('value', make)
}

function cacheable() {
  const cache = new Cacheable({ ttl: hour })
  return async (make) => {
    const held = await cache.get('value')
    if (held !== undefined) return held
    const value = make()
    await cache.set('value', value)
    return value
  }
}

function asyncCacheDedupe() {
  let make
  const cache = createDedupe({ ttl: 3600, storage: { type: 'memory' } })
  cache.define('value', { references: () => ['a', 'b', 'c', 'd'] }, () => make())
  return (maker) => {
    make = maker
    return cache.value({})
  }
}

/** By name: opens one, and gives a function that reads a value through it. */
export const dataCaches = {
  bentocache,
  'cache-manager': cacheManager,
  cacheable,
  'async-cache-dedupe': asyncCacheDedupe,
}
