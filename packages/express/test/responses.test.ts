import { Buffer } from 'node:buffer'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express'
import express from 'express'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ResponseCacheOptions } from '../src/index.ts'
import { responseCache } from '../src/index.ts'
import type { RawResponse } from './raw-client.ts'
import { hit, life, listen, quietApp, setup, stored, streamed } from './support.ts'

interface Twice {
  readonly miss: RawResponse
  readonly hit: RawResponse
  readonly runs: number
}

/** What a handler gives to a first request, and to a second that is answered from the cache. */
async function twice(
  handle: (req: Request, res: Response) => unknown,
  options: ResponseCacheOptions<Request> = {},
  prepare: (app: Express) => void = () => {},
): Promise<Twice> {
  const { cache } = setup()
  const app = quietApp()
  let runs = 0
  prepare(app)
  app.get('/it', responseCache(cache, { life, ...options }), (async (req, res) => {
    runs++
    await handle(req, res)
  }) as RequestHandler)
  const site = await listen(app)
  const miss = await site.get('/it')
  return { miss, hit: await site.get('/it'), runs }
}

/** The lines that a hit has to have in common with its miss. */
function ownLines({ lines }: RawResponse): string[] {
  const ofTheUse = ['age', 'cache-status', 'connection', 'date', 'keep-alive', 'etag']
  const ofTheFraming = ['content-length', 'transfer-encoding']
  return lines
    .filter(([name]) => ![...ofTheUse, ...ofTheFraming].includes(name.toLowerCase()))
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .sort()
}

function expectSame({ miss, hit: second, runs }: Twice, kind: RegExp = stored): void {
  expect(miss.cacheStatus).toMatch(kind)
  expect(second.cacheStatus).toMatch(hit)
  expect(second.isComplete && miss.isComplete).toBe(true)
  expect(second.status).toBe(miss.status)
  expect(second.body).toEqual(miss.body)
  expect(ownLines(second)).toEqual(ownLines(miss))
  expect(second.header('content-length')).toBe(miss.status === 204 ? undefined : String(miss.body.byteLength))
  expect(runs).toBe(1)
}

