import type { SharedOptions, Store, StoreLimits } from '@restale/core/store'
import { CacheError, createStore } from '@restale/core/store'
import type { RedisClient } from './client.ts'
import { RedisPort } from './redis-port.ts'

export interface RedisStoreOptions extends SharedOptions {
  /** Tells where Redis is. The store opens two connections of its own, and closes them with the cache. */
  readonly client: RedisClient
  /**
   * What all keys begin with, in braces: caches with the same prefix share everything, others nothing. Up to 128
   * characters, without braces. @default 'restale'
   */
  readonly prefix?: string | undefined
}

/**
 * A store in one Redis server (6.2 or later), for `createCache`.
 * @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_WEAK_SECRET`
 */
export function redisStore(options: RedisStoreOptions): Store {
  const { client, prefix = 'restale', ...shared } = options ?? {}
  if (!isClient(client))
    throw invalid('client must be a client of redis (node-redis) or ioredis, of one server')
  if (typeof prefix !== 'string' || prefix === '' || prefix.length > maxPrefixLength || /[{}]/.test(prefix)) {
    throw invalid(`prefix must have 1 to ${maxPrefixLength} characters, and no braces`)
  }
  const open = ({ maxItemBytes }: StoreLimits) => new RedisPort(client, prefix, maxItemBytes)
  return createStore('redisStore', open, shared, ['client', 'prefix'])
}

const maxPrefixLength = 128

function isClient(client: unknown): client is RedisClient {
  if (typeof client !== 'object' || client === null || !('duplicate' in client)) return false
  // A cluster has nodes, and would spread over them what has to be of one moment.
  return ('callBuffer' in client && !('nodes' in client)) || ('sendCommand' in client && 'isReady' in client)
}

function invalid(message: string): CacheError {
  return new CacheError('ERR_RESTALE_INVALID_OPTION', `redisStore: ${message}.`)
}
