import { randomBytes } from 'node:crypto'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Answer } from './support.ts'
import { setupFetch, tagged } from './support.ts'

/** The same call three times: what made the exchange, who waited for it, and who came later. */
async function received(answer: Answer, init: RequestInit = {}) {
  const context = await setupFetch({ answer })
  const { cache, url, origin } = context
  const ask = () => cache.fetch(`${url}a?b=1#c`, { ...init, ...tagged } as Parameters<typeof cache.fetch>[1])
  const [miss, shared] = await Promise.all([ask(), ask()])
  const isStored = miss.status === 200 && init.method !== 'POST'
  const hit = isStored ? await ask() : undefined
  expect(origin.count).toBe(1)
  const all = [miss, shared, ...(hit === undefined ? [] : [hit])]
  return { ...context, ask, miss, shared, hit: hit as Response, all }
}

describe('the response', () => {
  it('is the same whether it comes from upstream or from the cache', async () => {
    const { all, url } = await received((response) => {
      response.writeHead(200, 'Very Well', { 'Content-Type': 'text/plain', 'X-A': ['1', '2'] }).end('body')
    })
    for (const response of all) {
      expect(response).toBeInstanceOf(Response)
      expect(response).toMatchObject({
        url: `${url}a?b=1`,
        redirected: false,
        type: 'basic',
        status: 200,
        statusText: 'Very Well',
        ok: true,
        bodyUsed: false,
      })
      expect(response.headers).toBeInstanceOf(Headers)
      expect(response.headers.get('content-type')).toBe('text/plain')
      expect(response.headers.get('x-a')).toBe('1, 2')
      expect(await response.text()).toBe('body')
      expect(response.bodyUsed).toBe(true)
    }
    const [miss, shared, hit] = all.map((response) => [...response.headers])
    expect(shared?.filter(([name]) => name !== 'date')).toEqual(hit?.filter(([name]) => name !== 'date'))
    const ofConnection = ['connection', 'keep-alive', 'transfer-encoding']
    expect(hit).toEqual(miss?.filter(([name = '']) => !ofConnection.includes(name)))
  })

  it('has cookies only for whom they were made', async () => {
    const { miss, shared, hit } = await received((response) => {
      response.setHeader('Set-Cookie', ['a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT', 'b=2'])
      response.end('body')
    })
    expect(miss.headers.getSetCookie()).toEqual(['a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT', 'b=2'])
    for (const response of [shared, hit]) {
      expect(response.headers.getSetCookie()).toEqual([])
      expect(response.headers.has('set-cookie')).toBe(false)
    }
  })

  it('has nothing from the cache that belongs to a connection', async () => {
    const { hit } = await received((response) => {
      response
        .writeHead(200, { Connection: 'close, X-Hop', 'X-Hop': '1', 'X-End': '1', Trailer: 'x' })
        .end('b')
    })
    for (const name of ['connection', 'x-hop', 'trailer', 'keep-alive', 'transfer-encoding']) {
      expect(hit.headers.has(name)).toBe(false)
    }
    expect(hit.headers.get('x-end')).toBe('1')
  })

  it.each<[string, (response: Response) => Promise<unknown>, unknown]>([
    ['json', (response) => response.json(), { a: [1] }],
    ['text', (response) => response.text(), '{"a":[1]}'],
    ['arrayBuffer', async (response) => Buffer.from(await response.arrayBuffer()).toString(), '{"a":[1]}'],
    ['blob', async (response) => (await response.blob()).text(), '{"a":[1]}'],
    ['blob type', async (response) => (await response.blob()).type, 'application/json'],
    [
      'a reader',
      async (response) => {
        let read = ''
        for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
          read += Buffer.from(chunk).toString()
        }
        return read
      },
      '{"a":[1]}',
    ],
    [
      'a reader into a buffer',
      async (response) => {
        const reader = (response.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
        const { value } = await reader.read(new Uint8Array(9))
        const end = await reader.read(new Uint8Array(9))
        return [Buffer.from(value as Uint8Array).toString(), end.done]
      },
      ['{"a":[1]}', true],
    ],
    [
      'a pipe',
      (response) => new Response(response.body?.pipeThrough(new TransformStream())).text(),
      '{"a":[1]}',
    ],
  ])('can be read as %s', async (_what, read, expected) => {
    const { all } = await received((response) =>
      response.setHeader('Content-Type', 'application/json').end('{"a":[1]}'),
    )
    for (const response of all) expect(await read(response)).toEqual(expected)
  })

  it('can be cloned, and the clone too', async () => {
    const { all, url } = await received((response) => response.end('body'))
    for (const response of all) {
      const clone = response.clone()
      const second = clone.clone()
      for (const copy of [response, clone, second]) {
        expect(copy).toBeInstanceOf(Response)
        expect(copy).toMatchObject({ url: `${url}a?b=1`, redirected: false, type: 'basic', status: 200 })
        expect(await copy.text()).toBe('body')
      }
      expect(() => response.clone()).toThrow(TypeError)
    }
  })

  it('can be passed on', async () => {
    const { all } = await received((response) => response.setHeader('X-A', '1').end('body'))
    for (const response of all) {
      const wrapped = new Response(response.body, response)
      expect(wrapped.headers.get('x-a')).toBe('1')
      expect(await wrapped.text()).toBe('body')
    }
  })

  it('does not change for others with what is done to it', async () => {
    const { all, ask } = await received((response) => response.setHeader('X-A', '1').end('body'))
    for (const response of all) {
      try {
        response.headers.set('x-a', '2')
        response.headers.append('x-b', '3')
      } catch {}
      new Uint8Array(await response.arrayBuffer()).fill(0)
    }
    const reader = ((await ask()).body as ReadableStream<Uint8Array>).getReader()
    ;(await reader.read()).value?.fill(0)
    const next = await ask()
    expect([...next.headers.keys()]).not.toContain('x-b')
    expect(next.headers.get('x-a')).toBe('1')
    expect(await next.text()).toBe('body')
  })

  it('does not change for others while it is streamed', async () => {
    const { cache, url } = await setupFetch({
      answer: (response) => {
        response.write('on')
        setImmediate(() => response.end('ce'))
      },
    })
    const miss = await cache.fetch(url, tagged)
    for await (const chunk of miss.body as unknown as AsyncIterable<Uint8Array>) chunk.fill(0)
    expect(await (await cache.fetch(url, tagged)).text()).toBe('once')
  })
})

