// Servers that have done whatever a server does, and are closed: nothing of the cache may keep their process alive.
// Run by process.test.ts, next to the packages as plain JavaScript. Prints what it has seen.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { responseCache, revalidateEndpoint } from '@restale/koa'
import { responseCache as front } from '@restale/node'
import Koa from 'koa'

const secret = 'a secret of some length'
const statuses = []
let isStuck = false

/** The text of a page; undefined if it never comes. */
function page(url) {
  const path = url.split('?', 1)[0]
  if (isStuck && path === '/failing') throw new Error('boom')
  return isStuck && path === '/stuck' ? undefined : 'page'
}

function koa(cache) {
  const app = new Koa()
  app.silent = true
  app.use(revalidateEndpoint(cache, { secret }))
  app.use(responseCache(cache, { life: 'max', tags: ['all'] }))
  app.use(async (ctx) => {
    ctx.body = page(ctx.path) ?? (await new Promise(() => {}))
  })
  return app.callback()
}

function plain(cache) {
  const cached = front(
    cache,
    (request, response) => {
      const text = page(request.url)
      if (text !== undefined) response.end(text)
    },
    { life: 'max', tags: ['all'] },
  )
  return (request, response) => {
    try {
      cached(request, response)
    } catch {
      response.writeHead(500).end()
    }
  }
}

for (const listenerOf of [koa, plain]) {
  const cache = createCache()
  isStuck = false
  const server = createServer(listenerOf(cache)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const get = (path, options) => fetch(`http://127.0.0.1:${server.address().port}${path}`, options)
  const ask = async (path) => {
    const response = await get(path)
    await response.text()
    statuses.push(response.headers.get('cache-status'))
  }

  for (const path of ['/page', '/failing', '/stuck']) await ask(path)
  isStuck = true
  await cache.revalidateTag('all', 'max')
  // Each starts a refill: one that succeeds, one that fails and is retried later, one that never ends.
  for (const path of ['/page', '/failing', '/stuck']) await ask(path)
  // A fill and one who waits for it, whose clients go away.
  const abort = new AbortController()
  for (let round = 0; round < 2; round++) {
    get('/stuck?cold', { signal: abort.signal }).catch(() => {})
  }
  await setTimeout(50)
  abort.abort()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
process.stdout.write(JSON.stringify(statuses))
