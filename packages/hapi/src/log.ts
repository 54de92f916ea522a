import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from '@hapi/hapi'
import type { Cache, CacheMessage } from '@restale/core'

const channel = 'restale:refill-failed'

/** Tells the server's log of refills that have failed, which no client sees, while the server runs. */
export function logFailures(server: Server, cache: Cache): void {
  const onFailure = (message: unknown) => {
    const { cache: source, event } = message as CacheMessage
    if (source === cache && event.kind === 'refill-failed')
      server.log(['restale', 'error'], event.error as object)
  }
  const listen = () => subscribe(channel, onFailure)
  if (server.info.started > 0) listen()
  server.events.on('start', listen)
  server.ext('onPostStop', () => {
    unsubscribe(channel, onFailure)
  })
}
