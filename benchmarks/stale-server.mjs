// A page that takes 50 ms to make, cached; told when to make it stale.
import { createServer } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { responseCache } from '@restale/node'

const cache = createCache()
let made = 0
const page = async (_, response) => {
  made++
  await wait(50)
  response.end('x'.repeat(1024))
}
const server = createServer(responseCache(cache, page, { life: 'max', tags: ['page'] }))
process.on('message', (message) => {
  if (message === 'stale') void cache.revalidateTag('page', 'max')
  else process.send({ made })
})
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}/` }))
