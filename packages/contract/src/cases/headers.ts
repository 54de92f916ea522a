import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Layer } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, mounted, places } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'
import { quiet } from '../harness/waiting.ts'

const compression: Layer = { kind: 'layer', isCompression: true, run: () => undefined }

export const headers: Theme = {
  name: 'what goes out',
  cases: [
    {
      id: 'generated-cache-control',
      title: 'clients are told to ask each time, on miss, hit and 304',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        const miss = await site.get('/page')
        const hit = await site.get('/page')
        const notModified = await site.get('/page', { 'If-None-Match': fieldValue(hit, 'etag') ?? '' })
        assert.equal(notModified.status, 304)
        for (const response of [miss, hit, notModified]) {
          assert.deepEqual(fieldValues(response, 'cache-control'), ['max-age=0, must-revalidate'])
        }
      },
    },
    {
      id: 'uncached-untouched',
      title: 'a response that did not opt in gets no Cache-Control of ours',
      places,
      async run(trial) {
        const site = await trial.site({ options: {}, routes: [get('/page', origin().handle)] })
        const control = fieldValue(await site.get('/page'), 'cache-control')
        assert.notEqual(control, 'max-age=0, must-revalidate')
      },
    },
    {
      id: 'own-cache-control',
      title: 'a handler’s own Cache-Control is for clients, and goes out as it is',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('Cache-Control', 'public, max-age=5')
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.deepEqual(fieldValues(await site.get('/page'), 'cache-control'), ['public, max-age=5'])
        trial.clock.advance(30_000)
        const hit = await site.get('/page')
        expectHit(hit)
        assert.deepEqual(fieldValues(hit, 'cache-control'), ['public, max-age=5'])
      },
    },
    {
      id: 'own-etag',
      title: 'a handler’s own ETag is kept, and answers conditions',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('ETag', '"mine"')
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.deepEqual(fieldValues(await site.get('/page'), 'etag'), ['"mine"'])
        assert.deepEqual(fieldValues(await site.get('/page'), 'etag'), ['"mine"'])
        assert.equal((await site.get('/page', { 'If-None-Match': '"other", W/"mine"' })).status, 304)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'vary-encoding',
      title: 'Vary: Accept-Encoding keeps variants apart, each by what the client accepts',
      places,
      async run(trial) {
        const plain = Buffer.from('page page page page')
        const page = origin(({ request, reply }) => {
          reply.header('Vary', 'Accept-Encoding')
          reply.header('Content-Type', 'text/plain')
          if (!request.header('accept-encoding')?.includes('gzip')) return plain
          reply.header('Content-Encoding', 'gzip')
          return gzipSync(plain)
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const zipped = { 'Accept-Encoding': 'gzip' }
        for (const expected of [expectMiss, expectHit]) {
          const small = await site.get('/page', zipped)
          expected(small)
          assert.equal(fieldValue(small, 'content-encoding'), 'gzip')
          assert.equal(small.body.equals(gzipSync(plain)), true)
          const large = await site.get('/page')
          expected(large, plain.toString())
          assert.equal(fieldValue(large, 'content-encoding'), undefined)
          for (const response of [small, large]) {
            assert.equal(fieldValue(response, 'vary')?.toLowerCase(), 'accept-encoding')
          }
        }
        expectHit(await site.get('/page', { 'Accept-Encoding': 'gzip;q=0.8' }))
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'compression-above',
      title: 'compression above the cache: stored as it was made, and coded anew for each client',
      places,
      needs: 'compression',
      async run(trial) {
        const text = 'page '.repeat(200)
        const page = origin(({ reply }) => {
          reply.header('Content-Type', 'text/plain')
          return text
        })
        const site = await trial.site({ above: [compression], routes: [get('/page', page.handle)] })
        const zipped = { 'Accept-Encoding': 'gzip' }
        const expectZipped = async (expected: (response: RawResponse) => void) => {
          const response = await site.get('/page', zipped)
          expected(response)
          assert.equal(fieldValue(response, 'content-encoding'), 'gzip')
          assert.equal(gunzipSync(response.body).toString(), text)
        }
        await expectZipped(expectMiss)
        await expectZipped(expectHit)
        // What stands outside may have said that it varies before it knew what it would vary, and is believed.
        await site.get('/page')
        expectHit(await site.get('/page'), text)
        const { runs } = page
        trial.clock.advance(61_000)
        await expectZipped(expectStale)
        await trial.settled()
        await expectZipped(expectHit)
        assert.equal(page.runs, runs + 1)
      },
    },
    {
      id: 'compression-below',
      title: 'compression below the cache: stored as it was coded, a variant for each coding',
      needs: 'compression',
      async run(trial) {
        const page = origin(({ reply }, run) => {
          reply.header('Content-Type', 'text/plain')
          return `page ${run} `.repeat(200)
        })
        const site = await trial.serve([mounted({ life }), compression, get('/page', page.handle)])
        for (const expected of [expectMiss, expectHit]) {
          const small = await site.get('/page', { 'Accept-Encoding': 'gzip' })
          expected(small)
          assert.equal(fieldValue(small, 'content-encoding'), 'gzip')
          assert.equal(gunzipSync(small.body).toString(), 'page 1 '.repeat(200))
          const large = await site.get('/page', { 'Accept-Encoding': 'identity' })
          expected(large, 'page 2 '.repeat(200))
          assert.equal(fieldValue(large, 'content-encoding'), undefined)
        }
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'vary-collapse',
      title: 'who waits for a response that turns out to be another variant’s gets its own',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ request, reply }) => {
          const accepted = request.header('accept-encoding')
          await slow.wait()
          reply.header('Vary', 'Accept-Encoding')
          return `for ${accepted}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const first = await site.send({ path: '/page', headers: [['Accept-Encoding', 'gzip']] })
        await slow.reached
        const second = await site.send({ path: '/page', headers: [['Accept-Encoding', 'br']] })
        await quiet()
        slow.open()
        expectMiss(await first.response(), 'for gzip')
        expectMiss(await second.response(), 'for br')
        expectHit(await site.get('/page', { 'Accept-Encoding': 'gzip' }), 'for gzip')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'vary-origin',
      title: 'Vary: Origin keeps the origins of CORS apart',
      places,
      async run(trial) {
        const page = origin(({ request, reply }) => {
          reply.header('Vary', 'Origin')
          reply.header('Access-Control-Allow-Origin', request.header('origin') ?? '*')
          return `for ${request.header('origin')}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          for (const name of ['https://a.test', 'https://b.test']) {
            const response = await site.get('/page', { Origin: name })
            expected(response, `for ${name}`)
            assert.equal(fieldValue(response, 'access-control-allow-origin'), name)
          }
        }
      },
    },
    {
      id: 'vary-keyed',
      title: 'Vary on a header that is in the key is stored, an entry for each value',
      places,
      async run(trial) {
        const page = origin(({ request, reply }) => {
          reply.header('Vary', 'Accept-Language')
          return `in ${request.header('accept-language')}`
        })
        const options = { life: 'minutes', key: { headers: ['accept-language'] } } as const
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          for (const language of ['en', 'de']) {
            expected(await site.get('/page', { 'Accept-Language': language }), `in ${language}`)
          }
        }
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'variant-refill',
      title: 'a stale variant is refilled as that variant',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          reply.header('Vary', 'Accept-Encoding')
          return `${request.header('accept-encoding')} ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const zipped = { 'Accept-Encoding': 'gzip' }
        await site.get('/page', zipped)
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.get('/page', zipped)
        await trial.settled()
        expectHit(await site.get('/page', zipped), 'gzip 3')
        assert.equal(page.runs, 3)
      },
    },
    {
      id: 'date',
      title: 'hits have one Date, that of the stored response',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        await site.get('/page')
        const born = new Date(trial.clock.now()).toUTCString()
        trial.clock.advance(5_000)
        assert.deepEqual(fieldValues(await site.get('/page'), 'date'), [born])
      },
    },
    {
      id: 'hop-by-hop',
      title: 'what belongs to one connection is not stored',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('Connection', 'close, X-Hop')
          reply.header('X-Hop', '1')
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.equal(fieldValue(await site.get('/page'), 'x-hop'), '1')
        const hit = await site.get('/page')
        expectHit(hit, 'page')
        assert.equal(fieldValue(hit, 'x-hop'), undefined)
        assert.doesNotMatch(fieldValue(hit, 'connection') ?? '', /x-hop/i)
      },
    },
    {
      id: 'cache-status-of-others',
      title: 'what other caches say in Cache-Status stays, and ours comes behind it once',
      places,
      async run(trial) {
        const above: Layer['run'] = ({ reply }) => {
          reply.header('Cache-Status', 'Origin; hit')
          return undefined
        }
        const site = await trial.site({ above: [above], routes: [get('/page', origin().handle)] })
        const miss = fieldValues(await site.get('/page'), 'cache-status').join(', ')
        assert.equal(miss, 'Origin; hit, restale; fwd=uri-miss; stored')
        const hit = fieldValues(await site.get('/page'), 'cache-status').join(', ')
        assert.equal(hit, 'Origin; hit, restale; hit; ttl=60')
      },
    },
    {
      id: 'received-age',
      title: 'a response that brings an age along is that old already',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.header('Age', '10')
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(5_000)
        const hit = await site.get('/page')
        assert.deepEqual(fieldValues(hit, 'age'), ['15'])
        assert.equal(fieldValue(hit, 'cache-status'), 'restale; hit; ttl=45')
      },
    },
  ],
}
