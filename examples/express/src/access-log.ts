import { finished } from 'node:stream'
import { isRefill } from '@restale/express'
import type { RequestHandler } from 'express'

/** One line per request, with what the cache said. A refill is the cache's own request: nobody waited for it. */
export const accessLog =
  (write: (line: string) => void): RequestHandler =>
  (req, res, next) => {
    const startedAt = performance.now()
    finished(res, (error) => {
      const ms = (performance.now() - startedAt).toFixed(1)
      const cacheStatus = isRefill(req) ? 'refill, in the background' : (res.get('Cache-Status') ?? '-')
      const status = error ? 'aborted' : res.statusCode
      write(`${req.method} ${req.originalUrl} ${status} [${cacheStatus}] ${ms} ms`)
    })
    next()
  }
