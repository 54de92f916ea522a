import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ReadableStream } from 'node:stream/web'
import type { Body, Offer } from '../description.ts'
import { afterRefill } from '../harness/after-refill.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBody, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
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
  readonly needs?: Offer
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
  {
    id: 'body-web-stream',
    title: 'a web stream',
    body: () => ({ stream: parts(everyByte, 'and'), web: ReadableStream.from(parts(everyByte, 'and')) }),
    bytes: Buffer.concat([everyByte, Buffer.from('and')]),
    type: 'application/octet-stream',
    needs: 'web-streams',
  },
]

export const bodies: Theme = {
  name: 'bodies and header lines',
  cases: [
    ...kinds.map(keepsBody),
    {
      id: 'reused-chunk',
      title: 'a stream that uses the memory of its chunks again is stored as it was sent',
      places,
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
      title: 'latin-1 header values go out byte by byte, on the miss, on the hit and after a refill',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('X-Place', 'Zürich')
          return 'text ü'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.equal(fieldValue(await site.get('/page'), 'x-place'), 'Zürich')
        assert.equal(fieldValue(await site.get('/page'), 'x-place'), 'Zürich')
        assert.equal(fieldValue(await afterRefill(trial, site, '/page'), 'x-place'), 'Zürich')
      },
    },
    {
      id: 'body-file',
      title: 'a file is sent and stored byte by byte, by a refill too, and a hit answers conditions for it',
      places,
      needs: 'files',
      async run(trial) {
        const folder = await mkdtemp(join(tmpdir(), 'contract-'))
        try {
          const file = join(folder, 'file.bin')
          await writeFile(file, everyByte)
          const page = origin(() => ({ stream: parts(everyByte), file }))
          const site = await trial.site({ routes: [get('/page', page.handle)] })
          const miss = await site.get('/page')
          expectMiss(miss)
          const hit = await site.get('/page')
          expectHit(hit)
          const etag = fieldValue(hit, 'etag')
          if (etag !== undefined)
            assert.equal((await site.get('/page', { 'If-None-Match': etag })).status, 304)
          assert.equal(page.runs, 1)
          const refilled = await afterRefill(trial, site, '/page')
          assert.equal(page.runs, 2)
          for (const { body } of [miss, hit, refilled]) assert.equal(body.equals(everyByte), true)
          for (const response of [hit, refilled])
            assert.equal(fieldValue(response, 'content-type'), fieldValue(miss, 'content-type'))
        } finally {
          await rm(folder, { recursive: true })
        }
      },
    },
    {
      id: 'utf8-header',
      title: 'UTF-8 in header values goes out byte by byte, on the miss, on the hit and after a refill',
      places,
      async run(trial) {
        const bytes = Buffer.from('Zürich 世界')
        const page = origin(({ reply }) => {
          reply.header('X-Place', bytes.toString('latin1'))
          return everyByte
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          assert.equal(fieldValue(response, 'x-place'), bytes.toString('latin1'))
        }
        const refilled = await afterRefill(trial, site, '/page')
        assert.equal(fieldValue(refilled, 'x-place'), bytes.toString('latin1'))
      },
    },
    {
      id: 'changed-bytes',
      title: 'a handler that uses the memory of its body again changes nothing of what is stored',
      places,
      async run(trial) {
        const bytes = Buffer.from('as it was sent')
        const page = origin(() => bytes)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'as it was sent')
        bytes.fill('!')
        expectHit(await site.get('/page'), 'as it was sent')
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
        assert.deepEqual(fieldValues(await afterRefill(trial, site, '/page'), 'link'), links)
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
        assert.deepEqual(fields(await afterRefill(trial, site, '/page')), miss)
      },
    },
    {
      id: 'no-content',
      title: 'a 204 that the options let in is stored, and has no content on a hit either',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.status(204)
          return { empty: true }
        })
        const options = { life, statuses: [204] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          assert.equal(response.status, 204)
          assert.equal(fieldValue(response, 'content-length'), undefined)
          assert.equal(fieldValue(response, 'transfer-encoding'), undefined)
        }
        assert.equal((await afterRefill(trial, site, '/page')).status, 204)
        assert.equal(page.runs, 2)
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
      places,
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

function keepsBody({ id, title, body, bytes, type, needs }: Kind): Case {
  return {
    id,
    needs,
    title: `${title} is sent and stored byte by byte, with its type, by a refill too`,
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
      assert.equal(page.runs, 1)
      const refilled = await afterRefill(trial, site, '/page')
      assert.equal(page.runs, 2)
      for (const response of [miss, hit, refilled]) {
        assert.equal(response.isComplete, true)
        assert.equal(response.body.toString('hex'), bytes.toString('hex'))
        assert.equal(fieldValue(response, 'content-type'), fieldValue(miss, 'content-type'))
      }
      for (const response of [hit, refilled]) {
        assert.equal(fieldValue(response, 'content-length'), String(bytes.length))
        assert.equal(fieldValue(response, 'transfer-encoding'), undefined)
      }
    },
  }
}
