import type { Cache } from '@restale/core'
import { createCache } from '@restale/core'
import type { FakeClock } from '@restale/core/testing'
import { fakeClock, settled } from '@restale/core/testing'
import { H3 } from 'h3'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { cacheOf, isRefill, responseCache, revalidateEndpoint } from '../src/index.ts'

const life = { revalidate: 60, expire: 300 }

let clock: FakeClock
let cache: Cache
let runs = 0

beforeEach(() => {
  clock = fakeClock()
  cache = createCache({ clock })
  runs = 0
})

const page = () => new Response(`run ${++runs}`)

function request(path = '/', headers: Record<string, string> = {}): Request {
  return new Request(`http://test${path}`, { headers })
}

function status(response: Response): string | null {
  return response.headers.get('cache-status')
}

/** Hands out `chunks` one by one, each when it is asked for. */
function streamOf(...chunks: readonly (string | Error | Promise<unknown>)[]): ReadableStream<Uint8Array> {
  async function* parts() {
    for (const chunk of chunks) {
      if (chunk instanceof Error) throw chunk
      if (typeof chunk === 'string') yield new TextEncoder().encode(chunk)
      else await chunk
    }
  }
  return ReadableStream.from(parts()) as ReadableStream<Uint8Array>
}

const never = new Promise<never>(() => {})

