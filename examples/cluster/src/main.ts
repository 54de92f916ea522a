// Four workers on LMDB, or with STORE=redis://… two machines of two workers each: one invalidation, and all obey.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startMachine } from './machines.ts'
import { askAll, sayChanged } from './tour.ts'

const folder = await mkdtemp(join(tmpdir(), 'restale-cluster-'))
const { STORE: store = `lmdb:${folder}`, PORT = '3000' } = process.env
const isOneMachine = store.startsWith('lmdb:')
const workers = isOneMachine ? 4 : 2
const ports = isOneMachine ? [Number(PORT)] : [Number(PORT), Number(PORT) + 1]
const machines = await Promise.all(ports.map((port) => startMachine({ store, workers, port })))

async function show(heading: string): Promise<void> {
  console.log(`\n${heading}`)
  for (const { worker, body, status } of await askAll(machines, workers))
    console.log(`  ${worker}: ${body}   (${status})`)
}

// What a process makes before it has heard of the store stays its own, for the first milliseconds.
await askAll(machines, workers)
await show('What each worker answers:')
const [first] = machines as [(typeof machines)[number]]
console.log(`\nOne worker is told that the page has changed: ${await sayChanged(first)}`)
await show('What each worker answers now:')
console.log(`
Try it yourself; Ctrl-C ends it:
${machines.map(({ url }) => `\n  curl -i ${url}/ -H 'Host: pages.example'\n  curl -X POST ${url}/changed -H 'Host: pages.example'`).join('')}
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await Promise.all(machines.map((machine) => machine.stop()))
    await rm(folder, { recursive: true, force: true })
  })
}
