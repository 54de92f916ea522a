import assert from 'node:assert/strict'
import type { CacheOptions } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectStale } from '../harness/expect.ts'
import { pageWith } from '../harness/fields.ts'
import { origin } from '../harness/origin.ts'
import { get, places } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'

const life = { stale: 20, revalidate: 60, expire: 300 }
const browsers: CacheOptions = { life, downstream: ['browser'] }
const cdns: CacheOptions = { life, downstream: ['cdn'] }
const alwaysAsk = 'max-age=0, must-revalidate'

/** What a response tells browsers, and what CDNs. */
function told(response: RawResponse): (string | undefined)[] {
  return ['cache-control', 'cdn-cache-control'].map((name) => fieldValue(response, name))
}

export const downstream: Theme = {
  name: 'what caches downstream are told',
  cases: [
    {
      id: 'downstream-browser',
      title:
        'RFC 9111 §5.2.2.1: browsers may keep a response as long as its life says, and no longer than it is fresh',
      places,
      async run(trial) {
        const site = await trial.site({ options: browsers, routes: [get('/page', origin().handle)] })
        const miss = await site.get('/page')
        expectMiss(miss)
        assert.deepEqual(told(miss), ['max-age=20', undefined])
        trial.clock.advance(10_000)
        const hit = await site.get('/page')
        assert.equal(fieldValue(hit, 'age'), '10')
        assert.deepEqual(told(hit), ['max-age=30', undefined])
        trial.clock.advance(45_000)
        assert.deepEqual(told(await site.get('/page')), ['max-age=60', undefined])
      },
    },
    {
      id: 'downstream-cdn',
      title: 'RFC 9213 §3.1: CDNs are told the whole life, and browsers to ask each time',
      places,
      async run(trial) {
        const site = await trial.site({ options: cdns, routes: [get('/page', origin().handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          assert.deepEqual(told(response), [alwaysAsk, 'max-age=60, stale-while-revalidate=240'])
          trial.clock.advance(10_000)
        }
      },
    },
    {
      id: 'downstream-both',
      title: 'RFC 9213 §3.1: both may be told',
      places,
      async run(trial) {
        const options: CacheOptions = { life, downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', origin().handle)] })
        const expected = ['max-age=20', 'max-age=60, stale-while-revalidate=240']
        assert.deepEqual(told(await site.get('/page')), expected)
        const hit = await site.get('/page')
        assert.deepEqual(told(hit), expected)
        const unmodified = await site.get('/page', { 'If-None-Match': fieldValue(hit, 'etag') ?? '' })
        assert.equal(unmodified.status, 304)
        assert.deepEqual(told(unmodified), expected)
        for (const name of ['cache-control', 'cdn-cache-control'])
          assert.equal(fieldValues(hit, name).length, 1, name)
      },
    },
    {
      id: 'downstream-stale',
      title: 'RFC 9111 §4.2.4: of what is stale, nobody downstream may keep anything',
      places,
      async run(trial) {
        const options: CacheOptions = { life, downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', origin().handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        const stale = await site.get('/page')
        expectStale(stale, 'run 1')
        assert.deepEqual(told(stale), [alwaysAsk, 'max-age=0'])
      },
    },
    {
      id: 'downstream-own-control',
      title: 'RFC 9213 §2: a handler’s own Cache-Control stays as it is',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 'public, max-age=5' })
        const options: CacheOptions = { life, downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          assert.deepEqual(fieldValues(response, 'cache-control'), ['public, max-age=5'])
        }
      },
    },
    {
      id: 'downstream-own-targeted',
      title: 'RFC 9213 §2: a handler’s own CDN-Cache-Control stays as it is',
      places,
      async run(trial) {
        const page = pageWith({ 'CDN-Cache-Control': 'max-age=5' })
        const options: CacheOptions = { life, downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          assert.deepEqual(fieldValues(response, 'cdn-cache-control'), ['max-age=5'])
        }
      },
    },
    {
      id: 'downstream-cache-life',
      title: 'RFC 9111 §5.2.2.1: a life that the handler states by a call is told, too',
      places,
      async run(trial) {
        const page = origin((_, run) => {
          trial.cache.cacheLife({ stale: 5, revalidate: 30, expire: 40 })
          return `run ${run}`
        })
        const options: CacheOptions = { downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        const expected = ['max-age=5', 'max-age=30, stale-while-revalidate=10']
        assert.deepEqual(told(await site.get('/page')), expected)
        assert.deepEqual(told(await site.get('/page')), expected)
      },
    },
    {
      id: 'downstream-refused',
      title: 'RFC 9111 §5.2.2: of what is not stored, nobody downstream is told a life',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.cookie('a', '1')
          return 'page'
        })
        const options: CacheOptions = { life, downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        const [control, targeted] = told(await site.get('/page'))
        assert.doesNotMatch(control ?? '', /max-age=[1-9]/)
        assert.equal(targeted, undefined)
      },
    },
    {
      id: 'downstream-by-headers',
      title: 'RFC 9111 §5.2.2: what lives by its own fields has told everybody already',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 's-maxage=60' })
        const options: CacheOptions = { downstream: ['browser', 'cdn'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          const response = await site.get('/page')
          expected(response)
          assert.deepEqual(told(response), ['s-maxage=60', undefined])
        }
      },
    },
  ],
}
