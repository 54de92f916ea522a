import assert from 'node:assert/strict'
import { rfc9111 } from '@restale/core'
import type { Theme } from '../harness/case.ts'
import { pageWith, setFields } from '../harness/fields.ts'
import { pair } from '../harness/followers.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places, post } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue } from '../harness/response-reader.ts'
import { versioned } from '../harness/versioned.ts'

/** A list of tokens with parameters, as far as Cache-Status goes (RFC 9651 §3.1). */
const wellFormed =
  /^[a-z*][\w.*-]*(; ?[a-z*][\w.*-]*(=(-?\d{1,15}|[A-Za-z*][\w.:/*-]*|"[^"\\]*"|\?[01]))?)*$/i

function expectStatus(response: RawResponse, expected: string): void {
  const value = fieldValue(response, 'cache-status')
  assert.equal(value, expected)
  assert.match(value ?? '', wellFormed)
}

export const cacheStatus: Theme = {
  name: 'Cache-Status',
  cases: [
    {
      id: 'status-life',
      title: 'RFC 9211 §2: through the life of a response: uri-miss, hit, stale, expired',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        expectStatus(await site.get('/page'), 'restale; fwd=uri-miss; stored')
        expectStatus(await site.get('/page'), 'restale; hit; ttl=60')
        trial.clock.advance(70_000)
        expectStatus(await site.get('/page'), 'restale; hit; ttl=-10')
        await trial.settled()
        trial.clock.advance(300_000)
        expectStatus(await site.get('/page'), 'restale; fwd=stale; stored')
      },
    },
    {
      id: 'status-parts',
      title: 'RFC 9211 §2.1: a 304, a 206 and a HEAD out of the store are hits',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', pageWith({ ETag: '"a"' }).handle)] })
        await site.get('/page')
        const hit = 'restale; hit; ttl=60'
        expectStatus(await site.get('/page', { 'If-None-Match': '"a"' }), hit)
        expectStatus(await site.get('/page', { Range: 'bytes=0-1' }), hit)
        expectStatus(await site.get('/page', { Range: 'bytes=90-' }), hit)
        expectStatus(await site.head('/page'), hit)
      },
    },
    {
      id: 'status-forward',
      title: 'RFC 9211 §2.2: a forward tells its reason: method, bypass, request, vary-miss',
      async run(trial) {
        const page = pageWith({ Vary: 'X-Kind' })
        const routes = [get('/page', page.handle), post('/page', () => 'changed')]
        const options = { life, requestDirectives: true }
        const site = await trial.site({ options, routes })
        expectStatus(await site.post('/page'), 'restale; fwd=method')
        expectStatus(await site.get('/page', { Cookie: 'a=1' }), 'restale; fwd=bypass; detail=cookie')
        await site.get('/page')
        expectStatus(await site.get('/page', { 'Cache-Control': 'no-cache' }), 'restale; fwd=request; stored')
        expectStatus(await site.get('/page', { 'X-Kind': 'a' }), 'restale; fwd=vary-miss; stored')
      },
    },
    {
      id: 'status-forward-status',
      title: 'RFC 9211 §2.3: fwd-status tells what the handler has answered, where that is not what is sent',
      places,
      async run(trial) {
        const page = versioned({ 'Cache-Control': 'max-age=10' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(11_000)
        expectStatus(await site.get('/page'), 'restale; fwd=stale; fwd-status=304; stored')
        page.version = 2
        trial.clock.advance(11_000)
        expectStatus(
          await site.get('/page', { 'If-None-Match': '"version-2"' }),
          'restale; fwd=stale; fwd-status=200; stored',
        )
      },
    },
    {
      id: 'status-not-stored',
      title: 'RFC 9211 §2.5: only what is stored says so; detail tells why it is not',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 'no-store' })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectStatus(await site.get('/page'), 'restale; fwd=uri-miss; detail=no-store')
      },
    },
    {
      id: 'status-collapsed',
      title: 'RFC 9211 §2.6: who was answered by another’s run is collapsed',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const { leader, follower } = await pair(trial, page, slow)
        slow.open()
        expectStatus(await leader.response(), 'restale; fwd=uri-miss; stored')
        expectStatus(await follower.response(), 'restale; fwd=uri-miss; collapsed')
      },
    },
    {
      id: 'status-of-upstream',
      title: 'RFC 9211 §2: what a cache nearer to the origin says comes first',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          setFields(reply, { 'Cache-Status': 'Origin; hit; ttl=5' })
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const miss = fieldValue(await site.get('/page'), 'cache-status')
        assert.equal(miss, 'Origin; hit; ttl=5, restale; fwd=uri-miss; stored')
        expectStatus(await site.get('/page'), 'restale; hit; ttl=60')
      },
    },
  ],
}
