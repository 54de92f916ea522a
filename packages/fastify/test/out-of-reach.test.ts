import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { cachedApp, get, hit, life } from './support.ts'

test.each([
  ['a type', 'text/plain'],
  ['no type, which goes out as a stream', undefined],
])('hooks cannot change what is stored: with %s', async (_title, type) => {
  const { app } = await cachedApp({ life })
  app.addHook('onSend', async (request, reply, payload) => {
    if (type === undefined) reply.removeHeader('content-type')
    if (request.headers['x-blank'] === undefined) return payload
    const chunks: Buffer[] = Buffer.isBuffer(payload) ? [payload] : await (payload as Readable).toArray()
    for (const chunk of chunks) chunk.fill('.')
    return chunks[0]
  })
  app.get('/', async (_request, reply) => {
    if (type === undefined) return reply.send(Readable.from([Buffer.from('a page')]))
    return reply.type(type).send(Buffer.from('a page'))
  })
  for (let run = 1; run <= 2; run++) {
    expect((await get(app, '/', { 'x-blank': '1' })).text).toBe('......')
    const { text, cacheStatus } = await get(app, '/')
    expect(text).toBe('a page')
    expect(cacheStatus).toMatch(hit)
  }
})