/** A folder with a file in it, until the test ends. */
async function fileOf(content: string | Buffer, name = 'file.txt'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'restale-express-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}

describe('whatever Express sends is sent and stored the same', () => {
  test('res.json', async () => {
    const both = await twice((_req, res) => res.json({ a: ['ü'] }))
    expectSame(both)
    expect(both.hit.text).toBe('{"a":["ü"]}')
    expect(both.hit.header('content-type')).toBe('application/json; charset=utf-8')
    expect(both.hit.header('etag')).toBe(both.miss.header('etag'))
  })

  test('res.jsonp, by its callback', async () => {
    const both = await twice((_req, res) => res.jsonp({ a: 1 }))
    expectSame(both)

    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), (_req, res) => void res.jsonp({ a: 1 }))
    const site = await listen(app)
    expect((await site.get('/it?callback=f')).text).toBe('/**/ typeof f === \'function\' && f({"a":1});')
    expect((await site.get('/it?callback=g')).text).toContain('g({"a":1})')
    expect((await site.get('/it')).text).toBe('{"a":1}')
  })

  test('res.jsonp without its callback in the key: nobody gets another’s callback', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get(
      '/it',
      responseCache(cache, { life, key: { query: [] } }),
      (_req, res) => void res.jsonp({ a: 1 }),
    )
    const site = await listen(app)
    expect((await site.get('/it?callback=evil')).text).toBe('{"a":1}')
  })

  test.each<[string, string | Buffer | undefined]>([
    ['text', '<p>ü</p>'],
    ['bytes', Buffer.from([0, 255, 13, 10, 13, 10])],
    ['nothing', undefined],
    ['the empty string', ''],
  ])('res.send of %s', async (_name, body) => {
    const both = await twice((_req, res) => res.send(body))
    expectSame(both)
    expect(both.hit.body).toEqual(Buffer.from(body ?? ''))
  })

  test('res.send of a number is JSON', async () => {
    expectSame(await twice((_req, res) => res.send(7)))
  })

  test('res.status(204).end() and res.sendStatus(204), where the options name 204', async () => {
    expectSame(await twice((_req, res) => res.status(204).end(), { statuses: [204] }))
    expectSame(await twice((_req, res) => res.sendStatus(204), { statuses: [204] }))
  })

  test('res.sendStatus(404) is stored where the options name it, else not', async () => {
    expectSame(await twice((_req, res) => res.sendStatus(404), { statuses: [200, 404] }))
    const both = await twice((_req, res) => res.sendStatus(404))
    expect(both.hit.cacheStatus).toBe('restale; fwd=uri-miss; detail=status-404')
    expect(both.hit.text).toBe('Not Found')
  })

  test('a redirect is stored where the options name its status, else not', async () => {
    const redirect = (_req: Request, res: Response) => res.status(301).location('/there').end()
    const both = await twice(redirect, { statuses: [200, 301] })
    expectSame(both)
    expect(both.hit.header('location')).toBe('/there')
    expect((await twice(redirect)).hit.cacheStatus).toBe('restale; fwd=uri-miss; detail=status-301')
  })

  test('res.redirect puts its own text into the body by Accept, which selects the variant', async () => {
    const both = await twice((_req, res) => res.redirect('/there'), { statuses: [302] })
    expect([both.hit.status, both.hit.header('location')]).toEqual([302, '/there'])
    expect(both.hit.cacheStatus).toMatch(hit)
    expect(both.hit.header('vary')).toBe('accept')
    expect(both.runs).toBe(1)
  })

  test('res.render', async () => {
    const file = await fileOf('<p>{name}</p>', 'page.tiny')
    const both = await twice(
      (_req, res) => res.render(file, { name: 'Ann' }),
      {},
      (app) => {
        app.engine('tiny', async (path, options, done) => {
          const { readFile } = await import('node:fs/promises')
          done(null, (await readFile(path, 'utf8')).replace('{name}', (options as { name: string }).name))
        })
      },
    )
    expectSame(both)
    expect(both.hit.text).toBe('<p>Ann</p>')
    expect(both.hit.header('content-type')).toBe('text/html; charset=utf-8')
  })

  test('res.sendFile', async () => {
    const content = 'x'.repeat(200_000)
    const file = await fileOf(content)
    const both = await twice((_req, res) => res.sendFile(file))
    expectSame(both, streamed)
    expect(both.hit.text).toBe(content)
    expect(both.hit.header('etag')).toBe(both.miss.header('etag'))
    expect(both.hit.header('cache-control')).toBe('public, max-age=0')
    expect(both.hit.header('last-modified')).toBeDefined()
  })

  test('res.sendFile calls back when the file is out', async () => {
    const file = await fileOf('text')
    let calls = 0
    const both = await twice(
      (_req, res) =>
        new Promise<void>((resolve, reject) => {
          res.sendFile(file, (error) => {
            calls++
            if (error === undefined) resolve()
            else reject(error)
          })
        }),
    )
    expectSame(both, streamed)
    expect(calls).toBe(1)
  })

  test('res.download', async () => {
    const file = await fileOf('a,b', 'numbers.csv')
    const both = await twice((_req, res) => res.download(file, 'zahlen ü.csv'))
    expectSame(both, streamed)
    expect(both.hit.header('content-disposition')).toContain('attachment; filename=')
    expect(both.hit.text).toBe('a,b')
  })

  test('express.static', async () => {
    const file = await fileOf('static')
    const { cache } = setup()
    const app = quietApp()
    app.use('/files', responseCache(cache, { life }), express.static(join(file, '..')))
    const site = await listen(app)
    expect((await site.get('/files/file.txt')).cacheStatus).toMatch(streamed)
    const second = await site.get('/files/file.txt')
    expect(second.cacheStatus).toMatch(hit)
    expect(second.text).toBe('static')
    const part = await site.get('/files/file.txt', { Range: 'bytes=0-2' })
    expect([part.status, part.text, part.cacheStatus]).toEqual([206, 'sta', 'restale; hit; ttl=60'])
  })

  test('res.append and several lines of one name', async () => {
    const both = await twice((_req, res) => {
      res.append('Link', '<https://a.example/>; rel=preload')
      res.append('Link', '<https://b.example/>; rel=preload')
      res.set('X-List', ['one', 'two'])
      res.send('links')
    })
    expectSame(both)
    expect(both.hit.values('link')).toEqual([
      '<https://a.example/>; rel=preload',
      '<https://b.example/>; rel=preload',
    ])
    expect(both.hit.values('x-list')).toEqual(['one', 'two'])
  })

  test('res.append to a line that stands above the cache adds, on a hit too', async () => {
    const both = await twice(
      (_req, res) => res.append('Link', '</b>; rel=next').send('x'),
      {},
      (app) => {
        app.use((_req, res, next) => {
          res.append('Link', '</a>; rel=prev')
          next()
        })
      },
    )
    expect(both.miss.values('link')).toEqual(['</a>; rel=prev', '</b>; rel=next'])
    expect(both.hit.values('link')).toEqual(['</a>; rel=prev', '</b>; rel=next'])
  })

  test('res.removeHeader of what Express itself has set', async () => {
    const both = await twice((_req, res) => {
      res.removeHeader('X-Powered-By')
      res.send('x')
    })
    expectSame(both)
    expect(both.hit.header('x-powered-by')).toBeUndefined()
  })

  test('res.format varies on Accept, which selects the variant', async () => {
    const both = await twice((_req, res) =>
      res.format({ text: () => res.send('t'), html: () => res.send('h') }),
    )
    expect(both.hit.cacheStatus).toMatch(hit)
    expect(both.runs).toBe(1)
  })

  test('a status text of the handler goes out', async () => {
    const { miss } = await twice((_req, res) => {
      res.statusMessage = 'Just Fine'
      res.send('x')
    })
    expect([miss.status, miss.reason]).toEqual([200, 'Just Fine'])
  })
})

