import type { RawRequest } from './connection.ts'
import { Connection } from './connection.ts'
import type { RawResponse } from './response-reader.ts'

const connectionsAtOnce = 100

export type RequestHeaders = Readonly<Record<string, string>>

/** An application that listens. Paths are below its prefix. */
export class Site {
  readonly #port: number
  readonly prefix: string
  readonly #connections: Connection[] = []

  constructor(port: number, prefix: string) {
    this.#port = port
    this.prefix = prefix
  }

  /** The same application, with paths from its root on. */
  atRoot(): Site {
    return new Site(this.#port, '')
  }

  get(path: string, headers: RequestHeaders = {}): Promise<RawResponse> {
    return this.request({ path, headers: Object.entries(headers) })
  }

  head(path: string, headers: RequestHeaders = {}): Promise<RawResponse> {
    return this.request({ method: 'HEAD', path, headers: Object.entries(headers) })
  }

  post(path: string): Promise<RawResponse> {
    return this.request({ method: 'POST', path, body: '' })
  }

  /** Sends one request on a connection of its own, and takes the whole response. */
  async request(request: RawRequest): Promise<RawResponse> {
    const connection = await this.send(request)
    try {
      return await connection.response()
    } finally {
      connection.destroy()
    }
  }

  /** Sends one request on a connection of its own. */
  async send(request: RawRequest): Promise<Connection> {
    const connection = await this.connect()
    this.sendOn(connection, request)
    return connection
  }

  sendOn(connection: Connection, request: RawRequest): void {
    connection.send({ ...request, path: `${this.prefix}${request.path}` })
  }

  /** Sends the same request over many connections, all of them open before the first is used. */
  async flood(count: number, path: string): Promise<Connection[]> {
    const connections: Connection[] = []
    while (connections.length < count) {
      const more = Math.min(connectionsAtOnce, count - connections.length)
      connections.push(...(await Promise.all(Array.from({ length: more }, () => this.connect()))))
    }
    for (const connection of connections) this.sendOn(connection, { path })
    return connections
  }

  async connect(): Promise<Connection> {
    const connection = await Connection.open(this.#port)
    this.#connections.push(connection)
    return connection
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
  }
}
