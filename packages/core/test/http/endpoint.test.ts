import { describe, expect, it, test } from 'vitest'
import type { CacheErrorCode } from '../../src/cache/errors.ts'
import { CacheError } from '../../src/cache/errors.ts'
import type {
  EndpointCache,
  EndpointOptions,
  EndpointRequest,
  EndpointResponse,
  WebhookRequest,
} from '../../src/http/endpoint.ts'
import { createEndpoint } from '../../src/http/endpoint.ts'
import { headerValue } from '../../src/http/headers.ts'

type Invalidation = Parameters<EndpointCache['invalidate']>[0]
type Call = Partial<EndpointRequest> & { readonly json?: unknown; readonly bytes?: string | Uint8Array }

const secret = 'correct horse battery staple'
const bearer = ['Authorization', `Bearer ${secret}`]
const jsonType = ['Content-Type', 'application/json']
const now = 1_700_000_000_000

/** A cache that only writes down what it is asked for. */
class FakeCache implements EndpointCache {
  readonly invalidations: Invalidation[] = []
  reach: 'everywhere' | 'here' = 'everywhere'
  error: Error | undefined

  now(): number {
    return now + 0.25
  }

  async invalidate(asked: Invalidation): Promise<{ reach: 'everywhere' | 'here' }> {
    if (this.error !== undefined) throw this.error
    this.invalidations.push(asked)
    return { reach: this.reach }
  }
}

function mount(options: Partial<EndpointOptions> = {}) {
  const cache = new FakeCache()
  const endpoint = createEndpoint(cache, { secret, ...options })
  const reads: number[] = []

  function call({ json, bytes, ...request }: Call): Promise<EndpointResponse> {
    const text = bytes ?? JSON.stringify(json)
    const body = typeof text === 'string' ? new TextEncoder().encode(text) : text
    return endpoint({
      method: json === undefined && bytes === undefined ? 'GET' : 'POST',
      path: '',
      query: '',
      headers: [...bearer, ...jsonType],
      async readBody(limit) {
        reads.push(limit)
        if (body === undefined) throw new Error('there is no body')
        return body.byteLength > limit ? 'too-large' : body
      },
      ...request,
    })
  }

  return { cache, call, reads }
}

function soft(
  tags: readonly string[],
  paths: Invalidation['paths'] = [],
  profile: unknown = 'max',
): Invalidation {
  return { tags, paths, profile }
}

describe('GET', () => {
  it('marks the tag with the profile max, and answers as in Next.js', async () => {
    const { cache, call } = mount()
    const response = await call({ query: 'tag=posts' })
    expect(response.status).toBe(200)
    expect(response.body).toBe(`{"revalidated":true,"now":${now}}`)
    expect(cache.invalidations).toEqual([soft(['posts'])])
  })

  it('says so when there is no tag, with 200 as in Next.js', async () => {
    const { cache, call } = mount()
    for (const query of ['', 'profile=max']) {
      const response = await call({ query })
      expect(response.status).toBe(200)
      expect(response.body).toBe(`{"revalidated":false,"now":${now},"message":"Missing tag to revalidate"}`)
    }
    expect(cache.invalidations).toEqual([])
  })

  test.each<[query: string, asked: Invalidation]>([
    ['tag=a&tag=b', soft(['a', 'b'])],
    ['tag=a%2Cb&tag=%C3%A9+%26', soft(['a,b', 'é &'])],
    ['tag=posts&profile=hours', soft(['posts'], [], 'hours')],
    ['tag=posts&expire=0', soft(['posts'], [], { expire: 0 })],
    ['tag=posts&expire=1.5', soft(['posts'], [], { expire: 1.5 })],
    ['path=/blog', soft([], [{ path: '/blog' }])],
    [
      'path=/a&path=/b&type=layout',
      soft(
        [],
        [
          { path: '/a', type: 'layout' },
          { path: '/b', type: 'layout' },
        ],
      ),
    ],
    ['tag=a&path=/blog/:slug&type=page', soft(['a'], [{ path: '/blog/:slug', type: 'page' }])],
    ['tag=', soft([''])],
    ['tag=__proto__&profile=toString', soft(['__proto__'], [], 'toString')],
  ])('of %s is one invalidation', async (query, asked) => {
    const { cache, call } = mount()
    expect((await call({ query })).status).toBe(200)
    expect(cache.invalidations).toEqual([asked])
  })

  test.each<[query: string, field: string]>([
    ['tag=a&profile=max&expire=1', 'expire'],
    ['tag=a&expire=', 'expire'],
    ['tag=a&expire=-1', 'expire'],
    ['tag=a&expire=1e3', 'expire'],
    ['tag=a&expire=Infinity', 'expire'],
    ['tag=a&expire=1&expire=2', 'expire'],
    ['tag=a&profile=max&profile=max', 'profile'],
    ['path=/&type=route', 'type'],
    ['path=/&type=', 'type'],
    ['tag=a&type=page', 'type'],
    ['path=/&type=page&type=page', 'type'],
    ['tag=a&secret=x', 'secret'],
    ['tags=a', 'tags'],
    ['tag=a&__proto__=x', '__proto__'],
  ])('of %s is refused for its %s', async (query, field) => {
    const { cache, call } = mount()
    const response = await call({ query })
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body).message).toMatch(new RegExp(`^${field}: `))
    expect(cache.invalidations).toEqual([])
  })
})

