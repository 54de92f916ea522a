// Share of hits when a hundredth, a tenth and a half of all keys fit: on zipf, a scan among it, and a loop.
import { createCache } from '@restale/core'
import { LRUCache } from 'lru-cache'
import { rounded } from '../lib/results.mjs'
import { report } from './measure.mjs'

const keys = 20_000
const reads = 400_000

/** The same numbers at each run (mulberry32). */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function zipf(seed, exponent = 0.9) {
  const weights = Array.from({ length: keys }, (_, rank) => 1 / (rank + 1) ** exponent)
  let sum = 0
  const upTo = weights.map((weight) => (sum += weight))
  const next = random(seed)
  return () => {
    const wanted = next() * sum
    let [low, high] = [0, keys - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (upTo[middle] < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

const traces = {
  zipf: () => zipf(1),
  /** Every tenth read is of a key that comes once. */
  'zipf and a scan': () => {
    const next = zipf(1)
    let at = 0
    return () => (at++ % 10 === 0 ? keys + at : next())
  },
  'a loop over twice as many keys as fit': (capacity) => {
    let at = 0
    return () => at++ % (capacity * 2)
  },
}

const text = 'x'.repeat(1024)

/** So many bytes that `capacity` of these values fit. */
async function bytesFor(capacity) {
  const probe = createCache({ memory: { maxBytes: 10_000_000 } })
  const read = probe.cached(async (_id) => text, { key: 'read', life: 'max' })
  for (let id = 0; id < 20_000; id++) await read(id)
  let held = 0
  for (let id = 0; id < 20_000; id++) if (read.peek(id) !== undefined) held++
  return Math.round((10_000_000 / held) * capacity)
}

async function ours(capacity, next) {
  let made = 0
  const cache = createCache({ memory: { maxBytes: await bytesFor(capacity) } })
  const make = async (_id) => {
    made++
    return text
  }
  const read = cache.cached(make, { key: 'read', life: 'max' })
  for (let count = 0; count < reads; count++) await read(next())
  return 1 - made / reads
}

function lru(capacity, next) {
  let made = 0
  const held = new LRUCache({ max: capacity })
  for (let count = 0; count < reads; count++) {
    const key = next()
    if (held.get(key) !== undefined) continue
    made++
    held.set(key, text)
  }
  return 1 - made / reads
}

const results = {}
for (const [name, trace] of Object.entries(traces)) {
  for (const capacity of [200, 2000, 10_000]) {
    results[`${name}, ${capacity} fit`] = {
      restale: rounded(await ours(capacity, trace(capacity))),
      'lru-cache': rounded(lru(capacity, trace(capacity))),
    }
  }
}
report(results)
