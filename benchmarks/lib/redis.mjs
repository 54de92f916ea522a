// A redis-server of its own, that keeps nothing.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from 'redis'

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** @returns {Promise<{ url: string, commands(): Promise<number>, stop(): Promise<void> }>} */
export async function startRedis() {
  const port = await freePort()
  const args = ['--port', String(port), '--save', '', '--appendonly', 'no', '--bind', '127.0.0.1']
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } })
  client.on('error', () => {})
  await Promise.race([
    client.connect(),
    wait(5000).then(() => {
      throw new Error('redis-server does not start: apt-get install redis-server')
    }),
  ])
  return {
    url: `redis://127.0.0.1:${port}`,
    async commands() {
      const [, count] = /total_commands_processed:(\d+)/.exec(await client.info('stats'))
      return Number(count)
    },
    async stop() {
      client.destroy()
      child.kill()
    },
  }
}
