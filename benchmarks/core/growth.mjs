// Nanoseconds of a hit as things grow: entries, marks, tags on an entry, variants of a URL.
import { createCache } from '@restale/core'
import { nanoseconds, report } from './measure.mjs'
import { fourTags, requestFor, site } from './responses.mjs'

const maxBytes = 2 ** 33
const names = (count) => Array.from({ length: count }, (_, index) => `tag:${index}`)
const body = Buffer.alloc(64, 'x')

async function entries(count) {
  const { mount, fill } = site(createCache({ memory: { maxBytes } }))
  for (let id = 0; id < count; id++) fill(requestFor(`/${id}`), body)
  const asked = Array.from({ length: Math.min(count, 1000) }, (_, id) =>
    requestFor(`/${id * (count / 1000)}`),
  )
  let at = 0
  return nanoseconds(() => mount.decide(asked[at++ % asked.length]))
}

async function marks(count) {
  const cache = createCache({ memory: { maxBytes, maxMarks: 2_000_000 } })
  for (let id = 0; id < count; id++) void cache.updateTag(`other:${id}`)
  const { mount, fill } = site(cache)
  fill(requestFor('/it'), body)
  const request = requestFor('/it')
  return nanoseconds(() => mount.decide(request))
}

async function tags(count) {
  const { mount, fill } = site(createCache(), { life: 'hours', tags: names(count) })
  fill(requestFor('/it'), body)
  const request = requestFor('/it')
  return nanoseconds(() => mount.decide(request))
}

/** The first hit after an invalidation looks at each tag again. */
async function tagsAfterInvalidation(count) {
  const cache = createCache()
  const { mount, fill } = site(cache, { life: 'hours', tags: names(count) })
  fill(requestFor('/it'), body)
  const request = requestFor('/it')
  const alone = await nanoseconds(() => void cache.updateTag('other'))
  const both = await nanoseconds(() => {
    void cache.updateTag('other')
    return mount.decide(request)
  })
  return Math.round(both - alone)
}

async function variants(count) {
  const { mount, fill } = site(createCache(), { life: 'hours', tags: fourTags })
  const asked = Array.from({ length: count }, (_, id) => requestFor('/it', { 'accept-language': `l${id}` }))
  for (const request of asked) fill(request, body, ['Vary', 'Accept-Language'])
  let at = 0
  return nanoseconds(() => mount.decide(asked[at++ % count]))
}

const powers = (base, from, to) => Array.from({ length: to - from + 1 }, (_, at) => base ** (from + at))
const curves = {
  entries: [entries, powers(10, 3, 6)],
  marks: [marks, powers(10, 2, 6)],
  'tags of the entry': [tags, powers(2, 0, 7)],
  'tags of the entry, first hit after an invalidation': [tagsAfterInvalidation, powers(2, 0, 7)],
  variants: [variants, powers(2, 0, 6)],
}

const results = {}
for (const [name, [curve, counts]] of Object.entries(curves)) {
  results[name] = {}
  for (const count of counts) results[name][count] = await curve(count)
}
report(results)
process.exit()
