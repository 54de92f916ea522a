// A site on Node's own server: the cache stands in front of everything but the endpoint.
import type { RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import type { Cache } from '@restale/core'
import type { Listener } from '@restale/node'
import { responseCache, revalidateEndpoint } from '@restale/node'

export interface Site {
  readonly listener: RequestListener
  /** How often the source was asked. */
  readonly reads: () => number
}

export function createSite(cache: Cache, secret: string): Site {
  let motto = 'Ask twice, and the second answer comes from the cache.'
  let reads = 0
  const readMotto = cache.cached(
    async () => {
      reads++
      await setTimeout(20)
      return motto
    },
    { key: 'motto', tags: ['motto'], life: 'hours' },
  )

  const page: Listener = async (request, response) => {
    if (request.method === 'PUT') {
      motto = await text(request)
      // The old answers have expired before this one goes out: who writes, reads it.
      await cache.updateTag('motto')
      response.writeHead(204).end()
    } else if (request.url === '/') {
      // Opts this response in. Its tag is that of the function that it calls.
      request.cache.life('minutes')
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      response.end(`${await readMotto()}\n`)
    } else response.writeHead(404).end('There is only one page here\n')
  }

  const endpoint = revalidateEndpoint(cache, { secret })
  const cached = responseCache(cache, page)
  const listener: RequestListener = (request, response) =>
    endpoint(request, response, () => cached(request, response))
  return { listener, reads: () => reads }
}
