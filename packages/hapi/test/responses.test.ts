import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Lifecycle, RouteOptions } from '@hapi/hapi'
import inert from '@hapi/inert'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ResponseCachePluginOptions } from '../src/index.ts'
import { cachedServer, isHit, life, miss, statusOf } from './support.ts'

/** A server with one cached route at `/page`. */
async function page(
  handler: Lifecycle.Method,
  options: RouteOptions = {},
  plugin: Partial<ResponseCachePluginOptions> = {},
) {
  const site = await cachedServer({ life, ...plugin })
  site.server.route({ method: 'GET', path: '/page', handler, options })
  return site
}

const gzip = { headers: { 'accept-encoding': 'gzip' } }
const long = 'a long text '.repeat(200)

describe('bodies', () => {
  const cases: [string, Lifecycle.Method, RouteOptions, string, string | undefined][] = [
    ['an object', () => ({ a: ['ü'] }), {}, '{"a":["ü"]}', 'application/json; charset=utf-8'],
    ['a number', () => 5, {}, '5', 'application/json; charset=utf-8'],
    ['false', () => false, {}, 'false', 'application/json; charset=utf-8'],
    ['an empty text', (_, h) => h.response('').code(200), {}, '', 'text/html; charset=utf-8'],
    ['spaces of the route', () => ({ a: 1 }), { json: { space: 2 } }, '{\n  "a": 1\n}', undefined],
    ['a replacer of the route', () => ({ a: 1, b: 2 }), { json: { replacer: ['b'] } }, '{"b":2}', undefined],
    ['a suffix of the route', () => ({ a: 1 }), { json: { suffix: '\n' } }, '{"a":1}\n', undefined],
    ['escapes', () => ({ a: '<b>' }), { json: { escape: true } }, '{"a":"\\u003cb\\u003e"}', undefined],
    [
      'spaces and a suffix of the response',
      (_, h) => h.response({ a: 1 }).spaces(1).suffix('!'),
      {},
      '{\n "a": 1\n}!',
      undefined,
    ],
    ['another charset', (_, h) => h.response('ü').charset('x') ?? 'ü', {}, 'ü', 'text/html; charset=x'],
    ['no charset', (_, h) => h.response('a').type('text/plain').charset() ?? '', {}, 'a', 'text/plain'],
    ['another encoding', (_, h) => h.response('68656c6c6f').encoding('hex'), {}, 'hello', undefined],
    ['a stream', () => Readable.from(['one, ', 'two'], { objectMode: false }), {}, 'one, two', undefined],
    [
      'what is made when it goes out',
      (request) =>
        request.generateResponse('source', {
          variety: 'made',
          marshal: async (response) => {
            response.type('text/x-made')
            return 'made late'
          },
        }),
      {},
      'made late',
      'text/x-made; charset=utf-8',
    ],
  ]

  it.each(cases)('%s: the hit is the miss again', async (_, handler, options, payload, type) => {
    const { get } = await page(handler, options)
    const first = await get('/page')
    const second = await get('/page')
    expect(second).toSatisfy(isHit)
    expect(first.payload).toBe(payload)
    expect(second.payload).toBe(payload)
    expect(second.headers['content-type']).toBe(first.headers['content-type'])
    if (type !== undefined) expect(first.headers['content-type']).toBe(type)
  })

  it('an empty 200 is a 204, as hapi has it', async () => {
    const { get } = await page((_, h) => h.response(), {}, { statuses: [204] })
    expect(statusOf(await get('/page'))).toBe(miss)
    const hit = await get('/page')
    expect(hit).toSatisfy(isHit)
    expect(hit.statusCode).toBe(204)
    const { get: getUnnamed } = await page((_, h) => h.response())
    expect(statusOf(await getUnnamed('/page'))).toBe('fwd=uri-miss; detail=status-204')
  })

  it('an object that is no JSON is an error of the handler’s, and not stored', async () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    const { get } = await page(() => circular)
    expect((await get('/page')).statusCode).toBe(500)
    expect((await get('/page')).statusCode).toBe(500)
  })

  it('a head that Node refuses is not stored', async () => {
    let runs = 0
    const { get } = await page((_, h) => h.response('page').header('x-bad', ++runs === 1 ? 'a\nb' : 'a'))
    expect((await get('/page')).statusCode).toBe(500)
    expect(statusOf(await get('/page'))).toBe(miss)
  })

  it('a stream that goes on behind its length is not stored', async () => {
    let runs = 0
    const { get } = await page((_, h) => {
      const parts = ++runs === 1 ? ['half', ' and more'] : ['half']
      return h.response(Readable.from(parts, { objectMode: false })).bytes(4)
    })
    await get('/page').catch(() => {})
    expect(statusOf(await get('/page'))).toBe('fwd=uri-miss')
    const hit = await get('/page')
    expect(hit).toSatisfy(isHit)
    expect(hit.payload).toBe('half')
  })

  it('a stream that is cut by its source is not stored', async () => {
    let runs = 0
    const { get } = await page(() => {
      if (++runs > 1) return 'whole'
      const stream = new PassThrough()
      stream.write('half')
      void setImmediate().then(() => stream.destroy())
      return stream
    })
    await get('/page').catch(() => {})
    expect(statusOf(await get('/page'))).toBe(miss)
  })
})

