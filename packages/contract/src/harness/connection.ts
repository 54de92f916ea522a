import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { connect as connectByTls } from 'node:tls'
import type { RawResponse } from './response-reader.ts'
import { ResponseReader } from './response-reader.ts'
import { until } from './waiting.ts'

/** A request as it goes over the wire: nothing is added to it but `Host`, if it brings none. */
export interface RawRequest {
  readonly path: string
  /** @default 'GET' */
  readonly method?: string | undefined
  /** In this order and spelling. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined
  /** Sent with its `Content-Length`, unless in chunks. */
  readonly body?: string | undefined
  readonly isChunked?: true | undefined
}

const defaultHost = 'contract.test'

/** The bytes of a request on the wire. */
function requestBytes(request: RawRequest): Buffer {
  const { method = 'GET', path, headers = [] } = request
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host')
  const content = contentOf(request)
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...(hasHost ? [] : [`Host: ${defaultHost}`]),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...content.lines,
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(content.text)])
}

/** The lines that frame a body (RFC 9112 §6), and the body as they have it. */
function contentOf({ body, isChunked }: RawRequest): {
  readonly lines: readonly string[]
  readonly text: string
} {
  if (body === undefined) return { lines: [], text: '' }
  const length = Buffer.byteLength(body)
  return isChunked
    ? { lines: ['Transfer-Encoding: chunked'], text: `${length.toString(16)}\r\n${body}\r\n0\r\n\r\n` }
    : { lines: [`Content-Length: ${length}`], text: body }
}

/** One TCP connection to the server; requests go over it one after the other. */
export class Connection {
  readonly #socket: Socket
  #reader = new ResponseReader('GET')
  #isClosed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes) => this.#reader.read(bytes))
    socket.on('end', () => this.#reader.end())
    socket.on('close', () => {
      this.#isClosed = true
    })
    // A cut connection shows in the response, which is not complete.
    socket.on('error', () => {})
  }

  /** `tls`: by TLS, with these options. */
  static open(port: number, tls?: ConnectionOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const to = { port, host: '127.0.0.1', noDelay: true }
      const socket = tls === undefined ? connect(to) : connectByTls({ ...to, ...tls })
      socket.once('error', reject)
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  send(request: RawRequest): void {
    this.#reader = new ResponseReader(request.method ?? 'GET')
    this.#socket.write(requestBytes(request))
  }

  /** Resolves when status and header lines have come. */
  async head(): Promise<Pick<RawResponse, 'status' | 'lines'>> {
    await until('a head has come', () => this.#reader.head !== undefined || this.#isClosed)
    if (this.#reader.head === undefined) throw new Error('The connection was closed before a head came')
    return this.#reader.head
  }

  /** Resolves when so many bytes of the body have come. */
  async received(length: number): Promise<void> {
    await until(`${length} bytes have come`, () => this.#reader.bodyLength >= length)
  }

  /** The heads that came before that of the response, 103 and the like. */
  get informational(): ResponseReader['informational'] {
    return this.#reader.informational
  }

  get isAnswered(): boolean {
    return this.#reader.head !== undefined
  }

  /** Resolves when the response is complete or cut. */
  async response(): Promise<RawResponse> {
    await until('a response is complete or cut', () => this.#reader.isComplete || this.#isClosed)
    const { response } = this.#reader
    if (response === undefined) throw new Error('The connection was closed before a head came')
    return response
  }

  /** Reads no further, so that the server cannot write for ever. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** Sends nothing more, and goes on reading. */
  finish(): void {
    this.#socket.end()
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#socket.destroy()
  }
}
