import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { barrier, deferred, isPending } from '../cache/support.ts'
import type { Answer } from './support.ts'
import { minute, setupFetch, tagged, ticks } from './support.ts'

const small = { memory: { maxEntryBytes: 50_000 } }
const large = Buffer.alloc(200_000, 'large ')

/** Sends so much more than sockets take up that whoever writes has to wait for whoever reads. */
async function flood(response: ServerResponse, megabytes: number): Promise<number> {
  const megabyte = Buffer.alloc(1_000_000, 'x')
  for (let sent = 0; sent < megabytes; sent++) {
    if (!response.write(megabyte)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    if (response.destroyed) return sent
  }
  response.end()
  return megabytes
}

function read(response: Response): () => Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  return async () => Buffer.from((await reader.read()).value ?? []).toString()
}

describe('while a reply comes', () => {
  it('its head and what is there of it reach the caller', async () => {
    const gate = barrier()
    const { cache, url } = await setupFetch({
      answer: async (response) => {
        response.setHeader('X-A', '1').write('first ')
        await gate.pass()
        response.end('second')
      },
    })
    const response = await cache.fetch(url, tagged)
    expect(response.headers.get('x-a')).toBe('1')
    const next = read(response)
    expect(await next()).toBe('first ')
    gate.open()
    expect(await next()).toBe('second')
    expect(await next()).toBe('')
  })

  it('it can be read into a buffer of the caller, to its end', async () => {
    const gate = barrier()
    const { cache, url } = await setupFetch({
      answer: async (response) => {
        response.write('first')
        await gate.pass()
        response.end()
      },
    })
    const response = await cache.fetch(url, tagged)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader({ mode: 'byob' })
    expect((await reader.read(new Uint8Array(10))).value?.byteLength).toBe(5)
    const end = reader.read(new Uint8Array(10))
    await ticks()
    gate.open()
    expect((await end).done).toBe(true)
  })

  it('a caller that has its end finds it stored', async () => {
    const { text, url, kinds } = await setupFetch()
    await text(url, tagged)
    expect(kinds()).toEqual(['miss', 'stored'])
  })

  it('those who wait get it whole', async () => {
    const gate = barrier()
    const { cache, text, url, origin } = await setupFetch({
      answer: async (response) => {
        response.write('first ')
        await gate.pass()
        response.end('second')
      },
    })
    const response = await cache.fetch(url, tagged)
    const follower = text(url, tagged)
    expect(await isPending(follower)).toBe(true)
    gate.open()
    expect(await follower).toBe('first second')
    expect(await response.text()).toBe('first second')
    expect(origin.count).toBe(1)
  })

  it('a caller that does not read holds up nobody', async () => {
    const { cache, text, url, origin } = await setupFetch({ answer: (response) => response.end(large) })
    const unread = await cache.fetch(url, tagged)
    expect(await text(url, tagged)).toBe(large.toString())
    expect(await unread.text()).toBe(large.toString())
    expect(origin.count).toBe(1)
  })

  it('a caller that cancels it holds up nobody, and it is stored', async () => {
    const gate = barrier()
    const { cache, text, url, origin } = await setupFetch({
      answer: async (response) => {
        response.write('first ')
        await gate.pass()
        response.end('second')
      },
    })
    const response = await cache.fetch(url, tagged)
    await response.body?.cancel()
    gate.open()
    expect(await text(url, tagged)).toBe('first second')
    expect(await text(url, tagged)).toBe('first second')
    expect(origin.count).toBe(1)
  })

  it('a caller that leaves while it reads holds up nobody', async () => {
    const { cache, text, url, origin } = await setupFetch({ answer: (response) => response.end(large) })
    const response = await cache.fetch(url, tagged)
    for await (const _chunk of response.body as unknown as AsyncIterable<Uint8Array>) break
    expect(await text(url, tagged)).toBe(large.toString())
    expect(origin.count).toBe(1)
  })
})

