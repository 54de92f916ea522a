// Starts machines: each is a process with workers of its own, that knows nothing of the others but the store.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface MachineOptions {
  readonly store: string
  readonly workers: number
  readonly port: number
}

export interface Machine {
  readonly url: string
  stop(): Promise<void>
}

export async function startMachine({ store, workers, port }: MachineOptions): Promise<Machine> {
  const env = { ...process.env, STORE: store, WORKERS: String(workers), PORT: String(port) }
  // What this process was started with is not for them.
  const machine = fork(fileURLToPath(new URL('machine.js', import.meta.url)), { env, execArgv: [] })
  const [message] = (await once(machine, 'message')) as [{ port: number }]
  return {
    url: `http://127.0.0.1:${message.port}`,
    async stop() {
      const exited = once(machine, 'exit')
      machine.disconnect()
      await exited
    },
  }
}
