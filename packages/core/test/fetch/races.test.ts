import { describe, expect, it } from 'vitest'
import { barrier } from '../cache/support.ts'
import type { Answer } from './support.ts'
import { minute, setupFetch, ticks } from './support.ts'

/** A source that is read when the request comes; its head and the end of its body wait for the test. */
async function setupSource(options: { etag?: boolean; tag?: boolean } = {}) {
  const gates = { head: barrier(), body: barrier() }
  const source = { version: 1 }
  const answer: Answer = async (response, { headers }) => {
    const { version } = source
    await gates.head.pass()
    if (options.tag) response.setHeader('Cache-Tag', 'named')
    if (options.etag) response.setHeader('ETag', `"${version}"`)
    if (headers['if-none-match'] === `"${version}"`) response.writeHead(304).end()
    else {
      response.write('version ')
      await gates.body.pass()
      response.end(String(version))
    }
  }
  const context = await setupFetch({ answer })
  const next = options.tag ? { revalidate: 60, upstreamTags: true } : minute.next
  return {
    ...context,
    gates,
    read: () => context.text(context.url, { next }),
    write: async (how: 'hard' | 'soft' = 'hard') => {
      source.version++
      const tag = options.tag ? 'named' : 't'
      if (how === 'hard') await context.cache.updateTag(tag)
      else await context.cache.revalidateTag(tag, 'max')
    },
    open: () => {
      gates.head.open()
      gates.body.open()
    },
  }
}

describe.each([
  ['a tag of the call', {}],
  ['a tag that only the reply names', { tag: true }],
])('who comes after an invalidation of %s never gets what was read before it', (_what, options) => {
  it('if it comes between the request and the head', async () => {
    const { read, write, gates, open, origin } = await setupSource(options)
    const first = read()
    await gates.head.reachedBy(1)
    await write()
    const later = [read(), read()]
    await ticks()
    open()
    expect(await first).toBe('version 1')
    expect(await Promise.all(later)).toEqual(['version 2', 'version 2'])
    expect(await read()).toBe('version 2')
    expect(origin.count).toBe(2)
  })

  it('if it comes between the head and the end of the body', async () => {
    const { cache, url, read, write, gates, open, origin } = await setupSource(options)
    gates.head.open()
    const next = 'tag' in options ? { revalidate: 60, upstreamTags: true } : minute.next
    const first = await cache.fetch(url, { next })
    await gates.body.reachedBy(1)
    await write()
    const later = [read(), read()]
    await ticks()
    open()
    expect(await first.text()).toBe('version 1')
    expect(await Promise.all(later)).toEqual(['version 2', 'version 2'])
    expect(await read()).toBe('version 2')
    expect(origin.count).toBe(2)
  })

  it('if it comes after it was stored', async () => {
    const { read, write, open } = await setupSource(options)
    open()
    expect(await read()).toBe('version 1')
    await write()
    expect(await read()).toBe('version 2')
  })

  it('if it comes while others wait, who get what they waited for', async () => {
    const { read, write, gates, open } = await setupSource(options)
    const before = [read(), read()]
    await gates.head.reachedBy(1)
    await ticks()
    await write()
    const after = read()
    await ticks()
    open()
    expect(await Promise.all(before)).toEqual(['version 1', 'version 1'])
    expect(await after).toBe('version 2')
  })

  it('if the older exchange ends after the newer one', async () => {
    const { read, write, gates } = await setupSource(options)
    gates.body.open()
    const first = read()
    await gates.head.reachedBy(1)
    await write()
    const later = read()
    await ticks()
    if (!('tag' in options)) {
      await gates.head.reachedBy(2)
      // The later one first: nothing says in which order replies come.
      gates.head.release()
    }
    gates.head.open()
    expect(await later).toBe('version 2')
    expect(await first).toBe('version 1')
    expect(await read()).toBe('version 2')
  })

  it('if it comes while a stale reply is refilled', async () => {
    const { read, write, gates, open, clock, settled } = await setupSource({ ...options, etag: true })
    open()
    await read()
    clock.advance(60_000)
    const gate = barrier()
    gates.head.pass = () => gate.pass()
    expect(await read()).toBe('version 1')
    await gate.reachedBy(1)
    await write()
    const after = read()
    await ticks()
    gate.open()
    expect(await after).toBe('version 2')
    await settled()
    expect(await read()).toBe('version 2')
  })
})

it('who comes after a soft invalidation may join what was read before it', async () => {
  const { read, write, gates, open, settled } = await setupSource()
  const first = read()
  await gates.head.reachedBy(1)
  await write('soft')
  const later = read()
  await ticks()
  open()
  expect(await first).toBe('version 1')
  expect(await later).toBe('version 1')
  // … but it is stored as stale.
  expect(await read()).toBe('version 1')
  await settled()
  expect(await read()).toBe('version 2')
})

it('what needs it fresh may not', async () => {
  const { cache, read, write, gates, open } = await setupSource()
  const first = read()
  await gates.head.reachedBy(1)
  await write('soft')
  const outer = cache.cached(read, { key: 'outer' })()
  await ticks()
  open()
  expect(await first).toBe('version 1')
  expect(await outer).toBe('version 2')
})

it('many invalidations and calls at once: everybody gets what is at least as new as their call', async () => {
  const { read, write, gates, open, origin } = await setupSource()
  const calls: { least: number; reply: Promise<string> }[] = []
  for (let version = 1; version <= 20; version++) {
    for (let count = 0; count < 5; count++) calls.push({ least: version, reply: read() })
    await ticks(2)
    if (version % 3 === 0) gates.head.release()
    if (version % 4 === 0) gates.body.release()
    await write()
  }
  open()
  for (const { least, reply } of calls) {
    const version = Number((await reply).split(' ')[1])
    expect(version).toBeGreaterThanOrEqual(least)
  }
  expect(origin.count).toBeLessThan(42)
})
