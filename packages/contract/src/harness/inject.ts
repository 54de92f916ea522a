import { Buffer } from 'node:buffer'
import type { RequestListener } from 'node:http'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { RawRequest } from './connection.ts'
import type { RawResponse } from './response-reader.ts'
import { ResponseReader } from './response-reader.ts'

/**
 * Answers a request by a listener that no server has: what test helpers such as light-my-request do, for harnesses
 * of frameworks that give a listener.
 */
export async function inject(listener: RequestListener, request: RawRequest): Promise<RawResponse> {
  const reader = new ResponseReader(request.method ?? 'GET')
  const socket = new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      reader.read(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
      callback()
    },
  }) as unknown as Socket
  const incoming = incomingMessage(socket, request)
  const response = new ServerResponse(incoming)
  response.assignSocket(socket)
  await new Promise<void>((resolve, reject) => {
    response.once('finish', resolve)
    response.once('close', resolve)
    Promise.resolve(listener(incoming, response) as unknown).catch(reject)
  })
  if (reader.response === undefined) throw new Error('It ended without a head')
  return reader.response
}

function incomingMessage(
  socket: Socket,
  { method = 'GET', path, headers = [], body }: RawRequest,
): IncomingMessage {
  const incoming = new IncomingMessage(socket)
  const lines = [['Host', 'contract.test'] as const, ...headers].flat()
  Object.assign(incoming, { method, url: path, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
  // As the parser does: `headers` are worked out of this.
  const parsed = incoming as unknown as { _addHeaderLines(lines: readonly string[], count: number): void }
  parsed._addHeaderLines(lines, lines.length)
  incoming.complete = true
  if (body !== undefined) incoming.push(body)
  incoming.push(null)
  return incoming
}
