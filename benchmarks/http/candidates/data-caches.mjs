// Caches of data, called in a handler: what the framework does with the value is done on each hit.

const hour = 3_600_000

async function bentocache() {
  const { BentoCache, bentostore } = await import('bentocache')
  const { memoryDriver } = await import('bentocache/drivers/memory')
  const store = bentostore().useL1Layer(memoryDriver({ maxItems: 1000 }))
  const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
  return (make) => bento.getOrSet({ key: 'value', ttl: hour, tags: ['a', 'b', 'c', 'd'], factory: make })
}

async function cacheManager() {
  const { createCache } = await import('cache-manager')
  const manager = createCache({ ttl: hour })
  return (make) => manager.wrap('value', make)
}

async function cacheable() {
  const { Cacheable } = await import('cacheable')
  const cache = new Cacheable({ ttl: hour })
  return async (make) => {
    const held = await cache.get('value')
    if (held !== undefined) return held
    const value = make()
    await cache.set('value', value)
    return value
  }
}

async function asyncCacheDedupe() {
  const { createCache } = await import('async-cache-dedupe')
  let make
  const cache = createCache({ ttl: 3600, storage: { type: 'memory' } })
  cache.define('value', { references: () => ['a', 'b', 'c', 'd'] }, () => make())
  return (maker) => {
    make = maker
    return cache.value({})
  }
}

/** By name: opens one, loading it then, and resolves with a function that reads a value through it. */
export const dataCaches = {
  bentocache,
  'cache-manager': cacheManager,
  cacheable,
  'async-cache-dedupe': asyncCacheDedupe,
}