describe('a body', () => {
  it('keeps its bytes', async () => {
    const bytes = randomBytes(70_000)
    const { all } = await received((response) => response.end(bytes))
    for (const response of all) expect(bytes.equals(Buffer.from(await response.arrayBuffer()))).toBe(true)
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('in %s is decoded once', async (coding, encode) => {
    const { all } = await received((response) => {
      response.setHeader('Content-Encoding', coding).end(encode('much '.repeat(100)))
    })
    for (const response of all) {
      expect(response.headers.get('content-encoding')).toBe(coding)
      expect(await response.text()).toBe('much '.repeat(100))
    }
  })

  it('may be empty', async () => {
    const { all } = await received((response) => response.end())
    for (const response of all) expect(await response.text()).toBe('')
  })

  it('is not there for HEAD, on a hit neither', async () => {
    const { all, origin } = await received((response) => response.setHeader('Content-Length', '4').end(), {
      method: 'HEAD',
    })
    expect(origin.last.method).toBe('HEAD')
    for (const response of all) {
      expect(response.body).toBeNull()
      expect(response.headers.get('content-length')).toBe('4')
      expect(await response.text()).toBe('')
    }
  })

  it('that HEAD tells of may be longer than the cap', async () => {
    const { cache, url, origin } = await setupFetch({
      answer: (response) => response.setHeader('Content-Length', '2000000').end(),
    })
    for (let count = 0; count < 2; count++) await cache.fetch(url, { ...tagged, method: 'HEAD' })
    expect(origin.count).toBe(1)
  })

  it('is not there for 204, which is not stored', async () => {
    const { all, ask, origin } = await received((response) => response.writeHead(204).end())
    for (const response of all) {
      expect(response).toMatchObject({ status: 204, body: null })
      expect(response.clone().status).toBe(204)
    }
    await ask()
    expect(origin.count).toBe(2)
  })
})

describe('a redirect', () => {
  const answer: Answer = (response, { url }) => {
    if (url === '/there') response.end('there')
    else response.writeHead(302, { Location: '/there' }).end('moved')
  }

  it('is followed, and the end of it stored', async () => {
    const { cache, url, origin } = await setupFetch({ answer })
    for (const response of [await cache.fetch(url, tagged), await cache.fetch(url, tagged)]) {
      expect(response).toMatchObject({ redirected: true, url: `${url}there`, status: 200 })
      expect(response.clone()).toMatchObject({ redirected: true, url: `${url}there` })
      expect(await response.text()).toBe('there')
    }
    expect(origin.count).toBe(2)
  })

  it('that is not to be followed is given as it is, and not stored', async () => {
    const { cache, url, origin } = await setupFetch({ answer })
    const init = { ...tagged, redirect: 'manual' } as const
    for (const response of await Promise.all([cache.fetch(url, init), cache.fetch(url, init)])) {
      expect(response.status).toBe(302)
      expect(response.headers.get('location')).toBe('/there')
    }
    expect(origin.count).toBe(1)
    await cache.fetch(url, init)
    expect(origin.count).toBe(2)
  })

  it('that is an error is one for everybody', async () => {
    const { cache, url } = await setupFetch({ answer })
    const init = { ...tagged, redirect: 'error' } as const
    const replies = await Promise.allSettled([cache.fetch(url, init), cache.fetch(url, init)])
    for (const reply of replies) {
      expect(reply).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) })
    }
  })
})