describe('errors', () => {
  it('that are thrown over and over stay as they are', async () => {
    const error = Object.assign(new Error('gone'), { isBoom: true, output: boomOutput(404, 'gone') })
    const { get } = await page(() => {
      throw error
    })
    for (let time = 1; time <= 2; time++) {
      expect(statusOf(await get('/page'))).toBe('fwd=uri-miss; detail=status-404')
    }
    expect(error.output.headers).toEqual({ 'X-Boom': '1' })
  })

  it('are not stored, and say why', async () => {
    const { get, server } = await page(() => {
      throw new Error('meant to fail')
    })
    const response = await get('/page')
    expect(response.statusCode).toBe(500)
    expect(statusOf(response)).toBe('fwd=uri-miss; detail=status-500')
    expect(server).toBeDefined()
  })

  it('are stored where their status is named, as hapi writes them', async () => {
    let runs = 0
    const { get } = await page(
      (_, h) => {
        runs++
        return h.response({ statusCode: 404, error: 'Not Found', message: 'gone' }).code(404)
      },
      {},
      { statuses: [404] },
    )
    const { payload } = await get('/page')
    expect(await get('/page')).toMatchObject({ payload, statusCode: 404 })
    expect(runs).toBe(1)

    const thrown = await page(
      () => {
        runs++
        throw Object.assign(new Error('gone'), { isBoom: true, output: boomOutput(404, 'gone') })
      },
      {},
      { statuses: [404] },
    )
    expect((await thrown.get('/page')).payload).toBe(payload)
    const hit = await thrown.get('/page')
    expect(hit).toSatisfy(isHit)
    expect(hit).toMatchObject({ payload, statusCode: 404 })
    expect(hit.headers['x-boom']).toBe('1')
    expect(runs).toBe(2)
  })
})

function boomOutput(statusCode: number, message: string) {
  return { statusCode, payload: { statusCode, error: 'Not Found', message }, headers: { 'X-Boom': '1' } }
}

describe('Cache-Control', () => {
  it('ttl() is the handler’s own, and goes out on hits as it went out on the miss', async () => {
    const { get } = await page((_, h) => h.response('page').ttl(5_000))
    for (let time = 1; time <= 2; time++) {
      expect((await get('/page')).headers['cache-control']).toBe('max-age=5, must-revalidate')
    }
  })

  it('a policy of the route is hapi’s, and what it says of privacy counts', async () => {
    const { get } = await page(() => 'page', { cache: { expiresIn: 7_000 } })
    for (let time = 1; time <= 2; time++) {
      expect((await get('/page')).headers['cache-control']).toBe('max-age=7, must-revalidate')
    }
    expect(await get('/page')).toSatisfy(isHit)
    const own = await page(() => 'page', { cache: { expiresIn: 7_000, privacy: 'private' } })
    expect(statusOf(await own.get('/page'))).toBe('fwd=uri-miss; detail=private')
  })

  it('without one, clients are told to ask each time; streams too', async () => {
    for (const handler of [() => 'page', () => Readable.from(['page'], { objectMode: false })]) {
      for (const options of [{}, { cache: false } as const]) {
        const { get } = await page(handler, options)
        for (let time = 1; time <= 2; time++) {
          expect((await get('/page')).headers['cache-control']).toBe('max-age=0, must-revalidate')
        }
      }
    }
  })

  it('of an extension outside stays, on streams too', async () => {
    const { server, get } = await page(() => Readable.from(['page'], { objectMode: false }))
    server.ext('onPreResponse', ({ response }, h) => {
      if (!('isBoom' in response)) response.header('cache-control', 'max-age=1')
      return h.continue
    })
    for (let time = 1; time <= 2; time++) {
      expect((await get('/page')).headers['cache-control']).toBe('max-age=1')
    }
    expect(await get('/page')).toSatisfy(isHit)
  })
})

