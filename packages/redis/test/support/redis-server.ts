import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'

const maxTries = 5

/** A redis-server of our own, in a folder of its own, gone when the test is over. */
export class RedisServer {
  readonly port: number
  /** For what the test does to it; the cache has connections of its own. */
  readonly admin: Redis
  readonly #folder: string
  readonly #options: readonly string[]
  #process: ChildProcess | undefined

  private constructor(port: number, folder: string, options: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#options = options
    this.admin = new Redis({ port, lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: null })
    this.admin.on('error', () => {})
  }

  static async start(options: readonly string[] = []): Promise<RedisServer> {
    for (let tries = 1; ; tries++) {
      const folder = await mkdtemp(join(tmpdir(), 'restale-redis-'))
      const server = new RedisServer(await freePort(), folder, options)
      onTestFinished(() => server.remove())
      try {
        await server.launch()
        return server
      } catch (error) {
        // Somebody else has taken the port since it was free.
        await server.remove()
        if (tries === maxTries) throw error
      }
    }
  }

  /** Starts it where it was before, with what it had saved. */
  async launch(): Promise<void> {
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder]
    const quiet = [
      '--save',
      '',
      '--appendonly',
      'no',
      '--loglevel',
      'warning',
      '--repl-diskless-sync-delay',
      '0',
    ]
    const child = spawn('redis-server', [...own, ...quiet, ...this.#options], { stdio: 'ignore' })
    this.#process = child
    const isGone = once(child, 'exit').then(([code]) => {
      throw new Error(`redis-server has ended with ${code}`)
    })
    await Promise.race([this.admin.ping(), isGone])
  }

  /** As if the power went. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined || child.exitCode !== null) return
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** It hangs: its connections stay, and nothing is answered. */
  suspend(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends all connections but our own. */
  async killClients(): Promise<void> {
    await this.admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  }

  async remove(): Promise<void> {
    this.admin.disconnect()
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Asks again and again until it is so; fails when it takes longer than `ms`. */
export async function until(isSo: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`It is not so after ${ms} ms: ${isSo}`)
    await pause(5)
  }
}
