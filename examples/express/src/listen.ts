import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Listening {
  readonly url: string
  /** Answers what has been asked, and resolves when the last connection is closed, after 5 seconds at most. */
  close(): Promise<void>
}

/** Port 0: any that is free. Rejects if the port is taken. */
export async function listen(app: RequestListener, port: number, host = '127.0.0.1'): Promise<Listening> {
  const server = createServer(app).listen(port, host)
  await once(server, 'listening')
  const { port: actual } = server.address() as AddressInfo
  return {
    url: `http://${host}:${actual}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      const deadline = setTimeout(() => server.closeAllConnections(), 5_000)
      await closed
      clearTimeout(deadline)
    },
  }
}
