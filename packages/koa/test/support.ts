import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type koa from 'koa'
import Koa3 from 'koa'
// @ts-expect-error Types of the other major would be here beside those of this one.
import Koa2 from 'koa2'
import { onTestFinished } from 'vitest'
import type { RawRequest, RawResponse } from '../../express/test/raw-client.ts'
import { send } from '../../express/test/raw-client.ts'

export type { RawResponse } from '../../express/test/raw-client.ts'
export {
  barrier,
  hit,
  life,
  quiet,
  setup,
  stale,
  stored,
  streamed,
} from '../../express/test/support.ts'

interface AppOptions {
  proxy?: boolean
  asyncLocalStorage?: boolean
}

export type Make = (options?: AppOptions) => koa

/** What an application has told of its errors. */
const told = new WeakMap<koa, Error[]>()

export const errorsOf = (app: koa): Error[] => told.get(app) ?? []

function make(Koa: typeof koa): Make {
  return (options = {}) => {
    const app: koa = new Koa(options) as never
    const errors: Error[] = []
    told.set(app, errors)
    app.on('error', (error: Error) => errors.push(error))
    return app
  }
}

/** Applications of each major that print no errors: those of these tests are meant to be thrown. */
export const majors: [major: string, make: Make][] = [
  ['Koa 3', make(Koa3)],
  ['Koa 2', make(Koa2 as typeof koa)],
]

export interface Site {
  readonly port: number
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<RawResponse>
  request(request: RawRequest): Promise<RawResponse>
}

/** The application on a socket of its own, until the test ends. */
export async function listen(app: koa): Promise<Site> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    get: (path, headers = {}) => send(port, { path, headers }),
    request: (request) => send(port, request),
  }
}
