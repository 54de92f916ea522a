import type { Server } from 'node:http'
import type { ConnectionOptions } from 'node:tls'
import type { Served } from '../description.ts'
import type { RawRequest } from './connection.ts'
import { Connection } from './connection.ts'
import type { RawResponse } from './response-reader.ts'

const connectionsAtOnce = 100

export type RequestHeaders = Readonly<Record<string, string>>

/** An application that listens. Paths are below its prefix. */
export class Site {
  readonly #served: Served
  readonly #tls: ConnectionOptions | undefined
  readonly prefix: string
  readonly #connections: Connection[] = []

  /** `tls`: what clients connect with. */
  constructor(served: Served, prefix: string, tls?: ConnectionOptions) {
    this.#served = served
    this.prefix = prefix
    this.#tls = tls
  }

  /** The same application, with paths from its root on. */
  atRoot(): Site {
    return new Site(this.#served, '', this.#tls)
  }

  /** What listens. Only where `server` is offered. */
  get server(): Server {
    return this.#served.server as Server
  }

  /** A route's path in the framework's own syntax. */
  routePath(path: string): string {
    return this.#served.routePath?.(path) ?? path
  }

  /** Answers a request without a connection. Only where `inject` is offered. */
  inject(path: string, headers: RequestHeaders = {}, method = 'GET'): Promise<RawResponse> {
    const request = { method, path: this.prefix + path, headers: Object.entries(headers) }
    return (this.#served.inject as NonNullable<Served['inject']>)(request)
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
    const connection = await Connection.open(this.#served.port, this.#tls)
    this.#connections.push(connection)
    return connection
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
  }
}
