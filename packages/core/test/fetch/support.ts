import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CacheOptions } from '@restale/core'
import { expect, onTestFinished } from 'vitest'
import { setup, tick } from '../cache/support.ts'

/** A request as the origin received it. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `number`: which request this is, from 1. */
export type Answer = (
  response: ServerResponse,
  request: Received,
  number: number,
  message: IncomingMessage,
) => unknown

export interface Origin {
  /** Without a slash at the end. */
  readonly url: string
  readonly requests: readonly Received[]
  /** The last request. */
  readonly last: Received
  readonly count: number
  answer: Answer
}

/** A server that keeps what it is asked, and answers `reply 1`, `reply 2`, … unless told otherwise. */
async function startOrigin(
  answer: Answer = (response, _request, number) => response.end(`reply ${number}`),
): Promise<Origin> {
  const requests: Received[] = []
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = []
    message.on('error', () => {})
    response.on('error', () => {})
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const { method = '', url = '', headers } = message
    const received = { method, url, headers, body: Buffer.concat(chunks) }
    requests.push(received)
    await self.answer(response, received, requests.length, message)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const self: Origin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    get last() {
      return requests.at(-1) as Received
    },
    get count() {
      return requests.length
    },
  }
  return self
}

/** An origin, and a cache before it. No promise may be left rejected with nobody to see it. */
export async function setupFetch(options: CacheOptions & { answer?: Answer } = {}) {
  const { answer, ...cacheOptions } = options
  const upstream = await startOrigin(answer)
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  onTestFinished(async () => {
    await tick()
    await tick()
    process.off('unhandledRejection', onUnhandled)
    expect(unhandled).toEqual([])
  })
  const context = setup(cacheOptions)
  const text = async (...[input, init]: Parameters<typeof context.cache.fetch>) =>
    (await context.cache.fetch(input, init)).text()
  return { ...context, origin: upstream, url: `${upstream.url}/`, text }
}

/** So long, and it has not happened: only for what must never happen, such as the end of a response. */
export async function ticks(count = 20): Promise<void> {
  for (let at = 0; at < count; at++) await tick()
}

export const tagged = { next: { tags: ['t'] } }
export const minute = { next: { revalidate: 60, tags: ['t'] } }
