import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Cache, CacheMessage } from '@restale/core'
import type { FastifyInstance } from 'fastify'

const channel = 'restale:refill-failed'

/** Tells the log of refills that have failed, which no client sees, until the server is closed. */
export function logFailures(app: FastifyInstance, cache: Cache): void {
  const onFailure = (message: unknown) => {
    const { cache: source, event } = message as CacheMessage
    if (source !== cache || event.kind !== 'refill-failed') return
    app.log.error({ err: event.error, key: event.key }, 'restale: a refill has failed')
  }
  app.addHook('onReady', async () => subscribe(channel, onFailure))
  app.addHook('onClose', async () => {
    unsubscribe(channel, onFailure)
  })
}
