// node dist/walk.js: starts the app, takes the tour through it, and prints a line per request.
import { fakeClock } from '@restale/core/testing'
import { createApp } from './app.ts'
import { openBank } from './bank.ts'
import { openCache } from './cache.ts'
import { openDatabase } from './database.ts'
import { listen } from './listen.ts'
import { readSecrets } from './secret.ts'
import type { Stop } from './tour.ts'
import { tour } from './tour.ts'

const line = (columns: readonly string[]) => {
  const [step = '', request = '', status = '', cacheStatus = '', age = '', ms = '', ...costs] = columns
  return [
    step.padEnd(39),
    request.padEnd(36),
    status.padStart(6),
    cacheStatus.padEnd(33),
    age.padStart(3),
    ms.padStart(6),
    ...costs.map((cost) => cost.padStart(7)),
  ].join('  ')
}

const show = (stop: Stop) =>
  line([
    stop.step,
    stop.request,
    String(stop.status),
    stop.cacheStatus,
    stop.age,
    stop.ms.toFixed(1),
    String(stop.queries),
    String(stop.asked),
    String(stop.notModified),
  ])

const clock = fakeClock()
const cache = openCache({ clock })
const secrets = readSecrets({})
const database = await openDatabase()
const bank = await openBank()
const server = await listen(createApp({ cache, database, bankUrl: bank.url, secrets, log: () => {} }), 0)

console.log(line(['step', 'request', 'status', 'Cache-Status', 'Age', 'ms', 'queries', 'bank', 'its 304']))
const stops = tour({ url: server.url, cache, clock, database, bank, secrets })
for await (const stop of stops) console.log(show(stop))

await server.close()
await cache.close()
await bank.close()
await database.close()