describe('streams', () => {
  const text = 'chunk '.repeat(30_000)

  test('res.write in chunks', async () => {
    const both = await twice((_req, res) => {
      res.type('txt')
      res.write('a')
      res.write(Buffer.from('b'))
      res.write('Yw==', 'base64')
      res.end('d')
    })
    expectSame(both, streamed)
    expect(both.hit.text).toBe('abcd')
  })

  test('pipe', async () => {
    const both = await twice((_req, res) => {
      Readable.from([text]).pipe(res)
    })
    expectSame(both, streamed)
    expect(both.hit.text).toBe(text)
  })

  test('pipeline', async () => {
    const both = await twice(async (_req, res) => pipeline(Readable.from([text]), new PassThrough(), res))
    expectSame(both, streamed)
    expect(both.hit.text).toBe(text)
  })

  test('a stream goes out as it comes, not when it is over', async () => {
    const { cache } = setup()
    const app = quietApp()
    const source = new PassThrough()
    app.get('/it', responseCache(cache, { life }), (_req, res) => void source.pipe(res))
    const site = await listen(app)
    const first = fetch(`http://127.0.0.1:${site.port}/it`)
    source.write('early ')
    const reader = ((await first).body as ReadableStream<Uint8Array>).getReader()
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('early ')
    source.end('late')
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('late')
    expect((await reader.read()).done).toBe(true)
  })

  test('res.flushHeaders sends the head alone', async () => {
    const both = await twice((_req, res) => {
      res.type('txt').flushHeaders()
      expect(res.headersSent).toBe(true)
      res.end('body')
    })
    expectSame(both, streamed)
  })

  test('write and end call back, once each', async () => {
    const calls: string[] = []
    const both = await twice(async (_req, res) => {
      await new Promise<void>((resolve) => {
        res.write('a', () => calls.push('write'))
        res.write('b', 'utf8', () => calls.push('write with encoding'))
        res.end(() => {
          calls.push('end')
          resolve()
        })
      })
    })
    expectSame(both, streamed)
    expect(calls).toEqual(['write', 'write with encoding', 'end'])
  })

  test.each<[string, (res: Response, done: () => void) => void]>([
    ['end(callback)', (res, done) => res.end(done)],
    ['end(chunk, callback)', (res, done) => res.end('body', done)],
    ['end(chunk, encoding, callback)', (res, done) => res.end('Ym9keQ==', 'base64', done)],
  ])('%s calls back when all is out', async (_name, end) => {
    let calls = 0
    const both = await twice(async (_req, res) => {
      await new Promise<void>((resolve) => end(res, resolve))
      expect(res.writableFinished).toBe(true)
      calls++
    })
    expectSame(both)
    expect(calls).toBe(1)
  })

  test('a second end is Node’s to refuse, and changes nothing', async () => {
    const both = await twice(async (_req, res) => {
      res.end('first')
      await new Promise<void>((resolve) => res.end(() => resolve()))
    })
    expectSame(both)
    expect(both.hit.text).toBe('first')
  })

  test.each<[string, (res: Response) => void]>([
    ['end', (res) => res.end({} as never)],
    ['write', (res) => void res.write({} as never)],
    ['write of null', (res) => void res.write(null as never)],
  ])('what is no chunk is refused by %s while an error can still be sent', async (_name, act) => {
    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), (_req, res) => act(res))
    const show: ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).send(error.code)
    app.use(show)
    const site = await listen(app)
    const response = await site.get('/it')
    expect(response.status).toBe(500)
    expect(response.text).toMatch(/^ERR_(INVALID_ARG_TYPE|STREAM_NULL_VALUES)$/)
    expect(response.cacheStatus).toBe('restale; fwd=uri-miss; detail=status-500')
  })
})

