// Plain node:http, and what stands in front of an application.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import { createCache } from '@restale/core'
import { responseCache } from '@restale/node'
import { type } from '../subject.mjs'
import { listen } from './bare.mjs'

/** The bare server in a process that uses an AsyncLocalStorage somewhere, as frameworks, tracers and we do. */
const bareWithContext = ({ bytes, lines }) => {
  new AsyncLocalStorage().run({}, () => {})
  return listen(createServer((_, response) => response.writeHead(200, lines).end(bytes)))
}

/** A plain listener that makes its JSON at each request. */
const handler = (subject) => (_, response) => {
  const body = JSON.stringify(subject.make())
  response.setHeader('Content-Type', type)
  response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(body)
}

const cachedListener = (subject, cache) =>
  responseCache(cache, handler(subject), { life: 'hours', tags: ['a', 'b', 'c', 'd'] })

export const front = (subject, cache) => listen(createServer(cachedListener(subject, cache)))

const inFrontOfExpress = async (subject) => {
  const { default: express } = await import('express')
  const app = express()
  app.get('/', (_, response) => response.json(subject.make()))
  const cached = responseCache(createCache(), app, { life: 'hours', tags: ['a', 'b', 'c', 'd'] })
  return listen(createServer(cached))
}

export const candidates = [
  { name: 'bare, an AsyncLocalStorage in use', kind: 'floor', start: bareWithContext },
  {
    name: 'the handler, uncached',
    kind: 'uncached',
    start: (subject) => listen(createServer(handler(subject))),
  },
  { name: '@restale/node', kind: 'ours', start: (subject) => front(subject, createCache()) },
  {
    name: '@restale/node, 304',
    kind: 'ours',
    asks: '304',
    start: (subject) => front(subject, createCache()),
  },
  {
    name: '@restale/node, misses',
    kind: 'ours',
    asks: 'new',
    start: (subject) => front(subject, createCache()),
  },
  { name: '@restale/node in front of Express', kind: 'ours', start: inFrontOfExpress },
]