describe('a reply of a fetch of another make', () => {
  it.each<[string, () => Response]>([
    ['an error', () => Response.error()],
    [
      'an opaque one',
      () => Object.defineProperties(new Response(), { status: { value: 0 }, type: { value: 'opaque' } }),
    ],
  ])('that is %s is given to each caller of its own', async (_what, reply) => {
    let asked = 0
    const upstream = async () => {
      asked++
      return reply()
    }
    const { cache, url } = await setupFetch({ fetch: { fetch: upstream } })
    const replies = await Promise.all([cache.fetch(url, tagged), cache.fetch(url, tagged)])
    for (const response of replies) expect(response.status).toBe(0)
    await cache.fetch(url, tagged)
    expect(asked).toBe(3)
  })

  it('that is shorter than it says is not stored', async () => {
    let asked = 0
    const upstream = async () => {
      asked++
      return new Response('four', { headers: { 'content-length': '5' } })
    }
    const { text, url } = await setupFetch({ fetch: { fetch: upstream } })
    expect([await text(url, tagged), await text(url, tagged)]).toEqual(['four', 'four'])
    expect(asked).toBe(2)
  })

  it('that was constructed keeps what it says of itself', async () => {
    const upstream = async () => new Response('body')
    const { cache, url } = await setupFetch({ fetch: { fetch: upstream } })
    for (const response of [await cache.fetch(url, tagged), await cache.fetch(url, tagged)]) {
      expect(response).toMatchObject({ url: '', type: 'default', redirected: false })
      expect(await response.text()).toBe('body')
    }
  })

  it('may come in slices of one buffer, and with empty chunks', async () => {
    const pool = Buffer.from('abcdef')
    const upstream = async () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(pool.subarray(0, 2))
          controller.enqueue(pool.subarray(2, 2))
          controller.enqueue(pool.subarray(2))
          controller.close()
        },
      })
      return new Response(body)
    }
    const { text, url } = await setupFetch({ fetch: { fetch: upstream } })
    expect([await text(url, tagged), await text(url, tagged)]).toEqual(['abcdef', 'abcdef'])
    expect(pool.toString()).toBe('abcdef')
  })
})
