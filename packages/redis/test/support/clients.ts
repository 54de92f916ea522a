import { Redis } from 'ioredis'
import { createClient } from 'redis'
import type { RedisClient } from '../../src/index.ts'

/** Neither is connected: the store connects by itself. */
export const clients = {
  'node-redis': (port: number): RedisClient => createClient({ socket: { port, host: '127.0.0.1' } }),
  ioredis: (port: number): RedisClient => new Redis({ port, host: '127.0.0.1', lazyConnect: true }),
}

export type ClientName = keyof typeof clients

export const clientNames = Object.keys(clients) as ClientName[]
