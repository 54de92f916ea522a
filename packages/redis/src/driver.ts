import { Buffer } from 'node:buffer'
import type { IoredisClient, NodeRedisClient, RedisClient } from './client.ts'

export type Argument = string | Buffer

/** One connection, by whichever client: it gets itself back when it is cut, and sends nothing while it is. */
export interface Driver {
  readonly isReady: boolean
  /** Resolves when it is ready for the first time. */
  readonly opened: Promise<unknown>
  /** Strings come as buffers. */
  send(args: readonly Argument[]): Promise<unknown>
  /** At once: what is under way rejects. */
  destroy(): void
}

/** Milliseconds. */
const retryMs = 100
const connectTimeoutMs = 1_000

/** What is of interest in an opened client of node-redis. */
interface OpenNodeRedis extends NodeRedisClient {
  on(event: 'error' | 'ready', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): void
}

interface OpenIoredis extends IoredisClient {
  on(event: 'error' | 'ready', listener: () => void): unknown
  disconnect(): void
}

/** By RESP's first byte: bulk strings come as buffers. */
const typeMapping = { 36: Buffer }

export function openDriver(client: RedisClient): Driver {
  return isIoredis(client) ? openIoredis(client) : openNodeRedis(client)
}

function isIoredis(client: RedisClient): client is IoredisClient {
  return 'callBuffer' in client
}

function openNodeRedis(client: NodeRedisClient): Driver {
  const { socket } = (client as { options?: { socket?: object } }).options ?? {}
  const opened = client.duplicate({
    keyPrefix: undefined,
    readonly: false,
    disableOfflineQueue: true,
    commandOptions: undefined,
    clientSideCache: undefined,
    emitInvalidate: false,
    socket: { ...socket, connectTimeout: connectTimeoutMs, reconnectStrategy: () => retryMs },
  }) as OpenNodeRedis
  opened.on('error', ignore)
  const isOpened = readiness(opened)
  opened.connect().catch(ignore)
  return {
    get isReady() {
      return opened.isReady
    },
    opened: isOpened,
    send: (args) => opened.sendCommand(args, { typeMapping }),
    destroy: () => quietly(() => opened.destroy()),
  }
}

function openIoredis(client: IoredisClient): Driver {
  const opened = client.duplicate({
    keyPrefix: '',
    readOnly: false,
    lazyConnect: false,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    enableAutoPipelining: false,
    maxRetriesPerRequest: 0,
    commandTimeout: undefined,
    connectTimeout: connectTimeoutMs,
    retryStrategy: () => retryMs,
  }) as OpenIoredis
  opened.on('error', ignore)
  return {
    get isReady() {
      return opened.status === 'ready'
    },
    opened: readiness(opened),
    send: ([command, ...args]) => opened.callBuffer(String(command), args),
    destroy: () => quietly(() => opened.disconnect()),
  }
}

function readiness(opened: OpenNodeRedis | OpenIoredis): Promise<unknown> {
  return new Promise<void>((resolve) => void opened.on('ready', resolve))
}

/** What is wrong is seen by what it sends. */
function ignore(): void {}

/** One that was never open, or is closed already, may say so. */
function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // It is closed.
  }
}
