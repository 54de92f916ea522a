import type { RequestListener } from 'node:http'
import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { HeaderLines, Refill } from '@restale/core/http'

const refills = new WeakMap<IncomingMessage, Refill>()

/** Is this request run again by the cache, with nobody waiting? For access logs, rate limiters and the like. */
export function isRefill(request: IncomingMessage): boolean {
  return refills.has(request)
}

/** The fill that a request is run again for. */
export function refillOf(request: IncomingMessage): Refill | undefined {
  return refills.get(request)
}

/**
 * Runs a request again through `listener`, with objects of Node's own on a socket that leads nowhere: frameworks
 * give requests and responses another prototype, which only the real ones survive. Resolves when it is over.
 */
export async function redispatch(
  listener: RequestListener,
  refill: Refill,
  origin: Socket | undefined,
): Promise<void> {
  const socket = nowhere(origin) as unknown as Socket
  const request = new IncomingMessage(socket)
  request.method = refill.method
  request.url = refill.target
  request.httpVersion = '1.1'
  request.httpVersionMajor = 1
  request.httpVersionMinor = 1
  addHeaderLines(request, plainLines(refill))
  request.complete = true
  request.push(null)
  refills.set(request, refill)

  const response = new ServerResponse(request)
  response.assignSocket(socket)
  // Node sends what has been written when this tick is over: the stale response first, then the work behind it.
  await setImmediate()
  return new Promise((resolve, reject) => {
    // As a server does: what has finished is closed, and whoever waits for 'close' hears of it.
    response.once('finish', () => socket.destroy())
    response.once('close', resolve)
    Promise.resolve(listener(request, response) as unknown).catch(reject)
  })
}

/** In the words of HTTP/1: the fields in which HTTP/2 says method, host and path are none there. */
function plainLines({ headers }: Refill): HeaderLines {
  const nameAt = (index: number) => headers[index - (index % 2)] as string
  const lines = headers.filter((_, index) => !nameAt(index).startsWith(':'))
  const hasHost = headers.some((_, index) => nameAt(index) === 'host')
  // Not what a proxy says of it, which is in a line of its own.
  const authority = headers.find((_, index) => index % 2 === 1 && nameAt(index) === ':authority')
  return hasHost || authority === undefined ? lines : [...lines, 'Host', authority]
}

/** As the parser does: `headers` and `headersDistinct` are worked out of this, and setting `rawHeaders` sets neither. */
function addHeaderLines(request: IncomingMessage, lines: HeaderLines): void {
  const incoming = request as unknown as { _addHeaderLines(lines: string[], count: number): void }
  incoming._addHeaderLines([...lines], lines.length)
}

/** Takes everything, gives nothing, and tells of the peer what the triggering connection tells. */
function nowhere(origin: Socket | undefined): Duplex {
  const socket = new Duplex({
    // Always ready: what Node's server does to tell a response that it can go on, nobody does here.
    writableHighWaterMark: Number.MAX_SAFE_INTEGER,
    read() {},
    write(_chunk, _encoding, callback) {
      callback()
    },
  })
  // A response that is destroyed with an error destroys its socket with it, and shows as closed; servers listen, too.
  socket.on('error', () => {})
  const self = () => socket
  const { localAddress: address, localFamily: family, localPort: port } = origin ?? {}
  return Object.assign(socket, connectionOf(origin), {
    setTimeout: self,
    setNoDelay: self,
    setKeepAlive: self,
    ref: self,
    unref: self,
    address: () => ({ address, family, port }),
  })
}

const facts = [
  'remoteAddress',
  'remoteFamily',
  'remotePort',
  'localAddress',
  'localFamily',
  'localPort',
  'encrypted',
  'authorized',
  'servername',
  'alpnProtocol',
] as const

/** What guards ask of a TLS connection. */
const methods = ['getPeerCertificate', 'getPeerX509Certificate', 'getProtocol', 'getCipher'] as const

/** What a connection tells of itself, as it is now: one that has closed tells nothing any more. */
export function connectionOf(socket: Socket | undefined): object {
  const source = (socket ?? {}) as unknown as Record<string, unknown>
  const isFunction = (name: string) => typeof source[name] === 'function'
  return Object.fromEntries([
    ...facts.map((name) => [name, source[name]]),
    ...methods.filter(isFunction).map((name) => [name, (source[name] as () => unknown).bind(socket)]),
  ])
}
