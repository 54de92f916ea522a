import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { barrier, deferred, isPending } from '../cache/support.ts'
import { minute, setupFetch, tagged, ticks } from './support.ts'

const reason = new Error('The caller has left')

/** An origin whose replies wait, before their head or in the middle of their body, and that sees who leaves. */
async function setupGate(where: 'head' | 'body', options: Parameters<typeof setupFetch>[0] = {}) {
  const gate = barrier()
  const closed = deferred()
  const context = await setupFetch({
    ...options,
    answer: async (response, _request, number) => {
      response.once('close', () => response.writableFinished || closed.resolve())
      if (where === 'body') response.write('reply ')
      else if (number === 1) await gate.pass()
      if (where === 'body' && number === 1) await gate.pass()
      response.end(where === 'body' ? `${number}` : `reply ${number}`)
    },
  })
  return { ...context, gate, closed: closed.promise }
}

describe('a signal that has aborted before', () => {
  it('rejects with its reason, and asks nothing', async () => {
    const { cache, url, origin, text } = await setupFetch()
    const signal = AbortSignal.abort(reason)
    await expect(cache.fetch(url, { ...tagged, signal })).rejects.toBe(reason)
    await expect(cache.fetch(new Request(url, { signal }), tagged)).rejects.toBe(reason)
    expect(origin.count).toBe(0)
    await text(url, tagged)
    // On a hit too, as for fetch.
    await expect(cache.fetch(url, { ...tagged, signal })).rejects.toBe(reason)
    await expect(cache.fetch(url, { ...tagged, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
  })

  it('keeps what is made of that out of the cache', async () => {
    const { cache, url } = await setupFetch()
    let runs = 0
    const outer = cache.cached(
      async () => {
        runs++
        return cache.fetch(url, { ...tagged, signal: AbortSignal.abort() }).catch(() => 'nothing')
      },
      { key: 'outer' },
    )
    await outer()
    await outer()
    expect(runs).toBe(2)
  })

  it('does not count where the call takes it away', async () => {
    const { text, url } = await setupFetch()
    const request = new Request(url, { signal: AbortSignal.abort() })
    expect(await text(request, { ...tagged, signal: null })).toBe('reply 1')
    expect(await text(new Request(url, { signal: AbortSignal.abort() }), { signal: null })).toBe('reply 2')
  })
})

describe('a caller that leaves before the head', () => {
  it('ends the exchange if it was alone, and those who come later start another', async () => {
    const { cache, text, url, gate, closed } = await setupGate('head')
    const controller = new AbortController()
    const reply = cache.fetch(url, { ...tagged, signal: controller.signal })
    await gate.reachedBy(1)
    controller.abort(reason)
    const later = text(url, tagged)
    await expect(reply).rejects.toBe(reason)
    await closed
    expect(await later).toBe('reply 2')
    expect(await text(url, tagged)).toBe('reply 2')
  })

  it('leaves the exchange to those who wait', async () => {
    const { cache, text, url, gate, origin } = await setupGate('head')
    const controller = new AbortController()
    const reply = cache.fetch(url, { ...tagged, signal: controller.signal })
    await gate.reachedBy(1)
    const follower = text(url, tagged)
    await ticks()
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    gate.open()
    expect(await follower).toBe('reply 1')
    expect(await text(url, tagged)).toBe('reply 1')
    expect(origin.count).toBe(1)
  })

  it.each([
    ['first', [0, 1]],
    ['last', [1, 0]],
  ])('ends the exchange when the others have left as well: it leaves %s', async (_what, order) => {
    const { cache, text, url, gate, closed } = await setupGate('head')
    const controllers = [new AbortController(), new AbortController()]
    const replies: Promise<Response>[] = []
    for (const { signal } of controllers) {
      replies.push(cache.fetch(url, { ...tagged, signal }))
      await gate.reachedBy(1)
      await ticks()
    }
    const settledReplies = Promise.allSettled(replies)
    controllers[order[0] as number]?.abort(reason)
    await ticks()
    expect(await isPending(closed)).toBe(true)
    controllers[order[1] as number]?.abort(reason)
    await closed
    expect(await settledReplies).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
    expect(await text(url, tagged)).toBe('reply 2')
  })

  it('is forgotten at once, whatever upstream does with the signal', async () => {
    let asked = 0
    const upstream = async () => {
      if (++asked === 1) await new Promise(() => {})
      return new Response(`reply ${asked}`)
    }
    const { cache, text, url } = await setupFetch({ fetch: { fetch: upstream } })
    const controller = new AbortController()
    const reply = cache.fetch(url, { ...tagged, signal: controller.signal })
    await ticks()
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    expect(await text(url, tagged)).toBe('reply 2')
  })

  it.each([
    ['a reply', () => new Response('late')],
    ['a reply without a body', () => new Response()],
  ])('does not come back with %s that comes all the same', async (_what, late) => {
    const gate = barrier()
    let asked = 0
    const upstream = async () => {
      if (++asked > 1) return new Response('in time')
      await gate.pass()
      return late()
    }
    const { cache, text, url, kinds } = await setupFetch({ fetch: { fetch: upstream } })
    const controller = new AbortController()
    const reply = cache.fetch(url, { ...tagged, signal: controller.signal })
    await gate.reachedBy(1)
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    gate.open()
    await ticks()
    expect(kinds()).toEqual(['miss'])
    expect(await text(url, tagged)).toBe('in time')
  })

  it('lets go of a reply beyond the cap that those who waited cannot share', async () => {
    const gate = barrier()
    const closed = deferred()
    const { cache, text, url } = await setupFetch({
      memory: { maxEntryBytes: 10_000 },
      answer: async (response, _request, number) => {
        if (number === 1) {
          await gate.pass()
          response.once('close', closed.resolve)
          response.write(Buffer.alloc(20_000))
        } else response.end('small')
      },
    })
    const controller = new AbortController()
    const reply = cache.fetch(url, { ...tagged, signal: controller.signal })
    await gate.reachedBy(1)
    const follower = text(url, tagged)
    await ticks()
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    gate.open()
    expect(await follower).toBe('small')
    await closed.promise
  })

  it('lets go of a reply that nobody may share', async () => {
    const gate = barrier()
    const closed = deferred()
    const { cache, text, url } = await setupFetch({
      answer: async (response, _request, number) => {
        if (number === 1) {
          await gate.pass()
          response.once('close', closed.resolve)
          response.setHeader('Cache-Control', 'private').write('mine')
        } else response.end('small')
      },
    })
    const init = { next: { ...tagged.next, upstreamLife: true } }
    const controller = new AbortController()
    const reply = cache.fetch(url, { ...init, signal: controller.signal })
    await gate.reachedBy(1)
    const follower = text(url, init)
    await ticks()
    controller.abort(reason)
    await expect(reply).rejects.toBe(reason)
    gate.open()
    expect(await follower).toBe('small')
    await closed.promise
  })
})

describe('a caller that leaves during the body', () => {
  it('gets its reason, and the exchange ends if it was alone', async () => {
    const { cache, text, url, closed } = await setupGate('body')
    const controller = new AbortController()
    const response = await cache.fetch(url, { ...tagged, signal: controller.signal })
    const body = response.text()
    await ticks()
    controller.abort(reason)
    await expect(body).rejects.toBe(reason)
    await closed
    expect(await text(url, tagged)).toBe('reply 2')
  })

  it('does not come back with a body that comes all the same', async () => {
    const gate = barrier()
    const upstream = async () => {
      const pull = async (controller: ReadableStreamDefaultController) => {
        await gate.pass()
        controller.enqueue(new TextEncoder().encode('late'))
        controller.close()
      }
      return new Response(new ReadableStream({ pull }))
    }
    const { cache, url, kinds } = await setupFetch({ fetch: { fetch: upstream } })
    const controller = new AbortController()
    const response = await cache.fetch(url, { ...tagged, signal: controller.signal })
    controller.abort(reason)
    gate.open()
    await expect(response.text()).rejects.toBe(reason)
    await ticks()
    expect(kinds()).toEqual(['miss'])
  })

  it('leaves the exchange to those who wait', async () => {
    const { cache, text, url, gate, origin } = await setupGate('body')
    const controller = new AbortController()
    const response = await cache.fetch(url, { ...tagged, signal: controller.signal })
    const follower = text(url, tagged)
    await ticks()
    controller.abort(reason)
    await expect(response.text()).rejects.toBe(reason)
    gate.open()
    expect(await follower).toBe('reply 1')
    expect(await text(url, tagged)).toBe('reply 1')
    expect(origin.count).toBe(1)
  })

  it('ends the exchange once it has taken too long for those who waited', async () => {
    const { cache, text, url, clock, closed } = await setupGate('body')
    const controller = new AbortController()
    const response = await cache.fetch(url, { ...tagged, signal: controller.signal })
    const follower = text(url, tagged)
    await ticks()
    controller.abort(reason)
    await expect(response.text()).rejects.toBe(reason)
    clock.advance(30_000)
    expect(await follower).toBe('reply 2')
    await closed
  })

  it.each([
    ['that may not be stored', { upstreamLife: true }],
    ['beyond the cap', {}],
  ])('gets its reason for a reply %s too, whose exchange ends', async (_what, options) => {
    const closed = deferred()
    const { cache, url } = await setupFetch({
      memory: { maxEntryBytes: 10_000 },
      answer: (response) => {
        response.once('close', closed.resolve)
        response.setHeader('Cache-Control', 'no-store').write(Buffer.alloc(20_000))
      },
    })
    const { signal, ...controller } = abortController()
    const response = await cache.fetch(url, { next: { tags: ['t'], ...options }, signal })
    const body = response.arrayBuffer()
    await ticks()
    controller.abort()
    await expect(body).rejects.toBe(reason)
    await closed.promise
  })

  it('changes nothing once the body is there', async () => {
    const { cache, text, url } = await setupFetch()
    const controller = new AbortController()
    const response = await cache.fetch(url, { ...tagged, signal: controller.signal })
    const clone = response.clone()
    await response.text()
    controller.abort(reason)
    expect(await clone.text()).toBe('reply 1')
    expect(await text(url, tagged)).toBe('reply 1')
  })
})

describe('who only waits', () => {
  it('leaves without harm to the others', async () => {
    const { cache, text, url, gate, origin } = await setupGate('head')
    const first = text(url, tagged)
    await gate.reachedBy(1)
    const controller = new AbortController()
    const follower = cache.fetch(url, { ...tagged, signal: controller.signal })
    await ticks()
    controller.abort(reason)
    await expect(follower).rejects.toBe(reason)
    gate.open()
    expect(await first).toBe('reply 1')
    expect(origin.count).toBe(1)
  })

  it('leaves in time', async () => {
    const { cache, text, url, gate } = await setupGate('head')
    const first = text(url, tagged)
    await gate.reachedBy(1)
    const follower = cache.fetch(url, { ...tagged, signal: AbortSignal.timeout(1) })
    await expect(follower).rejects.toMatchObject({ name: 'TimeoutError' })
    gate.open()
    expect(await first).toBe('reply 1')
  })

  it('is not kept by a signal in a Request', async () => {
    const { cache, text, url, gate } = await setupGate('head')
    const first = text(url, tagged)
    await gate.reachedBy(1)
    const controller = new AbortController()
    const follower = cache.fetch(new Request(url, { signal: controller.signal }), tagged)
    await ticks()
    controller.abort(reason)
    await expect(follower).rejects.toBe(reason)
    gate.open()
    await first
  })
})

it('a body that never ends does not keep a caller that leaves', async () => {
  const { cache, url, origin } = await setupFetch()
  const body = new ReadableStream()
  const controller = new AbortController()
  const init = { ...minute, method: 'POST', body, duplex: 'half', signal: controller.signal } as RequestInit
  const reply = cache.fetch(url, init as Parameters<typeof cache.fetch>[1])
  await ticks()
  controller.abort(reason)
  await expect(reply).rejects.toBe(reason)
  expect(origin.count).toBe(0)
})

it('a request that is too long to be cached is aborted as by fetch', async () => {
  const { cache, url, gate, closed } = await setupGate('head', { memory: { maxEntryBytes: 10 } })
  const controller = new AbortController()
  const init = { ...minute, method: 'POST', body: 'x'.repeat(11), signal: controller.signal }
  const reply = cache.fetch(url, init)
  await gate.reachedBy(1)
  controller.abort(reason)
  await expect(reply).rejects.toBe(reason)
  await closed
})

it('a refill goes on when the caller that started it leaves', async () => {
  const gate = barrier()
  const { cache, text, url, origin, clock, settled } = await setupFetch()
  await text(url, minute)
  clock.advance(60_000)
  origin.answer = async (response) => {
    await gate.pass()
    response.end('new')
  }
  const controller = new AbortController()
  await (await cache.fetch(url, { ...minute, signal: controller.signal })).text()
  await gate.reachedBy(1)
  controller.abort(reason)
  gate.open()
  await settled()
  expect(await text(url, minute)).toBe('new')
})

it('a signal that lives long gathers no listeners', async () => {
  const { cache, url, origin } = await setupFetch({
    memory: { maxEntryBytes: 10_000 },
    answer: (response, { url }) => {
      if (url.endsWith('large')) response.end(Buffer.alloc(20_000))
      else if (url.endsWith('broken')) response.destroy()
      else response.setHeader('Cache-Control', 'no-store').end('small')
    },
  })
  const { signal } = new AbortController()
  const init = { ...minute, signal }
  const noStore = { next: { tags: ['t'], upstreamLife: true }, signal }
  for (let count = 0; count < 5; count++) {
    const replies = await Promise.allSettled([
      cache.fetch(url, init),
      cache.fetch(url, init),
      cache.fetch(`${url}${count}`, init),
      cache.fetch(`${url}large`, init),
      cache.fetch(`${url}broken`, init),
      cache.fetch(`${url}no-store`, noStore),
      cache.fetch(`${url}post`, { ...init, method: 'POST', body: 'b' }),
      cache.fetch(new Request(`${url}request`), init),
    ])
    for (const reply of replies) if (reply.status === 'fulfilled') await reply.value.arrayBuffer()
  }
  await ticks()
  expect(origin.count).toBeGreaterThan(15)
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

function abortController() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort(reason) }
}
