import assert from 'node:assert/strict'
import type { CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectAsked, expectHit, expectMiss, expectRenewed } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { RequestHeaders } from '../harness/site.ts'
import { etagOf, versioned } from '../harness/versioned.ts'

const honoured: CacheOptions = { life, requestDirectives: true }

/** A request for what is fresh for 60 seconds, and 20 seconds old. */
interface Wish {
  readonly id: string
  readonly headers: RequestHeaders
  /** What is stored is good enough for it. */
  readonly isMet: boolean
}

const wishes: readonly Wish[] = [
  { id: 'no-cache', headers: { 'Cache-Control': 'no-cache' }, isMet: false },
  { id: 'no-cache-case', headers: { 'cache-control': 'NO-CACHE' }, isMet: false },
  { id: 'max-age-0', headers: { 'Cache-Control': 'max-age=0' }, isMet: false },
  { id: 'max-age-less', headers: { 'Cache-Control': 'max-age=19' }, isMet: false },
  { id: 'max-age-more', headers: { 'Cache-Control': 'max-age=20' }, isMet: true },
  { id: 'min-fresh-less', headers: { 'Cache-Control': 'min-fresh=40' }, isMet: true },
  { id: 'min-fresh-more', headers: { 'Cache-Control': 'min-fresh=41' }, isMet: false },
  { id: 'min-fresh-and-max-age', headers: { 'Cache-Control': 'max-age=30, min-fresh=50' }, isMet: false },
  { id: 'only-if-cached', headers: { 'Cache-Control': 'only-if-cached' }, isMet: true },
  { id: 'max-stale', headers: { 'Cache-Control': 'max-stale=10' }, isMet: true },
  { id: 'no-transform', headers: { 'Cache-Control': 'no-transform, x-own=1' }, isMet: true },
  { id: 'quoted', headers: { 'Cache-Control': 'x-own="no-cache, max-age=0"' }, isMet: true },
  { id: 'pragma', headers: { Pragma: 'no-cache' }, isMet: false },
  { id: 'pragma-other', headers: { Pragma: 'x-own' }, isMet: true },
  { id: 'pragma-beside', headers: { Pragma: 'no-cache', 'Cache-Control': 'max-age=30' }, isMet: true },
]

export const directives: Theme = {
  name: 'what clients ask of the cache',
  cases: [
    ...wishes.filter(({ isMet }) => !isMet).map(isIgnored),
    ...wishes.map(isHonoured),
    {
      id: 'no-store-ignored',
      title: 'RFC 9111 §5.2.1.5: by default no-store of a client keeps nothing out',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        expectMiss(await site.get('/page', { 'Cache-Control': 'no-store' }), 'run 1')
        expectHit(await site.get('/page', { 'Cache-Control': 'no-store' }), 'run 1')
      },
    },
    {
      id: 'no-store-honoured',
      title: 'RFC 9111 §5.2.1.5: no-store gets nothing stored, and stores nothing; what is stored stays',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
        const asked = { 'Cache-Control': 'no-store' }
        const cold = await site.get('/page', asked)
        assert.equal(fieldValue(cold, 'cache-status'), 'restale; fwd=request; detail=no-store')
        assert.equal(cold.body.toString(), 'run 1')
        expectMiss(await site.get('/page'), 'run 2')
        assert.equal((await site.get('/page', asked)).body.toString(), 'run 3')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'only-if-cached-ignored',
      title: 'RFC 9111 §5.2.1.7: by default only-if-cached runs the handler all the same',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        expectMiss(await site.get('/page', { 'Cache-Control': 'only-if-cached' }), 'run 1')
      },
    },
    {
      id: 'only-if-cached-cold',
      title: 'RFC 9111 §5.2.1.7: only-if-cached for what is not stored is a 504 that no handler has made',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
        const response = await site.get('/page', { 'Cache-Control': 'only-if-cached' })
        assert.equal(response.status, 504)
        assert.equal(response.isComplete, true)
        assert.equal(fieldValue(response, 'cache-status'), undefined)
        const head = await site.head('/page', { 'Cache-Control': 'only-if-cached' })
        assert.equal(head.status, 504)
        assert.equal(page.runs, 0)
        expectMiss(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'only-if-cached-expired',
      title: 'RFC 9111 §5.2.1.7: only-if-cached gets nothing that has expired',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(300_000)
        assert.equal((await site.get('/page', { 'Cache-Control': 'only-if-cached' })).status, 504)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'no-cache-validates',
      title: 'RFC 9111 §5.2.1.4: no-cache has the handler asked whether what is stored is still current',
      places,
      async run(trial) {
        const page = versioned()
        const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(20_000)
        const renewed = await site.get('/page', { 'Cache-Control': 'no-cache' })
        expectRenewed(renewed, 'version 1')
        assert.equal(fieldValue(renewed, 'cache-status'), 'restale; fwd=request; fwd-status=304; stored')
        assert.equal(fieldValue(await site.get('/page'), 'cache-status'), 'restale; hit; ttl=60')
        assert.deepEqual(page.asked, [undefined, etagOf(1)])
      },
    },
    {
      id: 'no-cache-not-collapsed',
      title: 'RFC 9111 §5.2.1.4: who asks for no-cache does not wait for another’s response',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run === 2) await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
        await site.get('/page')
        const first = await site.send({ path: '/page', headers: [['Cache-Control', 'no-cache']] })
        await slow.reached
        const second = await site.get('/page', { 'Cache-Control': 'no-cache' })
        assert.equal(second.body.toString(), 'run 3')
        slow.open()
        assert.equal((await first.response()).body.toString(), 'run 2')
      },
    },
    {
      id: 'no-cache-head',
      title: 'RFC 9111 §5.2.1.4: a HEAD with no-cache runs the handler, and leaves what is stored alone',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
        await site.get('/page')
        const head = await site.head('/page', { 'Cache-Control': 'no-cache' })
        assert.equal(fieldValue(head, 'cache-status'), 'restale; fwd=request')
        assert.equal(page.runs, 2)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
  ],
}

function isIgnored({ id, headers }: Wish): Case {
  return {
    id: `ignored-${id}`,
    title: `RFC 9111 §5.2.1: by default a client gets what is stored, whatever it asks (${textOf(headers)})`,
    async run(trial) {
      const page = origin()
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      await site.get('/page')
      trial.clock.advance(20_000)
      expectHit(await site.get('/page', headers), 'run 1')
    },
  }
}

function isHonoured({ id, headers, isMet }: Wish): Case {
  return {
    id: `honoured-${id}`,
    title: `RFC 9111 §5.2.1: at an age of 20 of 60 seconds, “${textOf(headers)}” gets ${isMet ? 'what is stored' : 'it made anew'}`,
    places: isMet ? ['root'] : places,
    async run(trial) {
      const page = origin()
      const site = await trial.site({ options: honoured, routes: [get('/page', page.handle)] })
      await site.get('/page')
      trial.clock.advance(20_000)
      const response = await site.get('/page', headers)
      if (isMet) expectHit(response, 'run 1')
      else expectAsked(response, 'run 2')
      expectHit(await site.get('/page'), isMet ? 'run 1' : 'run 2')
    },
  }
}

function textOf(headers: RequestHeaders): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ')
}
