import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createCache } from '@restale/core'
import { createSite } from './site.ts'

const { PORT = '3000', HOST = '127.0.0.1', REVALIDATE_SECRET: secret = randomUUID() } = process.env
const cache = createCache()
const server = createServer(createSite(cache, secret).listener).listen(Number(PORT), HOST, () => {
  const address = server.address()
  const url = `http://${HOST}:${typeof address === 'object' ? address?.port : PORT}`
  console.log(`Listening on ${url}. Try, the first line twice:

  curl -i ${url}/
  curl -X PUT ${url}/ -d 'Changed'
  curl '${url}/api/revalidate?tag=motto' -H 'Authorization: Bearer ${secret}'
`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close(() => cache.close()))
}
