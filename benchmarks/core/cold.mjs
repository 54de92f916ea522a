// 1,000 readers of a key that nobody has made yet: how often it is made, and milliseconds until all have it.
import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { dataCaches } from '../http/candidates/data-caches.mjs'
import { rounded } from '../lib/results.mjs'
import { report } from './measure.mjs'

const fillMs = 50

async function rush(read) {
  let made = 0
  const make = async () => {
    made++
    await wait(fillMs)
    return { made }
  }
  const since = performance.now()
  await Promise.all(Array.from({ length: 1000 }, () => read(make)))
  return { made, milliseconds: rounded(performance.now() - since) }
}

const cache = createCache()
const ours = () => {
  let make
  const read = cache.cached(() => make(), { key: 'value', life: 'hours' })
  return (maker) => {
    make = maker
    return read()
  }
}

const results = {}
for (const [name, open] of Object.entries({ 'cached()': ours, ...dataCaches })) {
  results[name] = await rush(await open())
}
report(results)
process.exit()
