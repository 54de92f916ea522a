// Postgres, in a thread of its own. JavaScript, because a worker is started by Node itself, which on Node 20 reads
// no TypeScript, and the tests run from these sources.
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'

const postgres = await PGlite.create(workerData)

/** @param {import('./postgres.ts').Question} question */
const answer = async ({ id, sql, parameters }) => {
  try {
    const { rows } = await postgres.query(sql, parameters)
    return { id, rows }
  } catch (error) {
    return { id, error }
  }
}

// Questions that came while Postgres started have waited in the port.
parentPort?.on('message', async (/** @type {import('./postgres.ts').Question | 'close'} */ message) => {
  if (message !== 'close') return parentPort?.postMessage(await answer(message))
  await postgres.close()
  parentPort?.close()
})
