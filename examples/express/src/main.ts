// npm start: opens the database, listens, says what to try, and stops in order when asked to.
import { createApp } from './app.ts'
import { openBank } from './bank.ts'
import { openCache } from './cache.ts'
import { openDatabase } from './database.ts'
import { listen } from './listen.ts'
import { readSecrets } from './secret.ts'
import { openStore } from './store.ts'

const port = Number(process.env.PORT ?? 3000)
const secrets = readSecrets(process.env)

console.log('Starting Postgres and seeding it …')
const { DATA_DIR, STORE = 'lmdb' } = process.env
const store = await openStore(STORE, DATA_DIR)
const cache = openCache({ store: store.cacheStore })
const database = await openDatabase(DATA_DIR)
const bank = await openBank(console.log)
// What the store has of an earlier run was made of a database that is no more.
if (DATA_DIR === undefined) await cache.updateTag('countries')
await cache.updateTag('currencies')
const app = createApp({ cache, database, bankUrl: bank.url, secrets, log: console.log })
const server = await listen(app, port, process.env.HOST).catch((error: NodeJS.ErrnoException) => {
  const reason =
    error.code === 'EADDRINUSE' ? `Port ${port} is taken: try another with PORT=…` : error.message
  console.error(reason)
  process.exit(1)
})

console.log(`
The atlas listens on ${server.url}. Each line twice shows the cache at work:

  curl -i ${server.url}/statistics
  curl -i ${server.url}/countries/MYS
  curl -i '${server.url}/search?q=land'
  curl -i ${server.url}/regions/asia

Change a country (its neighbours show its capital), and ask again:

  curl -X PATCH ${server.url}/countries/IDN -H 'Content-Type: application/json' -d '{"capital":"Nusantara"}'
  curl -i ${server.url}/countries/MYS

The currencies of a country are the answer of another API, the bank at ${bank.url}, which is asked once:

  curl -i ${server.url}/countries/IDN/currencies

The bank changes one of them, and says so; then ask twice: at once the old answer, then the new one. Say so again
without a change, and the bank answers 304:

  curl -X PATCH ${bank.url}/currencies/IDR -d '{"symbol":"Rp."}'
  curl '${server.url}/api/revalidate?tag=currency:IDR' -H 'Authorization: Bearer ${secrets.bearer}'
  curl -i ${server.url}/countries/IDN/currencies
  curl -i ${server.url}/countries/IDN/currencies

Make everything stale; then ask twice: at once the old answer, then the new one:

  curl -X POST ${server.url}/admin/refresh -H 'Authorization: Bearer ${secrets.bearer}'
  curl -i ${server.url}/countries/MYS
  curl -i ${server.url}/countries/MYS

The same from outside, tag by tag:

  curl '${server.url}/api/revalidate?tag=world' -H 'Authorization: Bearer ${secrets.bearer}'
`)

async function stop(): Promise<void> {
  await server.close()
  await cache.close()
  await store.close()
  await bank.close()
  await database.close()
}

// once: whoever asks a second time does not want to wait
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
