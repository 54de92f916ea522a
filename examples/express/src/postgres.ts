// A connection to the Postgres in the worker. PGlite computes on the thread that calls it; here it does so on another
// one, as a database server would in another process, and a slow query does not keep the server from answering.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface Question {
  readonly id: number
  readonly sql: string
  readonly parameters: unknown[]
}

type Answer = { readonly id: number } & ({ readonly rows: unknown[] } | { readonly error: unknown })

interface Waiting {
  readonly resolve: (rows: unknown[]) => void
  readonly reject: (error: unknown) => void
}

export class Postgres {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #failure: unknown

  /** `dataDir`: a folder that keeps the data, or `memory://`. */
  constructor(dataDir: string) {
    this.#worker = new Worker(new URL('./postgres-worker.js', import.meta.url), { workerData: dataDir })
    this.#worker.on('message', (answer: Answer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new Error('The database is closed')))
  }

  /** Values go in `parameters`, never into the SQL. */
  query(sql: string, parameters: readonly unknown[]): Promise<unknown[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ id, sql, parameters: [...parameters] } satisfies Question)
    })
  }

  /** Resolves once everything is written. */
  async close(): Promise<void> {
    if (this.#failure !== undefined) return
    this.#worker.postMessage('close')
    await once(this.#worker, 'exit')
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('rows' in answer) waiting?.resolve(answer.rows)
    else waiting?.reject(answer.error)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}
