// biome-ignore-all lint/suspicious/noAssignInExpressions: the handlers of these tests are one line each
// biome-ignore-all lint/complexity/noCommaOperator: the handlers of these tests are one line each
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { settled } from '@restale/core/testing'
import type { Context } from 'koa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { responseCache } from '../src/index.ts'
import type { RawResponse } from './support.ts'
import { barrier, errorsOf, hit, life, listen, majors, quiet, setup, stale, stored } from './support.ts'

const described = describe.each(majors)

/** Lines that Node and the cache write by themselves. */
const ofOthers =
  /^(?:date|connection|keep-alive|cache-status|cache-control|etag|age|transfer-encoding|content-length)$/i

function shown(response: RawResponse): unknown {
  const lines = response.lines.filter(([name]) => !ofOthers.test(name)).map((line) => line.join(': '))
  return [
    response.status,
    response.reason,
    lines.sort(),
    response.body.toString('latin1'),
    response.isComplete,
  ]
}

const file = async (text: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'restale-koa-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'file.txt'), text)
  return join(folder, 'file.txt')
}

described('%s: what goes out is what goes out without a cache', (major, make) => {
  const kinds: [string, (ctx: Context) => unknown][] = [
    ['text', (ctx) => (ctx.body = 'größe')],
    ['markup', (ctx) => (ctx.body = '<p>x</p>')],
    ['an empty text', (ctx) => (ctx.body = '')],
    ['a Buffer', (ctx) => (ctx.body = Buffer.from([0, 255, 128, 13, 10]))],
    ['an object', (ctx) => (ctx.body = { a: ['ü'] })],
    ['an array', (ctx) => (ctx.body = [1, 2, 3])],
    ['a number', (ctx) => (ctx.body = 5 as never)],
    ['false', (ctx) => (ctx.body = false as never)],
    [
      'an object with a type of its own',
      (ctx) => ((ctx.type = 'application/vnd.api+json'), (ctx.body = { a: 1 })),
    ],
    ['an object with a function called pipe', (ctx) => (ctx.body = { pipe() {}, a: 1 })],
    ['a text with a charset', (ctx) => ((ctx.type = 'text/csv; charset=latin1'), (ctx.body = 'a;b'))],
    ['a body without a type', (ctx) => ((ctx.body = Buffer.from('x')), ctx.remove('Content-Type'))],
    ['a stream without a type', (ctx) => ((ctx.body = Readable.from(['x'])), ctx.remove('Content-Type'))],
    ['a stream', (ctx) => (ctx.body = Readable.from(['a', 'b', 'ü']))],
    [
      'a stream of a known length',
      (ctx) => ((ctx.body = Readable.from([Buffer.from('four')])), (ctx.length = 4)),
    ],
    ['an empty stream', (ctx) => (ctx.body = Readable.from([]))],
    [
      'a stream with an encoding',
      (ctx) => (ctx.body = Readable.from([Buffer.from('x')], { objectMode: false }).setEncoding('hex')),
    ],
    ['a status alone', (ctx) => (ctx.status = 200)],
    ['null', (ctx) => (ctx.body = null)],
    ['null with 200', (ctx) => ((ctx.body = null), (ctx.status = 200))],
    ['null with 404', (ctx) => ((ctx.body = null), (ctx.status = 404))],
    ['undefined', (ctx) => (ctx.body = undefined)],
    ['404 alone', (ctx) => (ctx.status = 404)],
    ['404 with a page', (ctx) => ((ctx.status = 404), (ctx.body = '<p>none</p>'))],
    ['nothing at all', () => {}],
    ['201', (ctx) => ((ctx.status = 201), (ctx.body = { id: 1 }))],
    ['204', (ctx) => (ctx.status = 204)],
    ['204 and then a body', (ctx) => ((ctx.status = 204), (ctx.body = 'x'))],
    ['204 and then a stream', (ctx) => ((ctx.status = 204), (ctx.body = Readable.from(['x'])))],
    ['205', (ctx) => ((ctx.body = 'x'), (ctx.status = 205))],
    ['410', (ctx) => (ctx.status = 410)],
    ['a redirect', (ctx) => ctx.redirect('/somewhere?ü')],
    ['a permanent redirect', (ctx) => ((ctx.status = 301), ctx.redirect('https://example.com/a'))],
    ['an attachment', (ctx) => (ctx.attachment('päge.txt'), (ctx.body = Buffer.from('x')))],
    ['a 304 of its own', (ctx) => (ctx.status = 304)],
    ['two lines of a name', (ctx) => (ctx.append('Link', ['</a>', '</b>']), (ctx.body = 'x'))],
    ['an assertion that fails', (ctx) => ctx.assert(false, 404, 'No such thing')],
    ['an error that shows', (ctx) => ctx.throw(410, 'Gone for good')],
    [
      'an error that does not',
      () => {
        throw new Error('secret')
      },
    ],
    ...(major === 'Koa 3'
      ? ([
          ['a web stream', (ctx) => (ctx.body = new Blob(['a', 'ü']).stream())],
          ['a Blob', (ctx) => (ctx.body = new Blob(['blob'], { type: 'text/plain' }))],
          [
            'a Response',
            (ctx) => (ctx.body = new Response('answer', { status: 201, headers: { 'X-Of': 'fetch' } })),
          ],
          ['a Response without body', (ctx) => (ctx.body = new Response(null, { status: 200 }))],
          ['a Response of 204', (ctx) => (ctx.body = new Response(null, { status: 204 }))],
        ] as [string, (ctx: Context) => unknown][])
      : []),
  ]

  test.each(kinds)('%s', async (_name, handler) => {
    const { cache } = setup()
    const bare = make()
    bare.use((ctx) => void handler(ctx as Context))
    const expected = shown(await (await listen(bare)).get('/it'))

    const app = make()
    app.use(responseCache(cache, { life, statuses: [200, 201, 204, 205, 301, 302, 404, 410] }))
    app.use((ctx) => void handler(ctx as Context))
    const site = await listen(app)
    for (let round = 0; round < 3; round++) expect(shown(await site.get('/it'))).toEqual(expected)
    const head = await site.request({ method: 'HEAD', path: '/it' })
    expect([head.status, head.text]).toEqual([(expected as number[])[0], ''])
  })

  test('a file, whole and by 304', async () => {
    const path = await file('a file '.repeat(20_000))
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life }))
    app.use((ctx) => {
      ctx.type = 'txt'
      ctx.body = createReadStream(path)
    })
    const site = await listen(app)
    const first = await site.get('/file')
    const second = await site.get('/file')
    expect(second.cacheStatus).toMatch(hit)
    expect([second.text, second.isComplete]).toEqual([first.text, true])
    expect(second.header('content-type')).toBe('text/plain; charset=utf-8')
    const third = await site.get('/file', { 'If-None-Match': second.header('etag') as string })
    expect([third.status, third.text]).toEqual([304, ''])
  })
})