describe('POST', () => {
  test.each<[json: unknown, asked: Invalidation]>([
    [{ tag: 'posts' }, soft(['posts'])],
    [{ tags: ['a', 'b'] }, soft(['a', 'b'])],
    [
      { tag: 'a', tags: ['b'], path: '/x', paths: ['/y'] },
      soft(['a', 'b'], [{ path: '/x' }, { path: '/y' }]),
    ],
    [{ path: '/blog', type: 'layout' }, soft([], [{ path: '/blog', type: 'layout' }])],
    [{ tag: 'posts', profile: 'days' }, soft(['posts'], [], 'days')],
    [{ tag: 'posts', expire: 0 }, soft(['posts'], [], { expire: 0 })],
    [{ tags: [], path: '/' }, soft([], [{ path: '/' }])],
  ])('of %j is one invalidation', async (json, asked) => {
    const { cache, call } = mount()
    const response = await call({ json })
    expect(response.body).toBe(`{"revalidated":true,"now":${now}}`)
    expect(cache.invalidations).toEqual([asked])
  })

  test.each<[body: string, field: string]>([
    ['{}', 'tag'],
    ['{"tags":[],"paths":[]}', 'tag'],
    ['', 'body'],
    ['{"tag":', 'body'],
    ['null', 'body'],
    ['"posts"', 'body'],
    ['[{"tag":"a"}]', 'body'],
    ['{"tag":1}', 'tag'],
    ['{"tag":null}', 'tag'],
    ['{"tag":["a"]}', 'tag'],
    ['{"tag":{"toString":"a"}}', 'tag'],
    ['{"tags":"a"}', 'tags'],
    ['{"tags":null}', 'tags'],
    ['{"tags":["a",1]}', 'tags'],
    ['{"tags":{"length":1,"0":"a"}}', 'tags'],
    ['{"path":7}', 'path'],
    ['{"paths":[["/"]]}', 'paths'],
    ['{"path":"/","type":"route"}', 'type'],
    ['{"path":"/","type":null}', 'type'],
    ['{"tag":"a","type":"page"}', 'type'],
    ['{"tag":"a","profile":{"expire":0}}', 'profile'],
    ['{"tag":"a","profile":null}', 'profile'],
    ['{"tag":"a","profile":"max","expire":0}', 'expire'],
    ['{"tag":"a","expire":"0"}', 'expire'],
    ['{"tag":"a","expire":-1}', 'expire'],
    ['{"tag":"a","expire":1e999}', 'expire'],
    ['{"tag":"a","expire":null}', 'expire'],
    ['{"tag":"a","Tag":"b"}', 'Tag'],
    ['{"tag":"a","secret":"x"}', 'secret'],
    ['{"tag":"a","__proto__":{"path":"/"}}', '__proto__'],
    ['{"tag":"a","constructor":1}', 'constructor'],
  ])('of %s is refused for its %s', async (bytes, field) => {
    const { cache, call } = mount()
    const response = await call({ bytes })
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toEqual({ revalidated: false, message: expect.any(String) })
    expect(JSON.parse(response.body).message).toMatch(new RegExp(`^${field}: `))
    expect(cache.invalidations).toEqual([])
  })

  it('refuses bytes that are not UTF-8', async () => {
    const { call } = mount()
    const bytes = Uint8Array.from([...new TextEncoder().encode('{"tag":"'), 0xe9, 0x22, 0x7d])
    expect((await call({ bytes })).status).toBe(400)
  })

  it('does not look at fields that an object inherits', async () => {
    const { cache, call } = mount()
    const parsedBody = Object.create({ tag: 'inherited' })
    expect((await call({ method: 'POST', parsedBody })).status).toBe(400)
    expect(cache.invalidations).toEqual([])
  })

  it('is 413 beyond 64 KiB', async () => {
    const { call, reads } = mount()
    const frame = JSON.stringify({ tag: '' }).length
    expect((await call({ json: { tag: 'x'.repeat(64 * 1024 - frame) } })).status).toBe(200)
    expect((await call({ json: { tag: 'x'.repeat(64 * 1024 - frame + 1) } })).status).toBe(413)
    expect(reads).toEqual([65_536, 65_536])
  })

  test.each([
    [[]],
    [['Content-Type', 'text/plain']],
    [['Content-Type', 'application/x-www-form-urlencoded']],
    [['Content-Type', 'application/json; charset=latin1']],
    [['Content-Type', 'application/json', 'Content-Type', 'text/plain']],
    [['Content-Type', 'application/json', 'Content-Encoding', 'gzip']],
  ])('is 415 with %j, unread', async (headers) => {
    const { call, reads } = mount()
    expect((await call({ json: { tag: 'a' }, headers: [...bearer, ...headers] })).status).toBe(415)
    expect(reads).toEqual([])
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"', 'application/ld+json'])(
    'takes %s',
    async (type) => {
      const { call } = mount()
      expect((await call({ json: { tag: 'a' }, headers: [...bearer, 'content-type', type] })).status).toBe(
        200,
      )
    },
  )

  it('takes what a body parser above has made of the body', async () => {
    const { cache, call, reads } = mount()
    expect((await call({ method: 'POST', parsedBody: { tag: 'posts' } })).status).toBe(200)
    const raw = new TextEncoder().encode('{"tag":"raw"}')
    expect((await call({ method: 'POST', parsedBody: raw })).status).toBe(200)
    expect(cache.invalidations).toEqual([soft(['posts']), soft(['raw'])])
    expect(reads).toEqual([])
  })
})

describe('what the cache refuses', () => {
  test.each<[code: CacheErrorCode, field: string]>([
    ['ERR_RESTALE_INVALID_TAG', 'tag'],
    ['ERR_RESTALE_UNKNOWN_PROFILE', 'profile'],
    ['ERR_RESTALE_INVALID_LIFE', 'expire'],
    ['ERR_RESTALE_INVALID_PATH', 'path'],
  ])('with %s is a 400 that names the %s', async (code, field) => {
    const { cache, call } = mount()
    cache.error = new CacheError(code, 'no')
    const response = await call({ json: { tag: 'a' } })
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toEqual({ revalidated: false, code, message: `${field}: no` })
  })

  it('for a reason that is not in the request rejects', async () => {
    const { cache, call } = mount()
    cache.error = new Error('the disk is full')
    await expect(call({ query: 'tag=a' })).rejects.toBe(cache.error)
  })

  it('is 503 when it holds on this node only', async () => {
    const { cache, call } = mount()
    cache.reach = 'here'
    const response = await call({ query: 'tag=a' })
    expect(response.status).toBe(503)
    expect(JSON.parse(response.body)).toEqual({
      revalidated: false,
      message: expect.stringContaining('on this node only'),
    })
    expect((await call({ path: '/webhook', json: { tag: 'a' } })).status).toBe(503)
  })
})

describe('authentication', () => {
  test.each([
    [[]],
    [['Authorization', `Bearer ${secret}x`]],
    [['Authorization', 'Bearer ']],
    [['Authorization', 'Bearer']],
    [['Authorization', secret]],
    [['Authorization', `Basic ${secret}`]],
    [['Authorization', `Bearer ${secret}`, 'authorization', `Bearer ${secret}`]],
    [['Cookie', `Authorization=Bearer ${secret}`]],
  ])('refuses %j', async (headers) => {
    const { cache, call, reads } = mount()
    const calls: Call[] = [
      { query: 'tag=a', headers },
      { query: 'nonsense', headers },
      { json: { tag: 'a' }, headers: [...headers, ...jsonType] },
      { bytes: 'nonsense', headers },
      { path: '/webhook', json: { tag: 'a' }, headers: [...headers, ...jsonType] },
    ]
    for (const request of calls) {
      const response = await call(request)
      expect(response.status).toBe(401)
      expect(JSON.parse(response.body).message).toBe('Unauthorized')
      expect(headerValue(response.headers, 'www-authenticate')).toBe('Bearer')
    }
    expect(cache.invalidations).toEqual([])
    expect(reads).toEqual([])
  })

  it('answers a missing and a wrong secret alike', async () => {
    const { call } = mount()
    const missing = await call({ query: 'tag=a', headers: [] })
    expect(await call({ query: 'tag=a', headers: ['Authorization', 'Bearer wrong'] })).toEqual(missing)
  })

  it('takes each of several secrets, and the scheme in any case', async () => {
    const { call } = mount({ secret: ['the old one, on its way out', secret] })
    for (const token of ['bearer  the old one, on its way out', `BEARER ${secret}`]) {
      expect((await call({ query: 'tag=a', headers: ['authorization', token] })).status).toBe(200)
    }
    expect((await call({ query: 'tag=a', headers: ['Authorization', 'Bearer the old one'] })).status).toBe(
      401,
    )
  })

  it('takes a secret beyond ASCII, whose bytes come as latin1', async () => {
    const { call } = mount({ secret: 'süß und ziemlich lang' })
    const sent = Buffer.from('süß und ziemlich lang').toString('latin1')
    expect((await call({ query: 'tag=a', headers: ['Authorization', `Bearer ${sent}`] })).status).toBe(200)
  })

  it('is left out when that is said out loud', async () => {
    const { call } = mount({ secret: undefined, unauthenticated: true })
    expect((await call({ query: 'tag=a', headers: [] })).status).toBe(200)
  })

  it('refuses an empty token even where everything else would do', async () => {
    const { call } = mount({ secret: [secret] })
    expect((await call({ query: 'tag=a', headers: ['Authorization', 'Bearer \t '] })).status).toBe(401)
  })
})

describe('creation', () => {
  const creating = (options: unknown) => () => createEndpoint(new FakeCache(), options as EndpointOptions)
  const webhook = { verify: () => true, tags: () => [] }

  test.each<[code: CacheErrorCode, options: unknown]>([
    ['ERR_RESTALE_MISSING_SECRET', {}],
    ['ERR_RESTALE_MISSING_SECRET', { secret: undefined }],
    ['ERR_RESTALE_MISSING_SECRET', { secret: '' }],
    ['ERR_RESTALE_MISSING_SECRET', { secret: [] }],
    ['ERR_RESTALE_MISSING_SECRET', { secret: [secret, undefined] }],
    ['ERR_RESTALE_MISSING_SECRET', { secret: 1234567890123456 }],
    ['ERR_RESTALE_MISSING_SECRET', { secret: undefined, unauthenticated: 1 }],
    ['ERR_RESTALE_WEAK_SECRET', { secret: 'fifteen letters' }],
    ['ERR_RESTALE_WEAK_SECRET', { secret: [secret, 'short'] }],
    ['ERR_RESTALE_WEAK_SECRET', { secret: ' '.repeat(32) }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, unauthenticated: true }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, path: 'api/revalidate' }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, path: '' }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, path: 1 }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, webhook: null }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, webhook: { verify: webhook.verify } }],
    ['ERR_RESTALE_INVALID_OPTION', { secret, webhook: { tags: webhook.tags } }],
  ])('throws %s for %j', (code, options) => {
    expect(creating(options)).toThrow(expect.objectContaining({ code }))
  })

  it('takes a path, a webhook and `unauthenticated: false`', () => {
    expect(creating({ secret, path: '/api/revalidate', webhook, unauthenticated: false })).not.toThrow()
  })
})

