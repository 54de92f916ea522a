import assert from 'node:assert/strict'
import type { Layer } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'
import { quiet } from '../harness/waiting.ts'

export const ownHeaders: Theme = {
  name: 'headers of one request',
  cases: [
    {
      id: 'outer-headers',
      title: 'headers and cookies that stand outside are each request’s own, never stored, never sent twice',
      places,
      async run(trial) {
        const site = await trial.site({
          options: { life, cookies: 'ignore' },
          above: [perRequest()],
          routes: [get('/page', origin().handle)],
        })
        for (let request = 1; request <= 3; request++) {
          const response = await site.get('/page')
          assert.deepEqual(fieldValues(response, 'x-request-id'), [`id-${request}`])
          assert.deepEqual(fieldValues(response, 'x-seen-by'), [`layer ${request}`])
          assert.deepEqual(fieldValues(response, 'set-cookie'), [`visit=${request}`])
          assert.equal(response.body.toString(), 'run 1')
        }
      },
    },
    {
      id: 'outer-headers-of-refill',
      title: 'a refill’s own headers and cookies are not stored either',
      places,
      async run(trial) {
        const site = await trial.site({ above: [perRequest()], routes: [get('/page', origin().handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        const stale = await site.get('/page')
        expectStale(stale, 'run 1')
        await trial.settled()
        const hit = await site.get('/page')
        expectHit(hit, 'run 2')
        for (const [response, request] of [
          [stale, 2],
          [hit, 4],
        ] as const) {
          assert.deepEqual(fieldValues(response, 'x-seen-by'), [`layer ${request}`])
          assert.deepEqual(fieldValues(response, 'set-cookie'), [`visit=${request}`])
        }
      },
    },
    {
      id: 'added-lines',
      title: 'lines that the handler adds to what stands outside are added again on a hit',
      places,
      async run(trial) {
        let count = 0
        const above: Layer['run'] = ({ reply }) => {
          reply.append('Link', `</outer/${++count}>`)
          return undefined
        }
        const page = origin(({ reply }) => {
          reply.append('Link', '</inner>')
          return 'page'
        })
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        assert.deepEqual(fieldValues(await site.get('/page'), 'link'), ['</outer/1>', '</inner>'])
        assert.deepEqual(fieldValues(await site.get('/page'), 'link'), ['</outer/2>', '</inner>'])
      },
    },
    {
      id: 'removed-lines',
      title: 'a header that the handler takes away is away on a hit',
      places,
      async run(trial) {
        const above: Layer['run'] = ({ reply }) => {
          reply.header('X-Frame-Options', 'DENY')
          return undefined
        }
        const page = origin(({ reply }) => {
          reply.remove('X-Frame-Options')
          return 'page'
        })
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        assert.equal(fieldValue(await site.get('/page'), 'x-frame-options'), undefined)
        const hit = await site.get('/page')
        expectHit(hit)
        assert.equal(fieldValue(hit, 'x-frame-options'), undefined)
      },
    },
    {
      id: 'replaced-lines',
      title: 'a header that the handler sets anew replaces what stands outside, on a hit too',
      places,
      async run(trial) {
        const above: Layer['run'] = ({ reply }) => {
          reply.header('X-Powered', 'outside')
          return undefined
        }
        const page = origin(({ reply }) => {
          reply.header('X-Powered', 'inside')
          return 'page'
        })
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        assert.deepEqual(fieldValues(await site.get('/page'), 'x-powered'), ['inside'])
        assert.deepEqual(fieldValues(await site.get('/page'), 'x-powered'), ['inside'])
      },
    },
    {
      id: 'vary-merged',
      title: 'Vary of outside and of the handler are merged on a hit',
      places,
      async run(trial) {
        const above: Layer['run'] = ({ reply }) => {
          reply.append('Vary', 'Origin')
          return undefined
        }
        const page = origin(({ reply }) => {
          reply.append('Vary', 'Accept-Encoding')
          return 'page'
        })
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        await site.get('/page')
        const hit = await site.get('/page')
        expectHit(hit)
        const members = (fieldValue(hit, 'vary') ?? '').toLowerCase().split(/, */)
        assert.deepEqual(members.sort(), ['accept-encoding', 'origin'])
      },
    },
    {
      id: 'per-request-below',
      title: 'request ids and rate limits that are set below the cache go out once, and are not stored',
      places,
      async run(trial) {
        const names = ['X-Request-Id', 'RateLimit', 'RateLimit-Remaining', 'X-RateLimit-Limit', 'Traceparent']
        const page = origin(({ reply }) => {
          for (const name of names) reply.header(name, '1')
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const miss = await site.get('/page')
        const hit = await site.get('/page')
        expectHit(hit)
        for (const name of names) {
          assert.equal(fieldValue(miss, name.toLowerCase()), '1')
          assert.equal(fieldValue(hit, name.toLowerCase()), undefined, name)
        }
      },
    },
    {
      id: 'outer-headers-when-shared',
      title: 'who waits for another’s response gets the headers and cookies of its own request',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ above: [perRequest()], routes: [get('/page', page.handle)] })
        const connections = await site.flood(3, '/page')
        await slow.reached
        await quiet()
        slow.open()
        const responses = await Promise.all(connections.map((connection) => connection.response()))
        for (const name of ['x-request-id', 'x-seen-by', 'set-cookie']) {
          assert.equal(new Set(responses.map((response) => fieldValues(response, name).join())).size, 3, name)
        }
        assert.equal(page.runs, 1)
      },
    },
  ],
}

/** Sets what belongs to one request only, counting requests. */
function perRequest(): Layer['run'] {
  let count = 0
  return ({ reply }) => {
    count++
    reply.header('X-Request-Id', `id-${count}`)
    reply.header('X-Seen-By', `layer ${count}`)
    reply.append('Set-Cookie', `visit=${count}`)
    return undefined
  }
}
