import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** A response as it came over the wire, read as latin-1. */
export interface Wire {
  readonly statusLine: string
  /** Less those that Node adds by itself. */
  readonly lines: readonly string[]
  readonly body: string
}

const ofNode = /^(Date|Connection|Keep-Alive): /

/** Listens until the test ends. */
export async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

/** One request to a server of its own, sent as the text that it is. */
export async function exchange(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  { method = 'GET', path = '/', lines = [] as readonly string[] } = {},
): Promise<Wire> {
  const port = await listen(listener)
  const socket = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  socket.write([`${method} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'))
  await once(socket, 'close')
  const text = Buffer.concat(chunks).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...head] = text.slice(0, end).split('\r\n')
  return { statusLine, lines: head.filter((line) => !ofNode.test(line)), body: text.slice(end + 4) }
}

/** Lets everything run that is ready to. */
export async function quiet(turns = 10): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await setImmediate()
}
