import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect } from 'node:net'

export interface RawRequest {
  readonly method?: string
  readonly path: string
  /** Sent as they are, behind `Host` (unless they bring one) and `Connection: close`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent with its `Content-Length`. */
  readonly body?: string
}

/** A response as it came over the wire, its values read as latin-1. */
export class RawResponse {
  readonly status: number
  readonly reason: string
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** As long as its head promised. */
  readonly isComplete: boolean

  constructor(bytes: Buffer) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) throw new Error('The connection was closed before a head came')
    const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
    const [, status, ...reason] = statusLine.split(' ')
    this.status = Number(status)
    this.reason = reason.join(' ')
    this.lines = lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
    })
    const rest = bytes.subarray(end + 4)
    const length = this.header('content-length')
    if (this.header('transfer-encoding') === 'chunked') [this.body, this.isComplete] = unchunked(rest)
    else {
      this.body = rest
      this.isComplete = length === undefined || Number(length) === rest.length
    }
  }

  /** The values of all lines of the name. */
  values(name: string): string[] {
    return this.lines
      .filter(([other]) => other.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value)
  }

  /** The lines of the name joined to one value. */
  header(name: string): string | undefined {
    const values = this.values(name)
    return values.length === 0 ? undefined : values.join(', ')
  }

  get text(): string {
    return this.body.toString()
  }

  get cacheStatus(): string {
    return this.header('cache-status') ?? 'no Cache-Status'
  }
}

/** One request on a connection of its own, read until the server closes it. */
export async function send(port: number, request: RawRequest): Promise<RawResponse> {
  const { method = 'GET', path, headers = {}, body } = request
  const hasHost = Object.keys(headers).some((name) => name.toLowerCase() === 'host')
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(hasHost ? [] : ['Host: test.example']),
    'Connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ]
  const socket = connect({ port, host: '127.0.0.1' })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  // A connection that is cut shows in the response.
  socket.on('error', () => {})
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`)
  if (!socket.destroyed) await once(socket, 'close')
  return new RawResponse(Buffer.concat(chunks))
}

function unchunked(bytes: Buffer): [body: Buffer, isComplete: boolean] {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const end = bytes.indexOf('\r\n', at)
    const size = end < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, end), 16)
    if (size === 0) return [Buffer.concat(chunks), true]
    if (Number.isNaN(size) || end + 2 + size > bytes.length) return [Buffer.concat(chunks), false]
    chunks.push(bytes.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}
