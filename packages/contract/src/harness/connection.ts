import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
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
  /** Sent with its `Content-Length`. */
  readonly body?: string | undefined
}

const defaultHost = 'contract.test'

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

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  send(request: RawRequest): void {
    const { method = 'GET', path, headers = [], body } = request
    this.#reader = new ResponseReader(method)
    const hasHost = headers.some(([name]) => name.toLowerCase() === 'host')
    const lines = [
      `${method} ${path} HTTP/1.1`,
      ...(hasHost ? [] : [`Host: ${defaultHost}`]),
      ...headers.map(([name, value]) => `${name}: ${value}`),
      ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
    ]
    this.#socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    if (body !== undefined) this.#socket.write(body)
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
