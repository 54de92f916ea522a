import assert from 'node:assert/strict'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import { until } from '../harness/waiting.ts'

export const freshness: Theme = {
  name: 'fresh, stale, expired',
  cases: [
    {
      id: 'hit',
      title: 'a second request is answered without the handler',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'stale-then-fresh',
      title: 'a stale response goes out at once, and one refill runs behind it',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run > 1) await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(60_000)
        expectStale(await site.get('/page'), 'run 1')
        await slow.reached
        expectStale(await site.get('/page'), 'run 1')
        assert.equal(page.runs, 2)
        slow.open()
        await trial.settled()
        expectHit(await site.get('/page'), 'run 2')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'expired',
      title: 'an expired response is never sent',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(300_000)
        const response = await site.get('/page')
        expectMiss(response, 'run 2')
        assert.equal(fieldValue(response, 'cache-status'), 'restale; fwd=stale; stored')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'age',
      title: 'hits tell their age and the freshness that is left, stale ones too',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        assert.equal(fieldValue(await site.get('/page'), 'cache-status'), 'restale; fwd=uri-miss; stored')
        trial.clock.advance(7_900)
        const fresh = await site.get('/page')
        assert.equal(fieldValue(fresh, 'age'), '7')
        assert.equal(fieldValue(fresh, 'cache-status'), 'restale; hit; ttl=53')
        trial.clock.advance(60_000)
        const stale = await site.get('/page')
        assert.equal(fieldValue(stale, 'age'), '67')
        assert.equal(fieldValue(stale, 'cache-status'), 'restale; hit; ttl=-8')
      },
    },
    {
      id: 'stale-flood',
      title: 'a thousand stale requests cost one refill, and none of them waits for it',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run > 1) await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        const connections = await site.flood(1_000, '/page')
        for (const connection of connections) expectStale(await connection.response(), 'run 1')
        await until('the refill runs', () => page.runs > 1)
        slow.open()
        await trial.settled()
        assert.equal(page.runs, 2)
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'refill-of-head',
      title: 'a HEAD for a stale response sets off a refill by GET',
      places,
      async run(trial) {
        const page = origin(({ request }, run) => `${request.method} ${run}`)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.head('/page'), '')
        await trial.settled()
        expectHit(await site.get('/page'), 'GET 2')
      },
    },
  ],
}