describe('writeHead, whose headers never reach getHeaders()', () => {
  const forms: [string, (res: Response) => void][] = [
    ['an object', (res) => res.writeHead(200, { 'Content-Type': 'text/css', 'X-One': '1' })],
    [
      'an object, behind a reason',
      (res) => res.writeHead(200, 'Fine', { 'Content-Type': 'text/css', 'X-One': '1' }),
    ],
    [
      'an object with lists',
      (res) => res.writeHead(200, { 'Content-Type': 'text/css', 'X-One': ['1', '2'] }),
    ],
    ['a flat array', (res) => res.writeHead(200, ['Content-Type', 'text/css', 'X-One', '1', 'X-One', '2'])],
    [
      'an array of pairs',
      (res) =>
        res.writeHead(200, [
          ['Content-Type', 'text/css'],
          ['X-One', '1'],
        ] as never),
    ],
    [
      'undefined, then an object',
      (res) => res.writeHead(200, undefined, { 'Content-Type': 'text/css', 'X-One': '1' }),
    ],
  ]

  test.each(forms)('%s, and a whole body', async (_name, writeHead) => {
    const both = await twice((_req, res) => {
      writeHead(res)
      res.end('body')
    })
    expectSame(both, streamed)
    expect(both.hit.header('content-type')).toBe('text/css')
    expect(both.hit.values('x-one')).toEqual(both.miss.values('x-one'))
    expect(both.hit.values('x-one')[0]).toBe('1')
  })

  test('lists and arrays keep their lines apart', async () => {
    const both = await twice((_req, res) => {
      res.writeHead(200, ['X-One', '1', 'X-One', '2']).end('body')
    })
    expect(both.miss.values('x-one')).toEqual(['1', '2'])
    expect(both.hit.values('x-one')).toEqual(['1', '2'])
  })

  test('they replace what was set before', async () => {
    const both = await twice((_req, res) => {
      res.set({ 'X-One': 'before', 'X-Two': 'stays' })
      res.writeHead(200, { 'x-one': 'after' })
      res.end('body')
    })
    expectSame(both, streamed)
    expect(both.hit.values('x-one')).toEqual(['after'])
    expect(both.hit.header('x-two')).toBe('stays')
  })

  test('a Set-Cookie among them refuses', async () => {
    const both = await twice((_req, res) => {
      res.writeHead(200, ['Set-Cookie', 'a=1']).end('body')
    })
    expect(both.hit.cacheStatus).toBe('restale; fwd=uri-miss; detail=set-cookie')
    expect(both.hit.values('set-cookie')).toEqual(['a=1'])
    expect(both.runs).toBe(2)
  })

  test('a Cache-Control among them is heard', async () => {
    const both = await twice((_req, res) => {
      res.writeHead(200, { 'Cache-Control': 'private' }).end('body')
    })
    expect(both.hit.cacheStatus).toBe('restale; fwd=uri-miss; detail=private')
  })

  test('a status among them is heard', async () => {
    const both = await twice((_req, res) => {
      res.writeHead(503).end('down')
    })
    expect(both.hit.cacheStatus).toBe('restale; fwd=uri-miss; detail=status-503')
    expect(both.hit.status).toBe(503)
  })

  test('a Content-Length among them that the body does not keep refuses', async () => {
    const both = await twice((_req, res) => {
      res.writeHead(200, { 'Content-Length': '10' }).write('short', () => res.destroy())
    })
    expect(both.miss.isComplete).toBe(false)
    expect(both.runs).toBe(2)
  })

  test('informational heads go out before, and count for nothing', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), (_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' })
      res.send('body')
    })
    const site = await listen(app)
    const early = await site.get('/it')
    expect(early.status).toBe(103)
    expect(early.text).toMatch(/^HTTP\/1.1 200 OK\r\n/)
    const second = await site.get('/it')
    expect([second.status, second.text]).toEqual([200, 'body'])
    expect(second.cacheStatus).toMatch(hit)
  })
})

