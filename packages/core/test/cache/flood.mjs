// Run by flood.test.ts in a process of its own, with --expose-gc: floods a cache and tells what it costs.
import { setImmediate } from 'node:timers/promises'

const { createCache } = await import(process.argv[2])
const { maxBytes, keys, tags } = JSON.parse(process.argv[3])

/** Bytes in use once nothing is left to collect, without what was in use at the start. */
function used() {
  for (let round = 0; round < 2; round++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external - atStart
}

let atStart = 0
atStart = used()
const cache = createCache({ memory: { maxBytes } })
let hotMisses = 0
let evicted = 0
cache.subscribe((event) => {
  if (event.kind === 'miss' && event.key.includes('hot')) hotMisses++
  if (event.kind === 'evicted') evicted++
})

const hot = cache.cached(() => 'hot', { key: 'hot', tags: ['hot'], life: 'max' })
const read = cache.cached(
  async (id) => ({
    id,
    title: `The title of ${id}`,
    body: id.endsWith('0') ? Buffer.alloc(200, 1) : 'x'.repeat(100),
    list: [1, 2, 3],
  }),
  { key: 'read', tags: ([id]) => [`item:${id}`, `owner:${id}`], life: 'max' },
)

let peakOfKeys = 0
for (let index = 0; index < keys; index += 50) {
  await Promise.all(Array.from({ length: 50 }, (_, offset) => read(`key-${index + offset}`)))
  await hot()
  await setImmediate()
  if (index % 50_000 === 0) peakOfKeys = Math.max(peakOfKeys, used())
}
peakOfKeys = Math.max(peakOfKeys, used())

let peakOfTags = 0
for (let index = 0; index < tags; index += 50) {
  for (let offset = 0; offset < 50; offset++) cache.revalidateTag(`item:key-${index + offset}`, 'max')
  await hot()
  await setImmediate()
  if (index % 50_000 === 0) peakOfTags = Math.max(peakOfTags, used())
}
peakOfTags = Math.max(peakOfTags, used())

process.stdout.write(JSON.stringify({ peakOfKeys, peakOfTags, hotMisses, evicted }))
