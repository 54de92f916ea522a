// Memory in front of a store: a hit is in memory, and still has to know what others have invalidated.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@restale/core'
import { front } from './node.mjs'

const overLmdb = async (subject) => {
  const { lmdbStore } = await import('@restale/lmdb')
  const path = mkdtempSync(join(tmpdir(), 'restale-benchmark-'))
  return front(subject, createCache({ store: lmdbStore({ path }) }))
}

const overRedis = async (subject) => {
  const [{ createClient }, { redisStore }] = await Promise.all([import('redis'), import('@restale/redis')])
  const client = createClient({ url: process.env.REDIS_URL })
  await client.connect()
  const server = await front(subject, createCache({ store: redisStore({ client }) }))
  // What is made before the first contact does not outlive it.
  await wait(500)
  return server
}

export const candidates = [
  { name: '@restale/node, memory alone', kind: 'ours', start: (subject) => front(subject, createCache()) },
  { name: '@restale/node over LMDB', kind: 'ours', start: overLmdb },
  { name: '@restale/node over Redis', kind: 'ours', needs: 'redis', start: overRedis },
]
