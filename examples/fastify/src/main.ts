import { randomUUID } from 'node:crypto'
import { createCache } from '@restale/core'
import { createApp } from './app.ts'
import { openDepartures } from './departures.ts'

const { PORT = '3000', HOST = '127.0.0.1', REVALIDATE_SECRET: secret = randomUUID() } = process.env
const cache = createCache()
const app = await createApp(cache, openDepartures(cache), secret)
const url = await app.listen({ port: Number(PORT), host: HOST })

console.log(`Listening on ${url}. Try, the first line twice:

  curl -i ${url}/stations/oslo
  curl -X PUT ${url}/stations/oslo --json '{"delay":10}'
  curl '${url}/api/revalidate?tag=station:oslo' -H 'Authorization: Bearer ${secret}'
  curl ${url}/health
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
