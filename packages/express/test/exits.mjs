// A server that has done whatever a server does, and is closed: nothing of the cache may keep its process alive.
// Run by process.test.ts, next to the packages as plain JavaScript. Prints what it has seen, then what is left.
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { responseCache, revalidateEndpoint } from '@restale/express'
import express from 'express'

const cache = createCache()
const app = express()
let isStuck = false
app.use('/revalidate', revalidateEndpoint(cache, { secret: 'a secret of some length' }))
app.use(responseCache(cache))
app.get('/page', (req, res) => {
  req.cache.life('max')
  req.cache.tag('page')
  res.send('page')
})
app.get('/failing', responseCache(cache, { life: 'max', tags: ['failing'] }), (_req, res) => {
  if (isStuck) throw new Error('boom')
  res.send('page')
})
app.get('/stuck', responseCache(cache, { life: 'max', tags: ['stuck'] }), (_req, res) => {
  if (!isStuck) res.send('page')
})
app.use((_error, _req, res, _next) => res.sendStatus(500))

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const get = (path) => fetch(`http://127.0.0.1:${server.address().port}${path}`)
const statuses = []
const ask = async (path) => {
  const response = await get(path)
  await response.text()
  statuses.push(response.headers.get('cache-status'))
}

for (const path of ['/page', '/failing', '/stuck']) await ask(path)
isStuck = true
await cache.revalidateTag(['page', 'failing', 'stuck'], 'max')
// Each starts a refill: one that succeeds, one that fails and is retried later, one that never ends.
for (const path of ['/page', '/failing', '/stuck']) await ask(path)
// A fill and one who waits for it, whose clients go away.
const abort = new AbortController()
isStuck = true
for (let round = 0; round < 2; round++) {
  fetch(`http://127.0.0.1:${server.address().port}/stuck?cold`, { signal: abort.signal }).catch(() => {})
}
await setTimeout(50)
abort.abort()

server.close()
server.closeAllConnections()
await once(server, 'close')
process.stdout.write(JSON.stringify(statuses))