describe('every answer', () => {
  test.each<[status: number, request: Call]>([
    [200, { query: 'tag=a' }],
    [200, { query: '' }],
    [204, { method: 'HEAD', query: 'tag=a' }],
    [204, { method: 'OPTIONS' }],
    [400, { query: 'x=1' }],
    [401, { headers: [] }],
    [404, { path: '/other' }],
    [404, { path: '/webhook/more' }],
    [404, { path: '/constructor' }],
    [405, { method: 'DELETE' }],
    [405, { method: 'get' }],
    [405, { method: 'GET', path: '/webhook' }],
    [413, { bytes: new Uint8Array(70_000) }],
    [415, { json: {}, headers: bearer }],
  ])('with %d is JSON and not stored', async (status, request) => {
    const { call } = mount()
    const response = await call(request)
    expect(response.status).toBe(status)
    expect(headerValue(response.headers, 'cache-control')).toBe('no-store')
    expect(headerValue(response.headers, 'content-type')).toBe('application/json; charset=utf-8')
    expect(headerValue(response.headers, 'x-content-type-options')).toBe('nosniff')
    if (status !== 204) expect(JSON.parse(response.body)).toBeTypeOf('object')
  })

  it('is the same with a slash at the end', async () => {
    const { call } = mount()
    expect((await call({ path: '/', query: 'tag=a' })).status).toBe(200)
    expect((await call({ path: '/webhook/', json: { tag: 'a' } })).body).toBe('{"ok":true}')
  })

  it('to HEAD and OPTIONS does nothing, whoever asks', async () => {
    const { cache, call, reads } = mount()
    for (const method of ['HEAD', 'OPTIONS']) {
      for (const path of ['', '/webhook']) {
        const response = await call({ method, path, query: 'tag=a', headers: [] })
        expect(response.status).toBe(204)
        expect(response.body).toBe('')
        expect(headerValue(response.headers, 'allow')).toContain('POST')
      }
    }
    expect(cache.invalidations).toEqual([])
    expect(reads).toEqual([])
  })

  it('to another method names those that are allowed', async () => {
    const { call } = mount()
    const main = await call({ method: 'PUT' })
    expect(headerValue(main.headers, 'allow')).toBe('GET, HEAD, OPTIONS, POST')
    const webhook = await call({ method: 'PUT', path: '/webhook' })
    expect(headerValue(webhook.headers, 'allow')).toBe('HEAD, OPTIONS, POST')
  })
})

