import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCache } from '@restale/core'
import { openNotes } from './notes.ts'
import { createNotesServer } from './server.ts'

const { PORT, HOST, NOTES, REVALIDATE_SECRET } = process.env
const cache = createCache()
const notes = await openNotes(cache, NOTES ?? join(tmpdir(), `notes-${randomUUID()}.json`))
const secret = REVALIDATE_SECRET ?? randomUUID()
const server = await createNotesServer({
  ...{ cache, notes, secret, log: console.log, port: Number(PORT ?? 3000) },
  ...(HOST === undefined ? {} : { host: HOST }),
})
await server.start()

console.log(`Listening on ${server.info.uri}. Try:

  curl -i ${server.info.uri}/notes
  curl -i ${server.info.uri}/notes/welcome
  curl -X PUT ${server.info.uri}/notes/welcome -H 'Content-Type: text/plain' -d 'Changed'
  curl ${server.info.uri}/api/revalidate -H 'Authorization: Bearer ${secret}' --json '{"tag":"notes"}'
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.stop())
