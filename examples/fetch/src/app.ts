import { responseCache, revalidateEndpoint } from '@restale/fetch/hono'
import { Hono } from 'hono'
import { compress } from 'hono/compress'
import { secureHeaders } from 'hono/secure-headers'
import { cache, cacheLife } from './cache.ts'
import type { Quote } from './quotes.ts'
import { getQuote, readsSoFar, saveQuote } from './quotes.ts'

export function createApp(secret: string): Hono {
  const app = new Hono()
  app.use(secureHeaders(), compress())
  app.use('/api/revalidate/*', revalidateEndpoint(cache, { secret }))
  app.use(responseCache(cache))

  // Tagged `quote:1` by the function that it calls.
  app.get('/quotes/:id', async (c) => {
    cacheLife('quotes')
    const quote = await getQuote(c.req.param('id'))
    return quote === undefined ? c.notFound() : c.json(quote)
  })
  app.put('/quotes/:id', async (c) => {
    await saveQuote(c.req.param('id'), await c.req.json<Quote>())
    return c.body(null, 204)
  })
  // Does not opt in, so it is not cached.
  app.get('/reads', (c) => c.json({ reads: readsSoFar() }))
  return app
}
