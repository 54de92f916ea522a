import { storeContract } from '@restale/contract'
import { describe, it } from 'vitest'
import { RedisPort } from '../src/redis-port.ts'
import { clientNames, clients } from './support/clients.ts'
import { RedisServer } from './support/redis-server.ts'

const maxItemBytes = 16 * 1024 * 1024

for (const client of clientNames) {
  storeContract(
    `@restale/redis by ${client}`,
    async () => {
      const server = await RedisServer.start()
      const ports = new Set<RedisPort>()
      return {
        port: () => {
          const port = new RedisPort(clients[client](server.port), 'contract', maxItemBytes)
          ports.add(port)
          return port
        },
        close: async () => {
          for (const port of ports) await port.close()
          await server.remove()
        },
      }
    },
    { describe, it, offers: ['watch'] },
  )
}
