// Milliseconds for which nothing else can run, the 99th percentile: 32 MB bodies on their way through, and
// invalidations of 10,000 tags at once.
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { responseCache } from '@restale/node'
import { rounded } from '../lib/results.mjs'
import { report } from './measure.mjs'

async function delayDuring(act) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  await act()
  await wait(5)
  histogram.disable()
  return rounded(histogram.percentile(99) / 1e6)
}

const chunk = Buffer.alloc(64 * 1024, 'x')
const chunks = 512

async function bodies() {
  const handler = async (_, response) => {
    for (let count = 0; count < chunks; count++) {
      if (!response.write(chunk)) await once(response, 'drain')
    }
    response.end()
  }
  const cached = responseCache(createCache(), handler, { life: 'hours', tags: ['big'] })
  const server = createServer(cached).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`
  const ask = () =>
    new Promise((resolve) => {
      get(url, { agent: false }, (response) => response.resume().once('end', resolve))
    })
  const delay = await delayDuring(() => Promise.all(Array.from({ length: 8 }, ask)))
  server.close()
  return delay
}

async function invalidations() {
  const cache = createCache()
  const tags = Array.from({ length: 10_000 }, (_, index) => `tag:${index}`)
  return delayDuring(async () => {
    for (let count = 0; count < 20; count++) {
      await cache.updateTag(tags)
      await wait(1)
    }
  })
}

report({ '32 MB bodies': await bodies(), '10,000 tags': await invalidations() })
process.exit()