describe('the webhook with a bearer', () => {
  it('expires tags at once', async () => {
    const { cache, call } = mount()
    const response = await call({ path: '/webhook', json: { tag: 'a', tags: ['b'] } })
    expect(response.body).toBe('{"ok":true}')
    expect(cache.invalidations).toEqual([soft(['a', 'b'], [], { expire: 0 })])
  })

  test.each<[body: string, field: string]>([
    ['{}', 'tag'],
    ['{"tags":[]}', 'tag'],
    ['{"tag":1}', 'tag'],
    ['{"path":"/"}', 'path'],
    ['{"tag":"a","profile":"max"}', 'profile'],
    ['nonsense', 'body'],
  ])('refuses %s for its %s', async (bytes, field) => {
    const { cache, call } = mount()
    const response = await call({ path: '/webhook', bytes })
    expect(response.status).toBe(400)
    expect(JSON.parse(response.body)).toEqual({
      ok: false,
      message: expect.stringMatching(new RegExp(`^${field}: `)),
    })
    expect(cache.invalidations).toEqual([])
  })
})

describe('the webhook with a signature', () => {
  const signed = (verify: (request: WebhookRequest) => unknown) =>
    mount({ webhook: { verify, tags: (payload) => (payload as { slugs: string[] }).slugs } })

  it('verifies the raw bytes instead of the bearer', async () => {
    const seen: WebhookRequest[] = []
    const { cache, call } = signed((request) => {
      seen.push(request)
      return true
    })
    const headers = ['X-Signature', 'abc', 'X-List', '1', 'x-list', '2', 'Constructor', 'c', ...jsonType]
    const response = await call({ path: '/webhook', bytes: '{ "slugs": ["a","b"] }', headers })
    expect(response.body).toBe('{"ok":true}')
    expect(cache.invalidations).toEqual([soft(['a', 'b'], [], { expire: 0 })])
    expect(seen).toHaveLength(1)
    expect(new TextDecoder().decode(seen[0]?.rawBody)).toBe('{ "slugs": ["a","b"] }')
    expect(seen[0]?.now).toBe(now + 0.25)
    expect({ ...seen[0]?.headers }).toEqual({
      'x-signature': 'abc',
      'x-list': '1, 2',
      constructor: 'c',
      'content-type': 'application/json',
    })
    expect(seen[0]?.headers.tostring).toBeUndefined()
  })

  test.each<[outcome: string, verify: () => unknown]>([
    ['returns false', () => false],
    ['returns a promise of false', async () => false],
    ['returns null', () => null],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no')
      },
    ],
  ])('is 401 when verify %s, bearer or not', async (_outcome, verify) => {
    const { cache, call } = signed(verify)
    const response = await call({ path: '/webhook', json: { slugs: ['a'] } })
    expect(response.status).toBe(401)
    expect(response.body).toBe('{"ok":false,"message":"Unauthorized"}')
    expect(cache.invalidations).toEqual([])
  })

  it('takes the body as the payload when verify returns nothing', async () => {
    const { cache, call } = signed(async () => undefined)
    await call({ path: '/webhook', json: { slugs: ['a'] }, headers: jsonType })
    expect(cache.invalidations).toHaveLength(1)
  })

  it('takes what verify returns as the payload, whatever the body', async () => {
    const { cache, call } = signed(async () => ({ slugs: ['from-verify'] }))
    const response = await call({ path: '/webhook', bytes: 'a=1', headers: [] })
    expect(response.status).toBe(200)
    expect(cache.invalidations[0]?.tags).toEqual(['from-verify'])
  })

  it('does nothing for a payload that concerns no tag', async () => {
    const { cache, call } = signed(() => true)
    expect((await call({ path: '/webhook', json: { slugs: [] } })).body).toBe('{"ok":true}')
    expect(cache.invalidations).toEqual([])
  })

  it('refuses what was signed but is no JSON', async () => {
    const { call } = signed(() => true)
    expect((await call({ path: '/webhook', bytes: 'a=1' })).status).toBe(400)
    expect((await call({ path: '/webhook', bytes: '{}', headers: [] })).status).toBe(415)
    expect((await call({ path: '/webhook', bytes: new Uint8Array(70_000) })).status).toBe(413)
  })

  it('says where to mount it when a body parser has consumed the bytes', async () => {
    const { cache, call } = signed(() => true)
    const response = await call({ method: 'POST', path: '/webhook', parsedBody: { slugs: ['a'] } })
    expect(response.status).toBe(500)
    expect(JSON.parse(response.body)).toEqual({
      ok: false,
      code: 'ERR_RESTALE_RAW_BODY_REQUIRED',
      message: expect.stringContaining('mount the revalidate endpoint above the body parser'),
    })
    expect(cache.invalidations).toEqual([])
  })

  it('takes the bytes that a raw body parser has kept', async () => {
    const { cache, call } = signed(() => true)
    const parsedBody = new TextEncoder().encode('{"slugs":["a"]}')
    expect((await call({ method: 'POST', path: '/webhook', parsedBody })).status).toBe(200)
    expect(cache.invalidations).toHaveLength(1)
  })

  it('rejects when the tags function is at fault', async () => {
    const { call } = mount({ webhook: { verify: () => true, tags: () => 'posts' as unknown as string[] } })
    await expect(call({ path: '/webhook', json: {} })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_INVALID_ARGUMENT' }),
    )
  })

  it('leaves the bearer to the other calls', async () => {
    const { call } = signed(() => true)
    expect((await call({ query: 'tag=a', headers: [] })).status).toBe(401)
    expect((await call({ query: 'tag=a' })).status).toBe(200)
  })
})