describe('a reply beyond the cap', () => {
  it.each<[string, Answer]>([
    ['that says so', (response) => response.end(large)],
    ['that does not say so', (response) => [response.write(large), response.end()]],
    ['that is packed', (response) => response.setHeader('Content-Encoding', 'gzip').end(gzipSync(large))],
  ])('%s passes whole to each', async (_what, answer) => {
    const { text, url, origin, events } = await setupFetch({ ...small, answer })
    const replies = await Promise.all([text(url, tagged), text(url, tagged), text(url, tagged)])
    for (const reply of replies) expect(reply).toBe(large.toString())
    expect(origin.count).toBe(3)
    expect(await text(url, tagged)).toBe(large.toString())
    expect(origin.count).toBe(4)
    expect(events).toContainEqual({ kind: 'refused', key: expect.any(String), reason: 'too-large' })
  })

  it('lets those who come later go side by side', async () => {
    const gate = barrier()
    const { text, url } = await setupFetch({
      ...small,
      answer: async (response, _request, number) => {
        if (number > 1) await gate.pass()
        response.end(large)
      },
    })
    await text(url, tagged)
    const later = [text(url, tagged), text(url, tagged)]
    await gate.reachedBy(2)
    gate.open()
    await Promise.all(later)
  })

  it('lets go those who waited as soon as it is known', async () => {
    const gate = barrier()
    const { cache, text, url } = await setupFetch({
      ...small,
      answer: async (response, _request, number) => {
        response.write(large)
        if (number === 1) await gate.pass()
        response.end()
      },
    })
    const first = await cache.fetch(url, tagged)
    expect(await text(url, tagged)).toBe(large.toString())
    gate.open()
    expect(await first.text()).toBe(large.toString())
  })

  it('is stored again once it is small', async () => {
    const { cache, text, url, origin } = await setupFetch({
      ...small,
      answer: (response, _request, number) => response.end(number < 3 ? large : 'small'),
    })
    for (let count = 0; count < 2; count++) expect(await text(url, tagged)).toBe(large.toString())
    expect([await text(url, tagged), await text(url, tagged)]).toEqual(['small', 'small'])
    expect(origin.count).toBe(3)
    // … and waited for again.
    await cache.updateTag('t')
    await Promise.all([text(url, tagged), text(url, tagged)])
    expect(origin.count).toBe(4)
  })

  it('is read as fast as its caller reads it, and no more of it is kept', async () => {
    let sent = 0
    const { cache, url } = await setupFetch({
      ...small,
      answer: async (response) => {
        sent = await flood(response, 100)
      },
    })
    const response = await cache.fetch(url, tagged)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const before = process.memoryUsage()
    await ticks(200)
    expect(sent).toBe(0)
    const after = process.memoryUsage()
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(
      30_000_000,
    )
    let bytes = 0
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      bytes += value.byteLength
    }
    expect(bytes).toBe(100_000_000)
  })

  it('is let go when its caller cancels it', async () => {
    const closed = deferred()
    const { cache, url } = await setupFetch({
      ...small,
      answer: async (response) => {
        response.once('close', closed.resolve)
        await flood(response, 100)
      },
    })
    const response = await cache.fetch(url, tagged)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (let bytes = 0; bytes < 200_000; ) bytes += (await reader.read()).value?.byteLength ?? 0
    await reader.cancel()
    await closed.promise
  })

  it('is let go when its caller had cancelled it before', async () => {
    const closed = deferred()
    const gate = barrier()
    const { cache, url } = await setupFetch({
      ...small,
      answer: async (response) => {
        response.once('close', closed.resolve)
        response.write('a little')
        await gate.pass()
        await flood(response, 100)
      },
    })
    await (await cache.fetch(url, tagged)).body?.cancel()
    gate.open()
    await closed.promise
  })

  it('is let go where it came behind a stale one', async () => {
    const closed = deferred()
    const { text, url, clock, settled, origin } = await setupFetch(small)
    await text(url, minute)
    clock.advance(60_000)
    origin.answer = async (response) => {
      response.once('close', closed.resolve)
      await flood(response, 100)
    }
    await text(url, minute)
    await settled()
    await closed.promise
  })

  it('removes what was stored', async () => {
    const { text, url, clock, settled, events } = await setupFetch({
      ...small,
      answer: (response, _request, number) => response.end(number === 1 ? 'small' : large),
    })
    await text(url, minute)
    clock.advance(60_000)
    expect(await text(url, minute)).toBe('small')
    await settled()
    expect(events.at(-1)).toMatchObject({ kind: 'refused', reason: 'too-large' })
    expect(await text(url, minute)).toBe(large.toString())
  })

  it('is not stored with its headers either', async () => {
    const { text, url, origin } = await setupFetch({
      ...small,
      answer: (response) => response.setHeader('X-Long', 'x'.repeat(5_000)).end(large.subarray(0, 48_000)),
    })
    await text(url, tagged)
    await text(url, tagged)
    expect(origin.count).toBe(2)
  })
})

