import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Body } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, places } from '../harness/place.ts'
import { valueOf, valuesOf } from '../harness/response-reader.ts'
import { maxEntryBytes } from '../harness/trial.ts'

const everyByte = Buffer.from(Array.from({ length: 1024 }, (_, at) => at & 0xff))

interface Kind {
  readonly id: string
  readonly title: string
  readonly body: () => Body
  readonly bytes: Buffer
  readonly type?: string
}

const kinds: readonly Kind[] = [
  { id: 'body-string', title: 'text', body: () => 'text', bytes: Buffer.from('text') },
  { id: 'body-utf8', title: 'UTF-8 text', body: () => 'Grüße, 世界 👋', bytes: Buffer.from('Grüße, 世界 👋') },
  { id: 'body-buffer', title: 'binary', body: () => everyByte, bytes: everyByte, type: 'image/png' },
  { id: 'body-json', title: 'JSON', body: () => ({ json: { a: ['ü'] } }), bytes: Buffer.from('{"a":["ü"]}') },
  { id: 'body-empty', title: 'an empty body', body: () => ({ empty: true }), bytes: Buffer.alloc(0) },
  {
    id: 'body-stream',
    title: 'a stream',
    body: () => ({ stream: chunks([everyByte, Buffer.from('and'), everyByte]) }),
    bytes: Buffer.concat([everyByte, Buffer.from('and'), everyByte]),
    type: 'application/octet-stream',
  },
  {
    id: 'body-empty-stream',
    title: 'a stream of nothing',
    body: () => ({ stream: chunks([]) }),
    bytes: Buffer.alloc(0),
    type: 'application/octet-stream',
  },
]

export const bodies: Theme = {
  name: 'bodies and header lines',
  cases: [
    ...kinds.map(keepsBody),
    {
      id: 'reused-chunk',
      title: 'a stream that uses the memory of its chunks again is stored as it was sent',
      async run(trial) {
        async function* reusing() {
          const chunk = Buffer.alloc(4)
          for (const text of ['abcd', 'efgh']) {
            chunk.write(text)
            yield chunk
            await new Promise((resolve) => setImmediate(resolve))
          }
          chunk.fill('!')
        }
        const page = origin(() => ({ stream: reusing() }))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'abcdefgh')
        expectHit(await site.get('/page'), 'abcdefgh')
      },
    },
    {
      id: 'latin1-header',
      title: 'latin-1 header values go out byte by byte, on the miss and on the hit',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('X-Place', 'Zürich')
          return 'text ü'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.equal(valueOf(await site.get('/page'), 'x-place'), 'Zürich')
        assert.equal(valueOf(await site.get('/page'), 'x-place'), 'Zürich')
      },
    },
    {
      id: 'repeated-lines',
      title: 'repeated header lines stay apart and in order',
      places,
      async run(trial) {
        const links = ['</a>; rel=preload', '</b, c>; rel=preload', '</a>; rel=preload']
        const page = origin(({ reply }) => {
          for (const link of links) reply.append('Link', link)
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.deepEqual(valuesOf(await site.get('/page'), 'link'), links)
        assert.deepEqual(valuesOf(await site.get('/page'), 'link'), links)
      },
    },
    {
      id: 'same-lines',
      title: 'a hit has the header lines of its miss, and none twice',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('X-Made-By', 'handler')
          reply.header('Content-Language', 'de')
          return { json: { a: 1 } }
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const ofUse = ['age', 'cache-status', 'date', 'connection', 'keep-alive']
        const fields = ({ lines }: { readonly lines: readonly (readonly [string, string])[] }) =>
          lines
            .filter(([name]) => !ofUse.includes(name.toLowerCase()))
            .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
            .sort()
        const miss = fields(await site.get('/page'))
        const hit = fields(await site.get('/page'))
        assert.deepEqual(hit, miss)
        assert.equal(new Set(hit).size, hit.length)
      },
    },
    {
      id: 'over-cap',
      title: 'a body over the cap passes whole, and is not stored',
      places,
      async run(trial) {
        const large = Buffer.alloc(maxEntryBytes + 1, 'x')
        const page = origin(() => large)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        for (let run = 1; run <= 2; run++) {
          const response = await site.get('/page')
          expectRefused(response, 'too-large')
          assert.equal(response.body.equals(large), true)
          assert.equal(page.runs, run)
        }
      },
    },
    {
      id: 'over-cap-stream',
      title: 'a stream over the cap passes whole, and is not stored',
      places,
      async run(trial) {
        const part = Buffer.alloc(maxEntryBytes / 4, 'x')
        const page = origin(() => ({ stream: chunks([part, part, part, part, part]) }))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        for (let run = 1; run <= 2; run++) {
          const response = await site.get('/page')
          assert.equal(response.isComplete, true)
          assert.equal(response.body.length, 5 * part.length)
          assert.equal(page.runs, run)
        }
      },
    },
    {
      id: 'keep-alive',
      title: 'misses and hits share a connection',
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const connection = await site.connect()
        for (const expected of [expectMiss, expectHit, expectHit]) {
          site.sendOn(connection, { path: '/page' })
          expected(await connection.response(), 'run 1')
        }
      },
    },
  ],
}

function keepsBody({ id, title, body, bytes, type }: Kind): Case {
  return {
    id,
    title: `${title} is sent and stored byte by byte, with its type`,
    places,
    async run(trial) {
      const page = origin(({ reply }) => {
        if (type !== undefined) reply.header('Content-Type', type)
        return body()
      })
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      const miss = await site.get('/page')
      expectMiss(miss)
      const hit = await site.get('/page')
      expectHit(hit)
      for (const response of [miss, hit]) {
        assert.equal(response.isComplete, true)
        assert.equal(response.body.toString('hex'), bytes.toString('hex'))
      }
      assert.equal(valueOf(hit, 'content-type'), valueOf(miss, 'content-type'))
      assert.equal(valueOf(hit, 'content-length'), String(bytes.length))
      assert.equal(page.runs, 1)
    },
  }
}

async function* chunks(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    yield part
    await new Promise((resolve) => setImmediate(resolve))
  }
}