describe('HEAD, ETag and 304', () => {
  test('HEAD of a stored response has its fields and no body; of none it runs the handler', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), (_req, res) => void res.json([1, 2, 3]))
    const site = await listen(app)

    const cold = await site.request({ method: 'HEAD', path: '/it' })
    expect([cold.status, cold.header('content-length'), cold.text]).toEqual([200, '7', ''])
    expect(cold.cacheStatus).toBe('restale; fwd=uri-miss')
    const get = await site.get('/it')
    expect(get.cacheStatus).toMatch(stored)
    const warm = await site.request({ method: 'HEAD', path: '/it' })
    expect([warm.status, warm.header('content-length'), warm.text]).toEqual([200, '7', ''])
    expect(warm.cacheStatus).toMatch(hit)
    expect(warm.header('etag')).toBe(get.header('etag'))
  })

  test('the ETag is the weak one of Express, and answers conditions on hits', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), (_req, res) => void res.json('body'))
    const site = await listen(app)
    const etag = (await site.get('/it')).header('etag') as string
    expect(etag).toMatch(/^W\/"/)

    for (const condition of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const response = await site.get('/it', { 'If-None-Match': condition })
      expect([response.status, response.text, response.header('etag')]).toEqual([304, '', etag])
      expect(response.header('content-type')).toBeUndefined()
      expect(response.header('content-length')).toBeUndefined()
      expect(response.cacheStatus).toMatch(hit)
    }
    expect((await site.get('/it', { 'If-None-Match': '"other"' })).status).toBe(200)
  })

  test('with etag off we make one, weak too', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.set('etag', false)
    app.get('/it', responseCache(cache, { life }), (_req, res) => void res.json('body'))
    const site = await listen(app)
    const etag = (await site.get('/it')).header('etag') as string
    expect(etag).toMatch(/^W\/"/)
    expect((await site.get('/it', { 'If-None-Match': etag })).status).toBe(304)
  })

  test('a conditional first request: Express sees no condition, the whole is stored, the client gets its 304', async () => {
    const { cache } = setup()
    const app = quietApp()
    const fresh: boolean[] = []
    app.get('/it', responseCache(cache, { life }), (req, res) => {
      fresh.push(req.fresh)
      res.set('ETag', '"known"').send('whole')
    })
    const site = await listen(app)

    const response = await site.get('/it', { 'If-None-Match': '"known"' })
    expect([response.status, response.text]).toEqual([304, ''])
    expect(response.cacheStatus).toBe('restale; fwd=uri-miss; fwd-status=200; stored')
    expect(fresh).toEqual([false])
    const next = await site.get('/it')
    expect(next.text).toBe('whole')
    expect(next.cacheStatus).toMatch(hit)
  })

  test('a handler that opts in while it runs: conditions are hidden before res.send looks at them', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache))
    app.get('/it', (req, res) => {
      req.cache.life('hours')
      res.set('ETag', '"known"').send('whole')
    })
    const site = await listen(app)

    expect((await site.get('/it', { 'If-None-Match': '"known"' })).status).toBe(304)
    const next = await site.get('/it')
    expect(next.text).toBe('whole')
    expect(next.cacheStatus).toMatch(hit)
  })

  test('what never opts in is answered 304 by Express itself', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.use(responseCache(cache))
    app.get('/it', (_req, res) => void res.set('ETag', '"known"').send('whole'))
    const site = await listen(app)
    const response = await site.get('/it', { 'If-None-Match': '"known"' })
    expect([response.status, response.cacheStatus]).toEqual([304, 'restale; fwd=uri-miss; detail=status-304'])
  })

  test('on a bypass the conditions are Express’s own', async () => {
    const { cache } = setup()
    const app = quietApp()
    app.get(
      '/it',
      responseCache(cache, { life }),
      (_req, res) => void res.set('ETag', '"known"').send('whole'),
    )
    const site = await listen(app)
    const response = await site.get('/it', { 'If-None-Match': '"known"', Cookie: 'a=1' })
    expect([response.status, response.cacheStatus]).toEqual([304, 'restale; fwd=bypass; detail=cookie'])
  })

  test('Last-Modified of a file answers If-Modified-Since on hits', async () => {
    const file = await fileOf('text')
    const { cache } = setup()
    const app = quietApp()
    app.get('/it', responseCache(cache, { life }), (_req, res) => void res.sendFile(file))
    const site = await listen(app)
    const modified = (await site.get('/it')).header('last-modified') as string
    const response = await site.get('/it', { 'If-Modified-Since': modified })
    expect([response.status, response.text]).toEqual([304, ''])
    expect(response.cacheStatus).toMatch(hit)
  })
})
