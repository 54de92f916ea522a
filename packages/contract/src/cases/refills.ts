import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Layer, NeutralRequest } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, places } from '../harness/place.ts'
import { serverTls } from '../harness/tls.ts'

export const refills: Theme = {
  name: 'refills',
  cases: [
    {
      id: 'is-refill',
      title: 'layers and handler can tell a refill from a client’s request',
      places,
      async run(trial) {
        const seen: string[] = []
        const note = (who: string, { isRefill }: NeutralRequest) => seen.push(`${who} ${isRefill}`)
        const above: Layer['run'] = ({ request }) => {
          note('layer', request)
          return undefined
        }
        const page = origin(({ request }, run) => {
          note('handler', request)
          return `run ${run}`
        })
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        assert.deepEqual(seen, ['layer false', 'handler false', 'layer false', 'layer true', 'handler true'])
      },
    },
    {
      id: 'refill-identity',
      title: 'a refill has the method, URL, host, protocol, peer and headers of its trigger',
      places,
      async run(trial) {
        const page = origin(({ request }) => {
          const { method, url, params, query, host, protocol, peer } = request
          const headers = ['x-tenant', 'accept', 'user-agent', 'connection', 'x-forwarded-for']
          return {
            json: { method, url, params, query, host, protocol, peer, headers: headers.map(request.header) },
          }
        })
        const site = await trial.site({ trustsProxy: true, routes: [get('/pages/:id', page.handle)] })
        const headers = {
          Host: 'tenant.test',
          'X-Forwarded-Proto': 'https',
          'X-Forwarded-For': '203.0.113.7',
          'X-Tenant': 'blue',
          Accept: 'text/html',
          'User-Agent': 'contract',
        }
        const miss = await site.get('/pages/a%20b?q=1&q=2', headers)
        trial.clock.advance(61_000)
        expectStale(await site.get('/pages/a%20b?q=1&q=2', { ...headers, Connection: 'close' }))
        await trial.settled()
        assert.equal(page.runs, 2)
        const hit = await site.get('/pages/a%20b?q=1&q=2', headers)
        expectHit(hit)
        assert.deepEqual(JSON.parse(hit.body.toString()), JSON.parse(miss.body.toString()))
      },
    },
    {
      id: 'refill-peer',
      title: 'a refill has the peer address of its trigger’s connection',
      places,
      async run(trial) {
        const page = origin(({ request }) => `${request.peer}`)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const { body } = await site.get('/page')
        assert.match(body.toString(), /127\.0\.0\.1$/)
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        expectHit(await site.get('/page'), body.toString())
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'refill-tls',
      title: 'a refill of a request by TLS has its protocol, its peer and an encrypted connection',
      places,
      needs: 'tls',
      async run(trial) {
        const page = origin(({ request: { protocol, peer, isEncrypted } }) => ({
          json: { protocol, peer, isEncrypted },
        }))
        const site = await trial.site({ tls: serverTls, routes: [get('/page', page.handle)] })
        const miss = JSON.parse((await site.get('/page')).body.toString())
        assert.equal(miss.protocol, 'https')
        assert.equal(miss.isEncrypted, true)
        assert.match(miss.peer, /127\.0\.0\.1$/)
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'))
        await trial.settled()
        assert.equal(page.runs, 2)
        const hit = await site.get('/page')
        expectHit(hit)
        assert.deepEqual(JSON.parse(hit.body.toString()), miss)
      },
    },
    {
      id: 'refill-context',
      title: 'a refill runs outside of the async context of its trigger',
      places,
      async run(trial) {
        const context = new AsyncLocalStorage<string>()
        const found: unknown[] = []
        let count = 0
        const above: Layer['run'] = () => {
          found.push(context.getStore())
          context.enterWith(`request ${++count}`)
          return undefined
        }
        const site = await trial.site({ above: [above], routes: [get('/page', origin().handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'))
        await trial.settled()
        assert.deepEqual(found, [undefined, undefined, undefined])
      },
    },
    {
      id: 'refill-context-of-handler',
      title: 'the handler of a refill runs outside of the async context of its trigger, too',
      places,
      async run(trial) {
        const context = new AsyncLocalStorage<string>()
        const found: unknown[] = []
        const above: Layer['run'] = ({ request }) => {
          if (!request.isRefill) context.enterWith('a client’s request')
          return undefined
        }
        const page = origin((_, run) => {
          found.push(context.getStore())
          return `run ${run}`
        })
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        assert.deepEqual(found, ['a client’s request', undefined])
      },
    },
    {
      id: 'refill-bound',
      title: 'refills are bounded in number: a key beyond the bound stays stale, and nobody waits',
      places,
      async run(trial) {
        const slow = trial.barrier()
        let isSlow = false
        const page = origin(async ({ request }) => {
          if (isSlow) await slow.wait()
          return `page ${request.params.id}`
        })
        const site = await trial.site({ routes: [get('/page/:id', page.handle)] })
        const numbers = Array.from({ length: 40 }, (_, at) => at)
        for (const at of numbers) await site.get(`/page/${at}`)
        trial.clock.advance(61_000)
        isSlow = true
        for (const at of numbers) expectStale(await site.get(`/page/${at}`), `page ${at}`)
        await slow.reached
        assert.equal(slow.arrivals, 32)
        slow.open()
        await trial.settled()
      },
    },
  ],
}
