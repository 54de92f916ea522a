import { randomBytes } from 'node:crypto'
import { serve } from '@hono/node-server'
import { createApp } from './app.ts'
import { cache } from './cache.ts'

// What is not given is made up, so that nothing that everybody could know is ever in force.
const secret = process.env.REVALIDATE_SECRET || randomBytes(24).toString('base64url')
const port = Number(process.env.PORT ?? 3000)

const server = serve({ fetch: createApp(secret).fetch, port, hostname: '127.0.0.1' }, (address) => {
  const url = `http://127.0.0.1:${address.port}`
  console.log(`
The quotes are at ${url}. Each line twice shows the cache at work:

  curl -i ${url}/quotes/1
  curl ${url}/reads

Change a quote, and ask again:

  curl -X PUT ${url}/quotes/1 -H 'Content-Type: application/json' -d '{"author":"me","text":"mine"}'
  curl -i ${url}/quotes/1

The same from outside:

  curl '${url}/api/revalidate?tag=quote:1' -H 'Authorization: Bearer ${secret}'
`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close(() => cache.close()))
}
