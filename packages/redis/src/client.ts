import type { Buffer } from 'node:buffer'

/**
 * A client of `redis` (node-redis) or `ioredis`. It tells where the server is and how to get in: the store opens
 * connections of its own by `duplicate()`, so that nothing of yours waits for it, and never uses or closes this one.
 * It need not be connected.
 */
export type RedisClient = NodeRedisClient | IoredisClient

/** What `createClient` of `redis` gives. */
export interface NodeRedisClient {
  readonly isReady: boolean
  duplicate(overrides?: object): object
  sendCommand(args: readonly (string | Buffer)[], options?: object): Promise<unknown>
}

/** What `new Redis` of `ioredis` gives. */
export interface IoredisClient {
  readonly status: string
  duplicate(overrides?: object): object
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown>
}