describe('codings and tags', () => {
  it('bytes are stored plain, and each client gets its own coding', async () => {
    for (const handler of [() => long, () => Readable.from([long], { objectMode: false })]) {
      const { get } = await page((_, h) => h.response(handler() as string).type('text/plain'))
      const zipped = await get('/page', gzip)
      const plain = await get('/page')
      const again = await get('/page', gzip)
      expect([plain, again].every(isHit)).toBe(true)
      expect(plain.payload).toBe(long)
      for (const response of [zipped, again]) {
        expect(response.headers['content-encoding']).toBe('gzip')
        expect(response.headers.vary).toBe('accept-encoding')
        expect(gunzipSync(response.rawPayload).toString()).toBe(long)
      }
    }
  })

  it('etag() tells codings apart on hits too, and either is answered by 304', async () => {
    const { get } = await page((_, h) => h.response(long).etag('abc'))
    for (let time = 1; time <= 2; time++) {
      expect((await get('/page', gzip)).headers.etag).toBe('"abc-gzip"')
      expect((await get('/page')).headers.etag).toBe('"abc"')
    }
    for (const tag of ['"abc"', '"abc-gzip"']) {
      const headers = { ...gzip.headers, 'if-none-match': tag }
      expect((await get('/page', { headers })).statusCode).toBe(304)
    }
  })

  it('h.entity() is decided with the cache: no condition reaches it', async () => {
    let runs = 0
    const { get } = await page((_, h) => {
      runs++
      return h.entity({ etag: 'v1' } as never) ?? 'page'
    })
    const conditional = { headers: { 'if-none-match': '"v1"' } }
    await get('/page', conditional)
    expect(statusOf(await get('/page'))).toMatch(/^hit/)
    expect(runs).toBe(1)
  })

  it('a range is cut from what is stored', async () => {
    const { get } = await page(() => 'abcdef')
    expect((await get('/page')).headers['accept-ranges']).toBe('bytes')
    const response = await get('/page', { headers: { range: 'bytes=1-2' } })
    expect(response.statusCode).toBe(206)
    expect(response.payload).toBe('bc')
    expect(statusOf(response)).toBe('hit; ttl=60')
    expect((await get('/page')).payload).toBe('abcdef')
  })

  it('HEAD on a hit has the fields of GET', async () => {
    const { get } = await page(() => 'abcdef')
    await get('/page')
    const { headers } = await get('/page')
    const head = await get('/page', { method: 'HEAD' })
    expect(head.headers).toEqual({ ...headers, 'content-length': '6' })
    expect(headers['content-length']).toBe(6)
  })
})

describe('validated responses', () => {
  it('are validated when they are made, and not again', async () => {
    let validations = 0
    const schema = async (value: object) => {
      validations++
      return { ...value, secret: undefined }
    }
    const { get } = await page(() => ({ a: 1, secret: 2 }), {
      response: { schema: schema as never, modify: true },
    })
    for (let time = 1; time <= 2; time++) {
      expect(await get('/page')).toMatchObject({ payload: '{"a":1}', statusCode: 200 })
    }
    expect(await get('/page')).toSatisfy(isHit)
    expect(validations).toBe(1)
  })

  it('that are wrong are not stored', async () => {
    const schema = async () => {
      throw new Error('wrong')
    }
    const { get } = await page(() => ({}), { response: { schema: schema as never } })
    expect((await get('/page')).statusCode).toBe(500)
    expect(statusOf(await get('/page'))).toBe('fwd=uri-miss; detail=status-500')
  })
})

