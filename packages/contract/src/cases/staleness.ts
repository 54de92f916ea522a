import assert from 'node:assert/strict'
import { rfc9111 } from '@restale/core'
import type { CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectStale, expectStandIn } from '../harness/expect.ts'
import { counter } from '../harness/followers.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'
import { quiet, until } from '../harness/waiting.ts'

/** By the standards, but for what they let a cache do that nobody has asked. */
const onRequest: CacheOptions = { ...rfc9111(), staleOnError: false }

/** What forbids stale use, whatever stands beside it. */
const forbidding = ['must-revalidate', 'proxy-revalidate', 'no-cache']

interface Failure {
  readonly id: string
  readonly title: string
  readonly status: number | 'throws'
}

const failures: readonly Failure[] = [
  { id: 'throws', title: 'a handler that throws', status: 'throws' },
  ...[500, 502, 503, 504].map((status) => ({ id: `${status}`, title: `a ${status}`, status })),
]

export const staleness: Theme = {
  name: 'what may be used stale',
  cases: [
    {
      id: 'swr',
      title: 'RFC 5861 §3: stale-while-revalidate sends what is stale at once, and asks behind it',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ reply }, run) => {
          if (run > 1) await slow.wait()
          reply.header('Cache-Control', 'max-age=10, stale-while-revalidate=20')
          return `run ${run}`
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        for (let time = 1; time <= 3; time++) {
          const stale = await site.get('/page')
          expectStale(stale, 'run 1')
          assert.equal(fieldValue(stale, 'age'), '15')
          assert.equal(fieldValue(stale, 'cache-status'), 'restale; hit; ttl=-5')
        }
        await slow.reached
        slow.open()
        await trial.settled()
        assert.equal(page.runs, 2)
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'swr-over',
      title: 'RFC 5861 §3: beyond stale-while-revalidate the handler is waited for',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-while-revalidate=20', () => false)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(31_000)
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'swr-fails',
      title: 'RFC 5861 §3: a refill that fails leaves what is stored, for as long as it may be used',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-while-revalidate=20', (run) => run === 2)
        const site = await trial.site({ options: onRequest, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        assert.equal(page.runs, 2)
        trial.clock.advance(10_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'swr-beside-s-maxage',
      title: 'RFC 5861 §3: an explicit stale-while-revalidate holds beside s-maxage',
      places,
      async run(trial) {
        const page = failing('s-maxage=10, stale-while-revalidate=20', () => false)
        for (const options of [{}, rfc9111()]) {
          const site = await trial.site({ options, routes: [get('/page', page.handle)] })
          const { body } = await site.get('/page')
          trial.clock.advance(15_000)
          expectStale(await site.get('/page'), body.toString())
          await trial.settled()
        }
      },
    },
    ...forbidding.map(forbidsRefillBehind),
    ...failures.map(isStoodInFor),
    ...forbidding.map((directive) =>
      forbidsStandIn(`max-age=10, stale-if-error=60, ${directive}`, directive),
    ),
    forbidsStandIn('s-maxage=10', 's-maxage'),
    {
      id: 'sie-default',
      title: 'RFC 5861 §4: by default a response that opts in by s-maxage may ask for stale-if-error',
      places,
      async run(trial) {
        const page = failing('s-maxage=10, stale-if-error=20', (run) => run > 1)
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        expectStandIn(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'sie-of-options',
      title: 'RFC 5861 §4: where the options tell the life, stale-if-error of the response is for others',
      places,
      async run(trial) {
        const page = failing('stale-if-error=1000', (run) => run > 1)
        const site = await trial.site({ options: { life }, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(301_000)
        assert.equal((await site.get('/page')).status, 500)
      },
    },
    {
      id: 'sie-over',
      title: 'RFC 5861 §4: beyond stale-if-error the error goes out',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-if-error=20', (run) => run > 1)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(31_000)
        assert.equal((await site.get('/page')).status, 500)
      },
    },
    {
      id: 'sie-not-for-404',
      title: 'RFC 5861 §4: nothing stands in for what is no failure of the server',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-if-error=60', (run) => run > 1, 404)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        assert.equal((await site.get('/page')).status, 404)
      },
    },
    {
      id: 'sie-recovers',
      title: 'RFC 5861 §4: once the handler is well again, what it gives takes the place of what is stale',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-if-error=600', (run) => run === 2)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        expectStandIn(await site.get('/page'), 'run 1')
        trial.clock.advance(60_000)
        expectMiss(await site.get('/page'), 'run 3')
        expectHit(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'sie-not-after-update-tag',
      title: 'RFC 5861 §4: what a tag has expired never stands in for an error',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-if-error=60', (run) => run > 1)
        const tagged: Origin['handle'] = (exchange) => {
          trial.cache.cacheTag('page')
          return page.handle(exchange)
        }
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', tagged)] })
        expectMiss(await site.get('/page'), 'run 1')
        trial.cache.updateTag('page')
        assert.equal((await site.get('/page')).status, 500)
      },
    },
    {
      id: 'sie-followers',
      title: 'RFC 5861 §4: those who wait for a handler that fails get what is stale, too',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = failing('max-age=10, stale-if-error=60', (run) => run > 1, 'throws', slow.wait)
        const { leader, follower } = await staleCouple(trial, page, rfc9111())
        slow.open()
        expectStandIn(await leader.response(), 'run 1')
        expectStandIn(await follower.response(), 'run 1')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'sie-conditions',
      title: 'RFC 9110 §13: what stands in for an error answers conditions, and a HEAD gets no body of it',
      places,
      async run(trial) {
        const page = failing('max-age=10, stale-if-error=60', (run) => run > 1)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        const etag = fieldValue(await site.get('/page'), 'etag') ?? ''
        trial.clock.advance(15_000)
        assert.equal((await site.get('/page', { 'If-None-Match': etag })).status, 304)
      },
    },
    {
      id: 'stale-on-error',
      title: 'RFC 9111 §4.2.4: staleOnError lets what nothing forbids stand in for an error',
      places,
      async run(trial) {
        const page = failing('max-age=10', (run) => run > 1)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        expectStandIn(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'no-stale-on-error',
      title: 'RFC 9111 §4.2.4: without staleOnError nothing stands in that does not say so',
      places,
      async run(trial) {
        const page = failing('max-age=10', (run) => run > 1)
        const site = await trial.site({ options: onRequest, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        assert.equal((await site.get('/page')).status, 500)
      },
    },
    {
      id: 'sie-of-request',
      title: 'RFC 5861 §4: a client may ask for something stale in the place of an error',
      places,
      async run(trial) {
        const page = failing('max-age=10', (run) => run > 1)
        const site = await trial.site({ options: onRequest, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        expectStandIn(await site.get('/page', { 'Cache-Control': 'stale-if-error=20' }), 'run 1')
        trial.clock.advance(60_000)
        assert.equal((await site.get('/page', { 'Cache-Control': 'stale-if-error=20' })).status, 500)
      },
    },
    {
      id: 'sie-of-request-forbidden',
      title: 'RFC 9111 §4.2.4: what must be validated stands in for nothing, whoever asks',
      places,
      async run(trial) {
        const page = failing('max-age=10, must-revalidate', (run) => run > 1)
        const site = await trial.site({ options: onRequest, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        assert.equal((await site.get('/page', { 'Cache-Control': 'stale-if-error=20' })).status, 500)
      },
    },
    {
      id: 'no-stand-in-without-error',
      title: 'RFC 9111 §4.2.4: nothing stale goes out after a response that is not stored, but is no error',
      places,
      async run(trial) {
        const page = origin(({ reply }, run) => {
          reply.header('Cache-Control', run === 1 ? 'max-age=10, stale-if-error=60' : 'no-store')
          return `run ${run}`
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        for (let run = 2; run <= 4; run++)
          assert.equal((await site.get('/page')).body.toString(), `run ${run}`)
      },
    },
    {
      id: 'max-stale',
      title: 'RFC 9111 §5.2.1.2: max-stale lets a client have what is stale, so long',
      places,
      async run(trial) {
        const page = failing('max-age=10', () => false)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(15_000)
        expectStale(await site.get('/page', { 'Cache-Control': 'max-stale=10' }), 'run 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 2')
        trial.clock.advance(25_000)
        expectMiss(await site.get('/page', { 'Cache-Control': 'max-stale=10' }), 'run 3')
      },
    },
    {
      id: 'max-stale-unbounded',
      title: 'RFC 9111 §5.2.1.2: max-stale alone takes whatever is stale',
      async run(trial) {
        const page = failing('max-age=10', () => false)
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(1_000_000)
        expectStale(await site.get('/page', { 'Cache-Control': 'max-stale' }), 'run 1')
      },
    },
    {
      id: 'max-stale-forbidden',
      title: 'RFC 9111 §4.2.4: max-stale gets nothing of what must be validated, nor of s-maxage',
      async run(trial) {
        for (const directive of [
          'max-age=10, must-revalidate',
          'max-age=10, proxy-revalidate',
          's-maxage=10',
        ]) {
          const page = failing(directive, () => false)
          const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
          await site.get('/page')
          trial.clock.advance(15_000)
          expectMiss(await site.get('/page', { 'Cache-Control': 'max-stale' }), 'run 2')
        }
      },
    },
  ],
}

function forbidsRefillBehind(directive: string): Case {
  return {
    id: `swr-${directive}`,
    title: `RFC 9111 §4.2.4: ${directive} holds over stale-while-revalidate`,
    places,
    async run(trial) {
      const page = failing(`max-age=10, stale-while-revalidate=20, ${directive}`, () => false)
      const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
      await site.get('/page')
      trial.clock.advance(15_000)
      const response = await site.get('/page')
      assert.equal(response.body.toString(), 'run 2')
      assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /hit/)
    },
  }
}

function isStoodInFor({ id, title, status }: Failure): Case {
  return {
    id: `sie-${id}`,
    title: `RFC 5861 §4: with stale-if-error, what is stored stands in for ${title}`,
    places,
    async run(trial) {
      const page = failing('max-age=10, stale-if-error=60', (run) => run > 1, status)
      const site = await trial.site({ options: onRequest, routes: [get('/page', page.handle)] })
      expectMiss(await site.get('/page'), 'run 1')
      trial.clock.advance(15_000)
      const response = await site.get('/page')
      expectStandIn(response, 'run 1')
      assert.equal(fieldValue(response, 'age'), '15')
      assert.equal(page.runs, 2)
      expectStandIn(await site.get('/page'), 'run 1')
    },
  }
}

function forbidsStandIn(control: string, name: string): Case {
  return {
    id: `stand-in-${name}`,
    title: `RFC 9111 §4.2.4: “${control}” lets nothing stand in for an error`,
    places,
    async run(trial) {
      const page = failing(control, (run) => run > 1)
      const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
      await site.get('/page')
      trial.clock.advance(15_000)
      assert.equal((await site.get('/page')).status, 500)
    },
  }
}

/** A page that fails in some of its runs, once `before` has let it go on. */
function failing(
  control: string,
  isFailing: (run: number) => boolean,
  how: Failure['status'] = 'throws',
  before: () => Promise<void> = async () => {},
): Origin {
  return origin(async ({ reply }, run) => {
    if (!isFailing(run)) {
      reply.header('Cache-Control', control)
      return `run ${run}`
    }
    await before()
    if (how === 'throws') throw new Error('meant to fail')
    reply.status(how)
    return `failure ${run}`
  })
}

/** A request that has the handler make anew what is stale, and another one that waits for it. */
async function staleCouple(trial: Trial, page: Origin, options: CacheOptions) {
  const door = counter()
  const site: Site = await trial.site({
    options,
    above: [door.layer],
    routes: [get('/page', page.handle)],
  })
  await site.get('/page')
  trial.clock.advance(15_000)
  const leader = await site.send({ path: '/page' })
  await until('the handler runs again', () => page.runs === 2)
  const follower = await site.send({ path: '/page' })
  await until('the follower has come', () => door.count === 3)
  await quiet()
  return { leader, follower }
}