described('%s: what stands outside', (_major, make) => {
  test('fills in for what the handler has left open, on hits too', async () => {
    const { cache } = setup()
    const app = make()
    app.use(async (ctx, next) => {
      await next()
      if (ctx.status === 404 && !ctx.body) {
        ctx.body = 'our own page'
        ctx.status = 404
      }
    })
    app.use(responseCache(cache, { life, statuses: [200, 404] }))
    app.use((ctx) => {
      if (ctx.path === '/said') {
        ctx.status = 404
        ctx.body = 'said'
      }
    })
    const site = await listen(app)
    for (const [path, text] of [
      ['/nowhere', 'our own page'],
      ['/said', 'said'],
    ] as const) {
      expect((await site.get(path)).text).toBe(text)
      const again = await site.get(path)
      expect(again.cacheStatus).toMatch(hit)
      expect([again.status, again.text]).toEqual([404, text])
    }
  })

  test('answers for errors, and that answer is not stored', async () => {
    const { cache } = setup()
    const app = make()
    let runs = 0
    app.use(async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        ctx.status = (error as { status?: number }).status ?? 500
        ctx.body = `sorry: ${(error as Error).message}, ${ctx.get('If-None-Match')}`
      }
    })
    app.use(responseCache(cache, { life, statuses: [200, 404] }))
    app.use((ctx) => ctx.throw(404, `none ${++runs}`))
    const site = await listen(app)
    expect((await site.get('/it', { 'If-None-Match': '"a"' })).text).toBe('sorry: none 1, "a"')
    expect((await site.get('/it')).text).toBe('sorry: none 2, ')
  })

  test('may change the status and the headers of a hit', async () => {
    const { cache } = setup()
    const app = make()
    app.use(async (ctx, next) => {
      await next()
      ctx.set('X-Length', String(ctx.length))
      ctx.set('X-Type', ctx.type)
    })
    app.use(responseCache(cache, { life }))
    app.use((ctx) => void (ctx.body = { a: 1 }))
    const site = await listen(app)
    for (const pattern of [stored, hit]) {
      const response = await site.get('/it')
      expect(response.cacheStatus).toMatch(pattern)
      expect([response.header('x-length'), response.header('x-type')]).toEqual(['7', 'application/json'])
    }
  })
})

