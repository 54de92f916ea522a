import { createCache } from '@restale/core'
import { fakeClock } from '@restale/core/testing'
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { responseCache as honoCache } from '../src/hono.ts'
import { responseCache } from '../src/index.ts'

const life = { revalidate: 60, expire: 300 }
const page = () => new Response(new TextEncoder().encode('a page'))

/** Each way to come at the bytes of a response. */
const ways: [title: string, bytes: (response: Response) => Promise<Uint8Array>][] = [
  ['the whole', async (response) => new Uint8Array(await response.arrayBuffer())],
  ['a chunk', async (response) => (await response.body?.getReader().read())?.value as Uint8Array],
  [
    'a chunk of a clone',
    async (response) => (await response.clone().body?.getReader().read())?.value as never,
  ],
]

describe.each(ways)('who holds %s cannot change what is stored', (_title, bytesOf) => {
  test('outside of a handler', async () => {
    const handler = responseCache(createCache({ clock: fakeClock() }), page, { life })
    const ask = async () => (await handler(new Request('http://a.test/'))) as Response
    for (let run = 1; run <= 3; run++) (await bytesOf(await ask())).fill(46)
    expect(await (await ask()).text()).toBe('a page')
  })

  test('in middleware of Hono', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      if (c.req.header('x-blank') !== undefined) (await bytesOf(c.res.clone())).fill(46)
    })
    app.use(honoCache(createCache({ clock: fakeClock() }), { life }))
    app.get('/', page)
    for (let run = 1; run <= 3; run++) await app.request('/', { headers: { 'x-blank': '1' } })
    const response = await app.request('/')
    expect(response.headers.get('cache-status')).toMatch(/hit/)
    expect(await response.text()).toBe('a page')
  })
})
