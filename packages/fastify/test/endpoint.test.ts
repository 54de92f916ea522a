import { describe, expect, test } from 'vitest'
import { revalidateEndpoint } from '../src/index.ts'
import { ask, cachedApp, counter, expectCached, get, plainApp, setup } from './support.ts'

const secret = 'a secret that is long enough'
const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }

test.each([
  ['at its prefix', { prefix: '/hooks/cache' }, '/hooks/cache'],
  ['without one', {}, '/api/revalidate'],
  ['at a path', { path: '/mine' }, '/mine'],
])('it listens %s, with a slash and without', async (_where, where, base) => {
  const { app, cache } = await cachedApp()
  await app.register(revalidateEndpoint, { cache, secret, ...where })
  app.get('/', { config: { cache: { tags: ['a'] } } }, counter().handler)
  await expectCached(app, '/')
  for (const below of ['', '/', '?x=1', '/webhook', '/webhook/']) {
    const body = below.includes('webhook') ? { tags: ['a'] } : { tag: 'a', expire: 0 }
    const answer = await ask(app, {
      method: 'POST',
      url: base + below,
      headers,
      payload: JSON.stringify(body),
    })
    expect(answer).toMatchObject({ status: 200, cacheStatus: 'undefined' })
    expect((await get(app, '/')).cacheStatus).toContain('fwd=stale')
  }
  expect((await get(app, `${base}/other`)).status).toBe(404)
})

test('in an instance with a prefix, it is at that prefix', async () => {
  const { cache } = setup()
  const app = plainApp()
  await app.register(async (inner) => void (await inner.register(revalidateEndpoint, { cache, secret })), {
    prefix: '/inner',
  })
  expect((await ask(app, { method: 'OPTIONS', url: '/inner' })).header('allow')).toContain('POST')
})

test.each([{ ignoreTrailingSlash: true }, { ignoreDuplicateSlashes: true }])(
  'a router that says %j has no quarrel with it',
  async (routerOptions) => {
    const { cache } = setup()
    const app = plainApp({ routerOptions })
    await app.register(revalidateEndpoint, { cache, secret, prefix: '/api/revalidate' })
    expect((await ask(app, { method: 'DELETE', url: '/api/revalidate/' })).status).toBe(405)
  },
)

describe('bodies', () => {
  test('its parser is its own: the application goes on parsing', async () => {
    const { cache } = setup()
    const app = plainApp()
    await app.register(revalidateEndpoint, { cache, secret })
    app.post('/', async (request) => request.body)
    const answer = await ask(app, { method: 'POST', url: '/', payload: { a: 1 } })
    expect(answer.text).toBe('{"a":1}')
    const other = await ask(app, {
      method: 'POST',
      url: '/api/revalidate',
      headers: { ...headers, 'content-type': 'text/plain' },
      payload: 'a',
    })
    expect(other.status).toBe(415)
  })

  test('a webhook gets the bytes that were sent', async () => {
    const { cache } = setup()
    const app = plainApp()
    const seen: string[] = []
    await app.register(revalidateEndpoint, {
      cache,
      secret,
      webhook: {
        verify: ({ rawBody }) => seen.push(Buffer.from(rawBody).toString()),
        tags: () => [],
      },
    })
    const payload = '{ "a" :  1 }'
    await ask(app, { method: 'POST', url: '/api/revalidate/webhook', headers, payload })
    expect(seen).toEqual([payload])
  })

  test('a secret is needed', async () => {
    const { cache } = setup()
    const app = plainApp()
    const registered = async () => app.register(revalidateEndpoint, { cache, secret: undefined })
    await expect(registered()).rejects.toMatchObject({ code: 'ERR_RESTALE_MISSING_SECRET' })
  })
})