described('%s: what is sent past Koa', (_major, make) => {
  const ways: [string, (ctx: Context) => unknown][] = [
    [
      'ctx.respond = false, and later',
      (ctx) => {
        ctx.respond = false
        setImmediate(() => ctx.res.writeHead(200).end('raw'))
      },
    ],
    [
      'ctx.respond = false, at once',
      (ctx) => {
        ctx.respond = false
        ctx.res.statusCode = 200
        ctx.res.end('raw')
      },
    ],
    [
      'ctx.res alone',
      (ctx) => {
        ctx.res.statusCode = 200
        ctx.res.end('raw')
      },
    ],
    [
      'ctx.res and a body that comes too late',
      (ctx) => {
        ctx.res.writeHead(200)
        ctx.res.end('raw')
        ctx.body = 'body'
      },
    ],
  ]

  test.each(ways)('%s: is never stored', async (_name, handler) => {
    const { cache } = setup()
    const app = make()
    let runs = 0
    app.use(responseCache(cache, { life }))
    app.use((ctx) => {
      runs++
      handler(ctx as Context)
    })
    const site = await listen(app)
    for (let round = 0; round < 3; round++) {
      const response = await site.get('/raw')
      expect([response.status, response.text]).toEqual([200, 'raw'])
    }
    expect(runs).toBe(3)
  })

  test('holds nobody up while it goes on', async () => {
    const { cache } = setup()
    const app = make()
    const gate = barrier()
    app.use(responseCache(cache, { life, tags: ['events'] }))
    app.use(async (ctx) => {
      ctx.respond = false
      ctx.res.write('first')
      await gate.wait()
      ctx.res.end('last')
    })
    const site = await listen(app)
    const first = site.get('/events')
    await gate.reached
    const [socket] = [connect({ port: site.port, host: '127.0.0.1' })]
    onTestFinished(() => void socket.destroy())
    socket.write('GET /events HTTP/1.1\r\nHost: test.example\r\n\r\n')
    const [chunk] = await once(socket, 'data')
    expect(String(chunk)).toContain('first')
    gate.open()
    expect((await first).text).toBe('firstlast')
  })
})

