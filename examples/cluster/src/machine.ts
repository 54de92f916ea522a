// One machine: a port, and WORKERS processes that answer on it by turns.
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import { createCache } from '@restale/core'
import { createSite } from './site.ts'
import { openStore } from './store.ts'

const { STORE = '', PORT = '3000', WORKERS = '4' } = process.env

if (cluster.isPrimary) {
  const workers = Array.from({ length: Number(WORKERS) }, () => cluster.fork())
  const listening = workers.map((worker) => new Promise((resolve) => worker.once('listening', resolve)))
  const [address] = (await Promise.all(listening)) as [{ port: number }]
  process.send?.({ port: address.port })
  process.once('disconnect', () => cluster.disconnect())
} else {
  const cache = createCache({ store: openStore(STORE) })
  const server = createServer(createSite(cache, `worker ${process.pid}`)).listen(Number(PORT))
  process.once('disconnect', () => {
    server.close(() => cache.close())
    server.closeAllConnections()
  })
}