describe('a handler', () => {
  test('is answered from the cache without a promise', async () => {
    const handler = responseCache(cache, page, { life })
    expect(status(await handler(request()))).toBe('restale; fwd=uri-miss; stored')
    const hit = handler(request())
    expect(hit).toBeInstanceOf(Response)
    expect(await (hit as Response).text()).toBe('run 1')
  })

  test('may be called with the same request again, also at once', async () => {
    const handler = responseCache(cache, page, { life })
    const same = request()
    const both = await Promise.all([handler(same), handler(same)])
    expect(both.map(status)).toEqual(['restale; fwd=uri-miss; stored', 'restale; fwd=uri-miss; collapsed'])
    expect(status(await handler(same))).toBe('restale; hit; ttl=60')
    expect(runs).toBe(1)
  })

  test('that asks another path of its own gets that response, and both are stored', async () => {
    const handler = responseCache(
      cache,
      async ({ url }: Request): Promise<Response> =>
        url.endsWith('/inner')
          ? page()
          : new Response(`around ${await (await handler(request('/inner'))).text()}`),
      { life },
    )
    for (const expected of [/stored$/, /hit/]) {
      const response = await handler(request('/outer'))
      expect(status(response)).toMatch(expected)
      expect(await response.text()).toBe('around run 1')
      expect(status(await handler(request('/inner')))).toMatch(/hit/)
    }
  })

  test('gets the other arguments, on refills too', async () => {
    const seen: unknown[] = []
    const handler = responseCache(
      cache,
      async (incoming: Request, { params }: { params: Promise<{ id: string }> }) => {
        seen.push(isRefill(incoming), (await params).id)
        return page()
      },
      { life },
    )
    const context = { params: Promise.resolve({ id: '1' }) }
    await handler(request(), context)
    clock.advance(61_000)
    await handler(request(), context)
    await settled(cache)
    expect(seen).toEqual([false, '1', true, '1'])
    expect(await (await handler(request(), context)).text()).toBe('run 2')
  })

  test('finds its handle by the request', async () => {
    const handler = responseCache(cache, (incoming: Request) => {
      cacheOf(incoming)?.life(life)
      cacheOf(incoming)?.tag('page')
      return new Response(cacheOf(incoming)?.status)
    })
    const first = request()
    expect(await (await handler(first)).text()).toBe('miss')
    const second = request()
    expect(await (await handler(second)).text()).toBe('miss')
    expect(cacheOf(second)?.status).toBe('hit')
    expect(cacheOf(request())).toBeUndefined()
    await cache.updateTag('page')
    expect(status(await handler(request()))).toMatch(/stored$/)
  })

  test('sees neither conditions nor parameters that are not in the key, in whatever form it looks', async () => {
    const handler = responseCache(
      cache,
      (incoming: Request) =>
        Response.json([incoming.url, incoming.clone().url, incoming.headers.get('if-none-match')]),
      { life, key: { query: ['a'] } },
    )
    const original = request('/?a=1&b=2', { 'If-None-Match': '"x"' })
    const url = 'http://test/?a=1'
    expect(await (await handler(original)).json()).toEqual([url, url, null])
    expect(original.url).toBe('http://test/?a=1&b=2')
    expect(original.headers.get('if-none-match')).toBe('"x"')
  })

  test('of a runtime that seals the headers of its requests', async () => {
    const handler = responseCache(
      cache,
      (incoming: Request & { ip?: string }) =>
        Response.json([incoming.headers.get('if-none-match'), incoming.ip]),
      { life },
    )
    const sealed = Object.assign(request('/', { 'If-None-Match': '"x"' }), { ip: '203.0.113.7' })
    vi.spyOn(sealed.headers, 'delete').mockImplementation(() => {
      throw new TypeError('immutable')
    })
    expect(await (await handler(sealed)).json()).toEqual([null, '203.0.113.7'])
  })

  test('of Next.js gets a request of its class', async () => {
    class NextRequest extends Request {
      get nextUrl(): URL {
        return new URL(this.url)
      }
    }
    const GET = responseCache(
      cache,
      (incoming: NextRequest) => new Response(`${incoming.nextUrl.search} ${isRefill(incoming)}`),
      { life, key: { query: ['a'] } },
    )
    const asked = () =>
      GET(new NextRequest('http://localhost:3000/?a=1&b=2', { headers: { Host: 'public.test' } }))
    expect(await (await asked()).text()).toBe('?a=1 false')
    clock.advance(61_000)
    await asked()
    await settled(cache)
    expect(await (await asked()).text()).toBe('?a=1 true')
  })

  test('behind a server that names itself in the URL: the host is in the key all the same', async () => {
    const handler = responseCache(cache, (incoming: Request) => new Response(incoming.headers.get('host')), {
      life,
    })
    for (const host of ['a.test', 'b.test', 'a.test']) {
      expect(await (await handler(request('/', { Host: host }))).text()).toBe(host)
    }
  })

  test('of h3', async () => {
    const app = new H3()
    app.use((event, next) => {
      event.res.headers.set('X-Outer', 'h3')
      return next()
    })
    app.get('/posts/:id', (event) => ({ id: event.context.params?.id, run: ++runs }))
    const fetch = responseCache(cache, app.fetch, { life })
    for (const expected of [/stored$/, /hit/]) {
      const response = await fetch(request('/posts/1'))
      expect(status(response)).toMatch(expected)
      expect(response.headers.get('x-outer')).toBe('h3')
      expect(await response.json()).toEqual({ id: '1', run: 1 })
    }
    clock.advance(61_000)
    await fetch(request('/posts/1'))
    await settled(cache)
    expect(await (await fetch(request('/posts/1'))).json()).toEqual({ id: '1', run: 2 })
  })
})

describe('waitUntil', () => {
  const works: Promise<unknown>[] = []
  const waitUntil = (work: Promise<unknown>) => {
    works.push(work)
  }

  test.each([
    ['an execution context', () => [request(), {}, { waitUntil }]],
    ['the first argument', () => [request(), { waitUntil }]],
    ['the request', () => [Object.assign(request(), { waitUntil })]],
  ])('is found on %s', async (_, args) => {
    works.length = 0
    const handler = responseCache(cache, (..._: unknown[]) => page(), { life }) as (
      ...args: unknown[]
    ) => Response | Promise<Response>
    await handler(...args())
    expect(works).toEqual([])
    clock.advance(61_000)
    await handler(...args())
    expect(works).toHaveLength(1)
    await Promise.all(works)
    expect(await (await handler(...args())).text()).toBe('run 2')
  })
})

