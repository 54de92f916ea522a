// A page that is slow to make, and a way to say that it has changed.
import type { RequestListener } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Cache } from '@restale/core'
import type { Listener } from '@restale/node'
import { responseCache } from '@restale/node'

export function createSite(cache: Cache, worker: string): RequestListener {
  const page: Listener = async (request, response) => {
    if (request.method === 'POST' && request.url === '/changed') {
      // Over when every process on this machine, or Redis, has been told; others obey milliseconds later.
      const { reach } = await cache.updateTag('page')
      response.writeHead(reach === 'everywhere' ? 204 : 503).end()
    } else if (request.url === '/') {
      request.cache.tag('page')
      request.cache.life('hours')
      await setTimeout(50)
      response.setHeader('Content-Type', 'text/plain')
      response.end(`made by ${worker} at ${new Date().toISOString()}\n`)
    } else response.writeHead(404).end()
  }

  const cached = responseCache(cache, page)
  return (request, response) => {
    // Above the cache: who answers, whoever made it.
    response.setHeader('X-Worker', worker)
    cached(request, response)
  }
}
