import assert from 'node:assert/strict'
import type { Layer } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectMiss } from '../harness/expect.ts'
import { guard } from '../harness/guard.ts'
import { origin } from '../harness/origin.ts'
import { get, group, layer, life, mounted, places } from '../harness/place.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'
import { quiet } from '../harness/waiting.ts'

const key = { 'X-Key': 'right' }

export const standing: Theme = {
  name: 'where the cache stands',
  cases: [
    {
      id: 'two-mounts',
      title: 'two mounts of one cache never share an entry',
      places,
      async run(trial) {
        const first = await trial.site({ routes: [get('/page', () => 'first')] })
        const second = await trial.site({ routes: [get('/page', () => 'second')] })
        expectMiss(await first.get('/page'), 'first')
        expectMiss(await second.get('/page'), 'second')
        expectHit(await first.get('/page'), 'first')
        expectHit(await second.get('/page'), 'second')
      },
    },
    {
      id: 'named-mounts',
      title: 'two mounts of one name share their entries',
      places,
      async run(trial) {
        const options = { life, name: 'shared' }
        const first = await trial.site({ options, routes: [get('/page', () => 'first')] })
        const second = await trial.site({ options, routes: [get('/page', () => 'second')] })
        expectMiss(await first.get('/page'), 'first')
        expectHit(await second.get('/page'), 'first')
      },
    },
    {
      id: 'two-hosts',
      title: 'two hosts never share an entry',
      places,
      async run(trial) {
        const page = origin(({ request }) => request.host)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          for (const host of ['a.test', 'b.test', 'a.test:81']) {
            expected(await site.get('/page', { Host: host }), host)
          }
        }
      },
    },
    {
      id: 'shared-hosts',
      title: 'key.host: false lets hosts share',
      places,
      async run(trial) {
        const page = origin()
        const options = { life, key: { host: false } }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { Host: 'a.test' }), 'run 1')
        expectHit(await site.get('/page', { Host: 'b.test' }), 'run 1')
      },
    },
    {
      id: 'forwarded-host-untrusted',
      title: 'without trust in a proxy, what it says of the host is not believed, nor shared with others',
      places,
      async run(trial) {
        const page = origin(({ request }, run) => `${request.protocol} ${request.host} ${run}`)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const forwarded = { 'X-Forwarded-Host': 'evil.test', 'X-Forwarded-Proto': 'https' }
        expectMiss(await site.get('/page', forwarded), 'http contract.test 1')
        expectMiss(await site.get('/page'), 'http contract.test 2')
        expectHit(await site.get('/page', forwarded), 'http contract.test 1')
      },
    },
    {
      id: 'forwarded-host-trusted',
      title: 'with trust in a proxy, key and handler see the same host and protocol',
      places,
      async run(trial) {
        const page = origin(({ request }, run) => `${request.protocol} ${request.host} ${run}`)
        const site = await trial.site({ trustsProxy: true, routes: [get('/page', page.handle)] })
        const forwarded = { 'X-Forwarded-Host': 'public.test', 'X-Forwarded-Proto': 'https' }
        expectMiss(await site.get('/page', forwarded), 'https public.test 1')
        expectHit(await site.get('/page', forwarded), 'https public.test 1')
        expectMiss(
          await site.get('/page', { ...forwarded, 'X-Forwarded-Proto': 'http' }),
          'http public.test 2',
        )
        expectMiss(await site.get('/page'), 'http contract.test 3')
      },
    },
    {
      id: 'inner-owns',
      title: 'the inner of two mounts owns the entry: a guard between them is never skipped',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          mounted({ life }),
          group('/api', [layer(guard), mounted({ life }), get('/page', page.handle)]),
        ])
        expectMiss(await site.get('/api/page', key), 'run 1')
        expectHit(await site.get('/api/page', key), 'run 1')
        assert.equal((await site.get('/api/page')).status, 401)
        expectHit(await site.get('/api/page', key), 'run 1')
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'inner-owns-route',
      title: 'a route’s own cache owns its entries below a mount, guarded or not',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          mounted({ life }),
          get('/page', page.handle, { layers: [guard], cache: { life: { revalidate: 10, expire: 20 } } }),
        ])
        const miss = await site.get('/page', key)
        expectMiss(miss, 'run 1')
        assert.equal(
          fieldValues(miss, 'cache-status')
            .join()
            .match(/restale/g)?.length,
          1,
        )
        assert.equal(fieldValue(await site.get('/page', key), 'cache-status'), 'restale; hit; ttl=10')
        assert.equal((await site.get('/page')).status, 401)
      },
    },
    {
      id: 'inner-owns-cold',
      title: 'the inner mount owns also while both are cold and many ask at once',
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const site = await trial.serve([
          mounted({ life }),
          group('/api', [layer(guard), mounted({ life }), get('/page', page.handle)]),
        ])
        const headers = Object.entries(key)
        const allowed = await site.send({ path: '/api/page', headers })
        await slow.reached
        const another = await site.send({ path: '/api/page', headers })
        const stranger = await site.send({ path: '/api/page' })
        assert.equal((await stranger.response()).status, 401)
        await quiet()
        slow.open()
        expectMiss(await allowed.response(), 'run 1')
        assert.equal((await another.response()).body.toString(), 'run 1')
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'inner-owns-at-once',
      title: 'once the inner mount owns, nobody waits at the outer one while another is held between the two',
      async run(trial) {
        const slow = trial.barrier()
        const page = origin()
        const between: Layer['run'] = async ({ request }) => {
          if (request.header('x-held') === 'yes') await slow.wait()
          return undefined
        }
        const site = await trial.serve([
          mounted({ life }),
          group('/api', [layer(between), mounted({ life }), get('/page', page.handle)]),
        ])
        await site.get('/api/page')
        trial.clock.advance(301_000)
        const held = await site.send({ path: '/api/page', headers: [['X-Held', 'yes']] })
        await slow.reached
        expectMiss(await site.get('/api/page'), 'run 2')
        slow.open()
        expectHit(await held.response(), 'run 2')
      },
    },
    {
      id: 'inner-owns-refill',
      title: 'a refill of an inner mount’s entry goes past the outer one',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          mounted({ life }),
          group('/api', [mounted({ life }), get('/page', page.handle)]),
        ])
        await site.get('/api/page')
        trial.clock.advance(61_000)
        await site.get('/api/page')
        await trial.settled()
        expectHit(await site.get('/api/page'), 'run 2')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'inner-opts-out',
      title: 'an inner mount that stores nothing keeps the outer one from storing',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          mounted({ life }),
          group('/api', [layer(guard), mounted({}), get('/page', page.handle)]),
        ])
        assert.equal((await site.get('/api/page', key)).body.toString(), 'run 1')
        assert.equal((await site.get('/api/page', key)).body.toString(), 'run 2')
        assert.equal((await site.get('/api/page')).status, 401)
      },
    },
    {
      id: 'beside-a-mount',
      title: 'what stands beside a mount is not cached',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          group('/api', [mounted({ life }), get('/page', () => 'cached')]),
          get('/page', page.handle),
        ])
        const response = await site.get('/page')
        assert.equal(fieldValue(response, 'cache-status'), undefined)
        assert.equal((await site.get('/page')).body.toString(), 'run 2')
      },
    },
  ],
}