describe('other ways to answer', () => {
  it.each(['abandon', 'close'] as const)('h.%s: what is written past hapi is not stored', async (way) => {
    let runs = 0
    const { get } = await page(({ raw }, h) => {
      raw.res.setHeader('cache-control', 's-maxage=60')
      raw.res.write(`run ${++runs}`)
      if (way === 'abandon') raw.res.end()
      return h[way]
    })
    expect((await get('/page')).payload).toBe('run 1')
    expect((await get('/page')).payload).toBe('run 2')
  })

  it('h.abandon: those who wait are let go at once', async () => {
    const open: (() => void)[] = []
    const { get } = await page(async ({ raw }, h) => {
      await setImmediate()
      raw.res.write('open')
      open.push(() => raw.res.end())
      return h.abandon
    })
    const responses = [get('/page'), get('/page'), get('/page')]
    await expect.poll(() => open.length).toBe(3)
    for (const end of open) end()
    for (const { payload } of await Promise.all(responses)) expect(payload).toBe('open')
  })

  it('a timeout of the route is no response to store', async () => {
    let runs = 0
    const { get } = await page(
      async () => {
        if (++runs === 1) await new Promise((resolve) => setTimeout(resolve, 100))
        return `run ${runs}`
      },
      { timeout: { server: 20 } },
    )
    expect((await get('/page')).statusCode).toBe(503)
    expect(statusOf(await get('/page'))).toBe(miss)
  })

  it('takeover() in the handler is a response like any other, and seen by all extensions', async () => {
    const { server, get } = await page((_, h) => h.response('page').takeover())
    let count = 0
    server.ext('onPreResponse', (_, h) => {
      count++
      return h.continue
    })
    await get('/page')
    expect(await get('/page')).toSatisfy(isHit)
    expect(count).toBe(2)
  })
})

describe('what stands on Node’s own response', () => {
  it('set before the cache is each request’s own, set by the handler it is stored', async () => {
    let count = 0
    const { server, get } = await page(({ raw }) => {
      raw.res.setHeader('X-Inside', 'inside')
      return 'page'
    })
    server.ext('onPreAuth', ({ raw }, h) => {
      raw.res.setHeader('X-Outside', ++count)
      return h.continue
    })
    for (const outside of ['1', '2']) {
      const { headers } = await get('/page')
      expect(String(headers['x-outside'])).toBe(outside)
      expect(headers['x-inside']).toBe('inside')
    }
  })
})

describe('files of inert', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'restale-'))
    writeFileSync(join(folder, 'page.txt'), long)
    writeFileSync(join(folder, 'page.txt.gz'), gzipSync('packed before'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function files(file: object) {
    const site = await cachedServer({ life }, { routes: { files: { relativeTo: folder } } })
    await site.server.register(inert)
    site.server.route({ method: 'GET', path: '/page', handler: { file: file as { path: string } } })
    return site
  }

  it('are stored, with tag, type, length and date', async () => {
    const { get } = await files({ path: 'page.txt' })
    const first = await get('/page')
    expect(statusOf(first)).toBe('fwd=uri-miss')
    writeFileSync(join(folder, 'page.txt'), long)
    const second = await get('/page')
    expect(second).toSatisfy(isHit)
    expect(second.payload).toBe(long)
    for (const name of ['etag', 'content-type', 'content-length', 'last-modified']) {
      expect(second.headers[name]).toBeDefined()
      expect(String(second.headers[name])).toBe(String(first.headers[name]))
    }
    const headers = { 'if-none-match': second.headers.etag as string }
    expect((await get('/page', { headers })).statusCode).toBe(304)
    expect(gunzipSync((await get('/page', gzip)).rawPayload).toString()).toBe(long)
  })

  it('that were compressed before are not stored', async () => {
    const { get } = await files({ path: 'page.txt', lookupCompressed: true })
    for (let time = 1; time <= 2; time++) {
      const zipped = await get('/page', gzip)
      expect(statusOf(zipped)).toBe('fwd=uri-miss; detail=skipped')
      expect(gunzipSync(zipped.rawPayload).toString()).toBe('packed before')
    }
    expect((await get('/page')).payload).toBe(long)
  })
})