it.each<[string, object, Record<string, string>]>([
  ['beyond the cap', tagged.next, {}],
  ['that may not be stored', { tags: ['t'], upstreamLife: true }, { 'Cache-Control': 'no-store' }],
])('a reply %s that is dropped unread lets its connection go', async (_what, next, headers) => {
  const closed = deferred()
  const { cache, url } = await setupFetch({
    ...small,
    answer: async (response) => {
      response.once('close', closed.resolve)
      response.writeHead(200, headers)
      await flood(response, 100)
    },
  })
  const forget = async () => void (await cache.fetch(url, { next }))
  await forget()
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  while (await isPending(closed.promise)) collectGarbage()
})

it('a reply that is dropped after a part of it was read is stored all the same', async () => {
  const gate = barrier()
  const { cache, text, url } = await setupFetch({
    answer: async (response) => {
      response.write('first ')
      await gate.pass()
      response.end('second')
    },
  })
  const forget = async () => {
    const response = await cache.fetch(url, tagged)
    for await (const _chunk of response.body as unknown as AsyncIterable<Uint8Array>) break
  }
  await forget()
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  for (let round = 0; round < 5; round++) {
    collectGarbage()
    await ticks(2)
  }
  gate.open()
  expect(await text(url, tagged)).toBe('first second')
})

describe('a reply that breaks off', () => {
  const answer: Answer = (response, _request, number) => {
    if (number > 1) response.end('whole')
    else response.write('first ', () => response.destroy())
  }

  it('fails for whoever reads it, and is not stored', async () => {
    const { cache, text, url } = await setupFetch({ answer })
    const response = await cache.fetch(url, tagged)
    await expect(response.text()).rejects.toThrow(TypeError)
    expect(await text(url, tagged)).toBe('whole')
  })

  it('fails for those who wait', async () => {
    const { cache, url, text } = await setupFetch({ answer })
    const [first, follower] = await Promise.allSettled([cache.fetch(url, tagged), cache.fetch(url, tagged)])
    expect(follower).toMatchObject({ status: 'rejected', reason: expect.any(TypeError) })
    await expect((first as PromiseFulfilledResult<Response>).value.text()).rejects.toThrow(TypeError)
    expect(await text(url, tagged)).toBe('whole')
  })

  it('troubles nobody who does not read it', async () => {
    const { cache, url, text, events } = await setupFetch({ answer })
    await cache.fetch(url, tagged)
    await text(`${url}other`, tagged)
    await ticks()
    expect(events.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
    expect(await text(url, tagged)).toBe('whole')
  })

  it('is one that is shorter than it says', async () => {
    const { text, url, events } = await setupFetch({
      answer: (response) => {
        response.writeHead(200, { 'Content-Length': '10' })
        response.write('short', () => response.destroy())
      },
    })
    await expect(text(url, tagged)).rejects.toThrow(TypeError)
    expect(events.map(({ kind }) => kind)).toEqual(['miss'])
  })

  it('is one whose coding is broken', async () => {
    const { text, url, kinds } = await setupFetch({
      answer: (response) => {
        const packed = gzipSync(large)
        response.setHeader('Content-Encoding', 'gzip').end(packed.fill(255, 20))
      },
    })
    await expect(text(url, tagged)).rejects.toThrow(TypeError)
    expect(kinds()).toEqual(['miss'])
  })

  it('is broken beyond the cap too', async () => {
    const { text, url } = await setupFetch({
      ...small,
      answer: (response) => {
        response.write(large, () => response.destroy())
      },
    })
    await expect(text(url, tagged)).rejects.toThrow(TypeError)
  })
})

describe('an endless reply', () => {
  it('passes, and nobody waits for its end', async () => {
    const open: ServerResponse[] = []
    const { cache, url, origin } = await setupFetch({
      answer: (response) => {
        open.push(response)
        response.setHeader('Content-Type', 'text/event-stream; charset=utf-8').write('data: 1\n\n')
      },
    })
    const responses = await Promise.all([cache.fetch(url, tagged), cache.fetch(url, tagged)])
    expect(origin.count).toBe(2)
    for (const response of responses) expect(await read(response)()).toBe('data: 1\n\n')
    const closed = Promise.all(open.map((response) => once(response, 'close')))
    for (const response of responses) expect(response.body?.locked).toBe(true)
    for (const response of open) response.end()
    await closed
  })

  it('ends upstream when its caller cancels it', async () => {
    const closed = deferred()
    const { cache, url } = await setupFetch({
      answer: (response) => {
        response.once('close', closed.resolve)
        response.setHeader('Content-Type', 'text/event-stream').write('data: 1\n\n')
      },
    })
    await (await cache.fetch(url, tagged)).body?.cancel()
    await closed.promise
  })
})