described('%s: streams that break', (major, make) => {
  const broken = (): Readable =>
    Readable.from(
      (async function* () {
        yield 'a'
        await new Promise(setImmediate)
        throw new Error('broken')
      })(),
    )

  test('on a miss: nothing is stored, and the application hears of it as ever', async () => {
    const { cache } = setup()
    const app = make()
    let runs = 0
    app.on('error', (_error, ctx?: Context) => ctx?.res.destroy())
    app.use(responseCache(cache, { life }))
    app.use((ctx) => void (ctx.body = ++runs === 1 ? broken() : 'whole'))
    const site = await listen(app)
    expect((await site.get('/it')).isComplete).toBe(false)
    const bare = make()
    bare.on('error', (_error, ctx?: Context) => ctx?.res.destroy())
    bare.use((ctx) => void (ctx.body = broken()))
    await (await listen(bare)).get('/it')
    await quiet()
    expect(errorsOf(bare).map(({ message }) => message)).toContain('broken')
    expect(errorsOf(app)).toEqual(errorsOf(bare))
    expect((await site.get('/it')).text).toBe('whole')
    expect((await site.get('/it')).cacheStatus).toMatch(hit)
  })

  test('before the first byte: the answer is Koa’s', async () => {
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life }))
    app.use((ctx) => void (ctx.body = createReadStream('/nowhere/at/all')))
    const bare = make()
    bare.use((ctx) => void (ctx.body = createReadStream('/nowhere/at/all')))
    const expected = await (await listen(bare)).get('/it').catch(() => undefined)
    const site = await listen(app)
    for (let round = 0; round < 2; round++) {
      const response = await site.get('/it').catch(() => undefined)
      expect([response?.status, response?.text]).toEqual([expected?.status, expected?.text])
    }
    await quiet()
    expect(errorsOf(app)).toHaveLength(2 * errorsOf(bare).length)
  })

  test('on a refill: the old response stays, and the application hears of it', async () => {
    const { cache, clock } = setup()
    const app = make()
    let runs = 0
    app.use(responseCache(cache, { life }))
    app.use((ctx) => void (ctx.body = ++runs === 2 ? broken() : Readable.from([`run ${runs}`])))
    const site = await listen(app)
    await site.get('/it')
    clock.advance(61_000)
    expect((await site.get('/it')).cacheStatus).toMatch(stale)
    await expect.poll(() => errorsOf(app).map(({ message }) => message)).toContain('broken')
    await settled(cache)
    const again = await site.get('/it')
    expect([again.text, stale.test(again.cacheStatus)]).toEqual(['run 1', true])
    expect(runs).toBe(2)
  })

  test('a client that leaves mid-stream: the source is destroyed, nothing is stored', async () => {
    const { cache } = setup()
    const app = make()
    let source: Readable | undefined
    let runs = 0
    app.use(responseCache(cache, { life }))
    app.use((ctx) => {
      runs++
      const stream = new PassThrough()
      stream.write('start')
      source = stream
      if (runs > 1) stream.end()
      ctx.body = stream
    })
    const site = await listen(app)
    const socket = connect({ port: site.port, host: '127.0.0.1' })
    socket.write('GET /it HTTP/1.1\r\nHost: test.example\r\n\r\n')
    await once(socket, 'data')
    socket.destroy()
    await expect.poll(() => source?.destroyed).toBe(true)
    expect((await site.get('/it')).text).toBe('start')
    expect((await site.get('/it')).cacheStatus).toMatch(hit)
    expect(runs).toBe(2)
  })

  test('a client that leaves before there is an answer: others do not wait for it', async () => {
    const { cache } = setup()
    const app = make()
    const gate = barrier()
    let runs = 0
    app.use(responseCache(cache, { life }))
    app.use(async (ctx) => {
      if (++runs === 1) await gate.wait()
      ctx.body = `run ${runs}`
    })
    const site = await listen(app)
    const socket = connect({ port: site.port, host: '127.0.0.1' })
    socket.write('GET /it HTTP/1.1\r\nHost: test.example\r\n\r\n')
    await gate.reached
    const waiting = site.get('/it')
    await quiet()
    socket.destroy()
    expect((await waiting).text).toBe('run 2')
  })

  test('a slow first reader holds nobody up', async () => {
    const { cache } = setup()
    const app = make()
    const body = 'x'.repeat(900_000)
    app.use(responseCache(cache, { life }))
    app.use((ctx) => {
      ctx.body = Readable.from([body.slice(0, 500_000), body.slice(500_000)])
    })
    const site = await listen(app)
    const socket = connect({ port: site.port, host: '127.0.0.1' })
    onTestFinished(() => void socket.destroy())
    socket.pause()
    socket.write('GET /it HTTP/1.1\r\nHost: test.example\r\n\r\n')
    await quiet()
    const response = await site.get('/it')
    expect(response.text.length).toBe(body.length)
    expect((await site.get('/it')).cacheStatus).toMatch(hit)
  })

  test('a body that somebody outside replaces is whole all the same', async () => {
    const { cache } = setup()
    const app = make()
    app.use(async (ctx, next) => {
      await next()
      if (ctx.query.other !== undefined) ctx.body = 'other'
    })
    app.use(responseCache(cache, { life, key: { query: [] } }))
    app.use((ctx) => void (ctx.body = Readable.from(['stream'])))
    const site = await listen(app)
    expect((await site.get('/it?other')).text).toBe('other')
    await settled(cache)
    expect((await site.get('/it')).text).toBe('stream')
  })

  test(`a refill of a stream replaces it (${major})`, async () => {
    const { cache, clock } = setup()
    const app = make()
    let runs = 0
    app.use(responseCache(cache, { life }))
    app.use((ctx) => void (ctx.body = Readable.from([`run ${++runs}`])))
    const site = await listen(app)
    await site.get('/it')
    clock.advance(61_000)
    expect((await site.get('/it')).text).toBe('run 1')
    await settled(cache)
    expect((await site.get('/it')).text).toBe('run 2')
  })

  test('what would have come in chunks is cut, or known already, all the same', async () => {
    const { cache } = setup()
    const app = make()
    app.use(responseCache(cache, { life, key: { query: ['n'] } }))
    app.use((ctx) => {
      ctx.body = 'body'
      ctx.set({ ETag: '"a"', Trailer: 'X-Behind' })
      ctx.remove('Content-Length')
      ctx.res.addTrailers({ 'X-Behind': '1' })
    })
    const site = await listen(app)
    const part = await site.get('/it?n=1', { Range: 'bytes=1-2' })
    expect([part.status, part.text, part.header('trailer')]).toEqual([206, 'od', undefined])
    const known = await site.get('/it?n=2', { 'If-None-Match': '"a"' })
    expect([known.status, known.text, known.header('trailer')]).toEqual([304, '', undefined])
  })
})
