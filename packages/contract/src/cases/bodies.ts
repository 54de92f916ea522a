import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Body } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBody, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, places } from '../harness/place.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'
import { maxEntryBytes } from '../harness/trial.ts'
import { quiet } from '../harness/waiting.ts'

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
  {
    id: 'body-utf8',
    title: 'UTF-8 text',
    body: () => 'Grüße, 世界 👋',
    bytes: Buffer.from('Grüße, 世界 👋'),
  },
  { id: 'body-buffer', title: 'binary', body: () => everyByte, bytes: everyByte, type: 'image/png' },
  { id: 'body-json', title: 'JSON', body: () => ({ json: { a: ['ü'] } }), bytes: Buffer.from('{"a":["ü"]}') },
  { id: 'body-empty', title: 'an empty body', body: () => ({ empty: true }), bytes: Buffer.alloc(0) },
  {
    id: 'body-stream',
    title: 'a stream',
    body: () => ({ stream: parts(everyByte, 'and', everyByte) }),
    bytes: Buffer.concat([everyByte, Buffer.from('and'), everyByte]),
    type: 'application/octet-stream',
  },
  {
    id: 'body-empty-stream',
    title: 'a stream of nothing',
    body: () => ({ stream: parts() }),
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
        assert.equal(fieldValue(await site.get('/page'), 'x-place'), 'Zürich')
        assert.equal(fieldValue(await site.get('/page'), 'x-place'), 'Zürich')
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
        assert.deepEqual(fieldValues(await site.get('/page'), 'link'), links)
        assert.deepEqual(fieldValues(await site.get('/page'), 'link'), links)
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
        const page = origin(() => ({ stream: parts(part, part, part, part, part) }))
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
      id: 'half-closed',
      title: 'a client that has closed its side may be taken for gone: nothing half is left behind',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(() => ({ stream: parts('first half, ', slow.wait, 'second half') }))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const connection = await site.send({ path: '/page' })
        await connection.received(1)
        connection.finish()
        await quiet()
        slow.open()
        await connection.response()
        for (let request = 1; request <= 2; request++) {
          expectBody(await site.get('/page'), 'first half, second half')
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
      assert.equal(fieldValue(hit, 'content-type'), fieldValue(miss, 'content-type'))
      assert.equal(fieldValue(hit, 'content-length'), String(bytes.length))
      assert.equal(fieldValue(hit, 'transfer-encoding'), undefined)
      assert.equal(page.runs, 1)
    },
  }
}
