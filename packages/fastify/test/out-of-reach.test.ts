import { Buffer } from 'node:buffer'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, onSendHookHandler } from 'fastify'
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

const isMeant = (reply: FastifyReply): boolean => reply.request.headers['x-blank'] !== undefined

const blank: onSendHookHandler = async (_request, reply, payload) => {
  if (isMeant(reply)) (payload as Buffer).fill('.')
  return payload
}

/** Where something may stand that sees what the replies of a route send, beside hooks of the whole application. */
const outside: Record<
  string,
  (app: FastifyInstance, serve: (app: FastifyInstance, onSend?: typeof blank) => void) => void
> = {
  'a hook of the route': (app, serve) => serve(app, blank),
  'a hook of the instance of the route': (app, serve) => {
    app.register(async (child) => {
      child.addHook('onSend', blank)
      serve(child)
    })
  },
  'a hook of the instance of the route, added after it': (app, serve) => {
    app.register(async (child) => {
      serve(child)
      child.addHook('onSend', blank)
    })
  },
  'another send on the reply': (app, serve) => {
    app.addHook('onRequest', async (_request, reply) => {
      const { send } = reply
      reply.send = ((payload: unknown) => {
        if (isMeant(reply)) (payload as Buffer).fill('.')
        return send.call(reply, payload)
      }) as typeof send
    })
    serve(app)
  },
  "another end on Node's response": (app, serve) => {
    app.addHook('onRequest', async (_request, reply) => {
      const { end } = reply.raw
      reply.raw.end = ((chunk: unknown, ...rest: unknown[]) => {
        if (isMeant(reply)) (chunk as Buffer).fill('.')
        return Reflect.apply(end, reply.raw, [chunk, ...rest])
      }) as typeof end
    })
    serve(app)
  },
}

/** Over a socket: what `inject` gives has functions of its own. */
async function listen(app: FastifyInstance) {
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return async (headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers })
    return { text: await response.text(), cacheStatus: response.headers.get('cache-status') }
  }
}

test.each(Object.entries(outside))('nor can %s', async (_title, put) => {
  const { app } = await cachedApp({ life })
  put(app, (at, onSend) => {
    const handler = async (_request: unknown, reply: FastifyReply) =>
      reply.type('text/plain').send(Buffer.from('a page'))
    at.get('/', onSend === undefined ? {} : { onSend }, handler)
  })
  const ask = await listen(app)
  expect((await ask()).text).toBe('a page')
  for (let run = 1; run <= 2; run++) {
    expect((await ask({ 'x-blank': '1' })).text).toBe('......')
    const { text, cacheStatus } = await ask()
    expect(text).toBe('a page')
    expect(cacheStatus).toMatch(hit)
  }
})

test('nor can the function of a trailer, which is given the payload', async () => {
  const { app } = await cachedApp({ life })
  app.addHook('onRequest', async (_request, reply) => {
    reply.trailer('X-Sum', (_reply, payload, done) => {
      if (isMeant(reply)) (payload as Buffer).fill('.')
      done(null, 'none')
    })
  })
  app.get('/', async (_request, reply) => reply.type('text/plain').send(Buffer.from('a page')))
  const ask = await listen(app)
  await ask()
  for (let run = 1; run <= 2; run++) {
    await ask({ 'x-blank': '1' })
    const { text, cacheStatus } = await ask()
    expect(text).toBe('a page')
    expect(cacheStatus).toMatch(hit)
  }
})