describe('bodies', () => {
  test('that are there are whole: length, ETag, and 304 on the miss', async () => {
    const handler = responseCache(cache, () => new Response('whole'), { life })
    const first = await handler(request())
    expect(first.headers.get('content-length')).toBe('5')
    const etag = first.headers.get('etag') as string
    clock.advance(301_000)
    const cold = await handler(request('/', { 'If-None-Match': etag }))
    expect(cold.status).toBe(304)
    expect(status(cold)).toBe('restale; fwd=stale; fwd-status=200; stored')
  })

  test('that take their time flow, and are stored at their end', async () => {
    const gate = gateOf()
    const handler = responseCache(cache, () => new Response(streamOf('first, ', gate.promise, 'last')), {
      life,
    })
    const response = await handler(request())
    expect(status(response)).toBe('restale; fwd=uri-miss')
    expect(response.headers.get('content-length')).toBeNull()
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first, ')
    gate.resolve(undefined)
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('last')
    expect((await reader.read()).done).toBe(true)
    expect(await (await handler(request())).text()).toBe('first, last')
  })

  test('that nobody reads are stored all the same', async () => {
    const handler = responseCache(cache, () => new Response(streamOf('a', new Promise(setImmediate), 'b')), {
      life,
    })
    await handler(request())
    await vi.waitFor(async () => expect(status(await handler(request()))).toMatch(/hit/))
  })

  test('that break are not stored, and break for who reads them', async () => {
    const handler = responseCache(
      cache,
      () =>
        ++runs === 1 ? new Response(streamOf('half', new Error('meant to fail'))) : new Response('whole'),
      { life },
    )
    await expect((await handler(request())).text()).rejects.toThrow('meant to fail')
    expect(await (await handler(request())).text()).toBe('whole')
  })

  test('that a client leaves are not stored, and their source hears of it', async () => {
    const cancelled = vi.fn()
    const source = () =>
      new ReadableStream({
        pull: (controller) => (++runs < 3 ? controller.enqueue(new Uint8Array([runs])) : never),
        cancel: cancelled,
      })
    const handler = responseCache(cache, () => new Response(source()), { life })
    const response = await handler(request())
    await response.body?.cancel('gone')
    expect(cancelled).toHaveBeenCalledWith('gone')
    expect(status(await handler(request()))).toMatch(/fwd=uri-miss/)
  })

  test('of events pass untouched', async () => {
    const body = streamOf('data: 1\n\n', never)
    const handler = responseCache(
      cache,
      () => new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }),
      { life },
    )
    const response = await handler(request())
    expect(status(response)).toMatch(/detail=event-stream/)
    const { value } = await (response.body as ReadableStream<Uint8Array>).getReader().read()
    expect(new TextDecoder().decode(value)).toBe('data: 1\n\n')
  })

  test('that are not stored are not read faster than the client reads', async () => {
    const source = () =>
      new ReadableStream({
        async pull(controller) {
          await new Promise(setImmediate)
          runs++
          controller.enqueue(new Uint8Array(1024))
        },
      })
    const handler = responseCache(cache, () => new Response(source()))
    const response = await handler(request())
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(runs).toBeLessThan(5)
    await response.body?.cancel()
  })

  test('that use their memory again come as they were, however late they are read', async () => {
    const memory = new Uint8Array(1)
    async function* parts() {
      for (const value of [1, 2, 3]) {
        memory[0] = value
        yield memory
        await new Promise(setImmediate)
      }
      memory[0] = 9
    }
    const handler = responseCache(cache, () => new Response(ReadableStream.from(parts()) as ReadableStream), {
      life,
    })
    const response = await handler(request())
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (const each of [response, await handler(request())]) {
      expect([...new Uint8Array(await each.arrayBuffer())]).toEqual([1, 2, 3])
    }
  })

  test.each([
    ['gzip', 'Accept-Encoding'],
    ['identity', null],
  ])('coded as %s vary by %s', async (coding, expected) => {
    const handler = responseCache(
      cache,
      () => new Response('body', { headers: { 'Content-Encoding': coding } }),
      { life },
    )
    expect((await handler(request())).headers.get('vary')).toBe(expected)
  })

  test('of text chunks, which some servers take', async () => {
    const body = () =>
      new ReadableStream({
        start(controller) {
          controller.enqueue('text')
          controller.close()
        },
      })
    const handler = responseCache(cache, () => new Response(body()), { life })
    expect(await (await handler(request())).text()).toBe('text')
    expect(await (await handler(request())).text()).toBe('text')
  })

  test('whose client has aborted: the failure counts for nobody else', async () => {
    const client = new AbortController()
    const handler = responseCache(
      cache,
      async ({ signal }: Request) => {
        if (++runs > 1) return new Response('whole')
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        return page()
      },
      { life },
    )
    const first = handler(new Request('http://test/', { signal: client.signal }))
    const second = handler(request())
    client.abort()
    await expect(first).rejects.toThrow()
    expect(status(await second)).toMatch(/stored$/)
  })
})

describe('failures', () => {
  test('of a refill are printed, for no server does, and the old response stays', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const handler = responseCache(
      cache,
      () => {
        if (++runs > 1) throw new Error('meant to fail')
        return new Response('page')
      },
      { life },
    )
    await handler(request())
    clock.advance(61_000)
    await handler(request())
    await settled(cache)
    expect(printed).toHaveBeenCalledWith(expect.objectContaining({ message: 'meant to fail' }))
    printed.mockRestore()
    expect(await (await handler(request())).text()).toBe('page')
  })

  test('of a handler are the caller’s', async () => {
    const handler = responseCache(cache, () => Promise.reject(new Error('meant to fail')), { life })
    await expect(handler(request())).rejects.toThrow('meant to fail')
    await expect(handler(request('/', { Cookie: 'a=1' }))).rejects.toThrow('meant to fail')
  })

  test('a response whose body has been read goes out as it is', async () => {
    const handler = responseCache(
      cache,
      async () => {
        const response = page()
        await response.text()
        return response
      },
      { life },
    )
    expect((await handler(request())).bodyUsed).toBe(true)
    expect((await handler(request())).bodyUsed).toBe(true)
    expect(runs).toBe(2)
  })
})

describe('the endpoint', () => {
  const secret = 'a secret of the test'
  const asked = (path: string, body = '{"tags":["page"]}') =>
    new Request(`http://test${path}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
      body,
    })

  test('in front of a handler', async () => {
    const fetch = revalidateEndpoint(cache, { secret }, (_: Request, name: string) => new Response(name))
    expect(await (await fetch(asked('/api/revalidate'), 'app')).json()).toMatchObject({ revalidated: true })
    expect(await (await fetch(asked('/api/revalidate/webhook'), 'app')).json()).toEqual({ ok: true })
    expect(await (await fetch(asked('/api/revalidated'), 'app')).text()).toBe('app')
    expect((await fetch(asked('/api/revalidate/more'), 'app')).status).toBe(404)
  })

  test('as a route handler: wherever the router has put it', async () => {
    const POST = revalidateEndpoint(cache, { secret })
    expect(await (await POST(asked('/hooks'))).json()).toMatchObject({ revalidated: true })
    expect(await (await POST(asked('/hooks/webhook'))).json()).toEqual({ ok: true })
    const get = new Request('http://test/hooks?tag=page', { headers: { Authorization: `Bearer ${secret}` } })
    expect(await (await POST(get)).json()).toMatchObject({ revalidated: true })
  })

  test('with a path and nobody behind it', async () => {
    const fetch = revalidateEndpoint(cache, { secret, path: '/own/' })
    expect((await fetch(asked('/own'))).status).toBe(200)
    expect((await fetch(asked('/other'))).status).toBe(404)
  })

  test('takes no more than it needs of a body', async () => {
    const fetch = revalidateEndpoint(cache, { secret })
    const large = JSON.stringify({ tag: 'page', path: `/${'x'.repeat(70_000)}` })
    expect((await fetch(asked('/', large))).status).toBe(413)
  })

  test('says at once what is wrong with its options', () => {
    expect(() => revalidateEndpoint(cache, { secret: undefined })).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_MISSING_SECRET' }),
    )
    expect(() => responseCache(cache, page, { life: 'nope' as never })).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_UNKNOWN_PROFILE' }),
    )
    expect(() => responseCache(cache, page, { tags: 'page' as never })).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_INVALID_OPTION' }),
    )
  })
})

/** What `Promise.withResolvers` gives, which Node 20 does not have. */
function gateOf() {
  let resolve!: (value: unknown) => void
  const promise = new Promise((done) => {
    resolve = done
  })
  return { promise, resolve }
}
