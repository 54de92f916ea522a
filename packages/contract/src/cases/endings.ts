import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import type { Body, Exchange, Layer } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectRefused, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'
import { maxEntryBytes } from '../harness/trial.ts'
import { quiet, until } from '../harness/waiting.ts'

interface Ending {
  readonly id: string
  readonly title: string
  readonly act: (exchange: Exchange) => Body
}

const definitive: readonly Ending[] = [
  { id: 'refill-404', title: 'a refill that finds nothing any more (404)', act: withStatus(404) },
  { id: 'refill-410', title: 'a refill that finds it gone (410)', act: withStatus(410) },
  {
    id: 'refill-redirect',
    title: 'a refill that is redirected',
    act: () => ({ redirect: '/elsewhere' }),
  },
  {
    id: 'refill-no-store',
    title: 'a refill that says no-store',
    act({ reply }) {
      reply.header('Cache-Control', 'no-store')
      return 'ended'
    },
  },
  {
    id: 'refill-private',
    title: 'a refill that says private',
    act({ reply }) {
      reply.header('Cache-Control', 'private')
      return 'ended'
    },
  },
  {
    id: 'refill-nonce',
    title: 'a refill that gets a nonce',
    act({ reply }) {
      reply.header('Content-Security-Policy', "script-src 'nonce-abc'")
      return 'ended'
    },
  },
  {
    id: 'refill-cookie',
    title: 'a refill that sets a cookie',
    act({ reply }) {
      reply.cookie('a', '1')
      return 'ended'
    },
  },
  {
    id: 'refill-over-cap',
    title: 'a refill that streams more than may be stored',
    act: () => ({ stream: parts(...Array.from({ length: 5 }, () => Buffer.alloc(maxEntryBytes / 4, 'x'))) }),
  },
]

const failing: readonly Ending[] = [
  ...[500, 502, 503, 504, 401, 403, 407, 408, 425, 429].map((status) => ({
    id: `refill-${status}`,
    title: `a refill that ends with ${status}`,
    act: withStatus(status),
  })),
  {
    id: 'refill-throws',
    title: 'a refill that throws',
    act: () => {
      throw new Error('meant to fail')
    },
  },
  {
    id: 'refill-cut',
    title: 'a refill that is cut in the middle',
    act: () => ({ stream: parts('half', new Error('meant to fail')) }),
  },
  {
    id: 'refill-short',
    title: 'a refill that is shorter than its Content-Length',
    act({ reply }) {
      reply.header('Content-Length', '10')
      return { stream: parts('half') }
    },
  },
]

const incomplete: readonly (Ending & { readonly isCut: boolean })[] = [
  {
    id: 'cut-body',
    title: 'a body that is cut',
    act: () => ({ stream: parts('half', new Error('meant to fail')) }),
    isCut: true,
  },
  {
    id: 'short-body',
    title: 'a body that is shorter than its Content-Length',
    act({ reply }) {
      reply.header('Content-Length', '10')
      return { stream: parts('half') }
    },
    isCut: true,
  },
  {
    id: 'long-body',
    title: 'a body that is longer than its Content-Length',
    act({ reply }) {
      reply.header('Content-Length', '2')
      return { stream: parts('half') }
    },
    isCut: false,
  },
]

const statuses = [201, 301, 302, 307, 400, 404, 410, 429, 500, 503]

export const endings: Theme = {
  name: 'how a fill ends',
  cases: [
    ...definitive.map(removes),
    ...failing.map(keeps),
    ...incomplete.map(isNotStored),
    ...statuses.map(statusIsNotStored),
    {
      id: 'statuses-option',
      title: 'a status that the options name is stored',
      places,
      async run(trial) {
        const page = origin(withStatus(404))
        const site = await trial.site({
          options: { life, statuses: [200, 404] },
          routes: [get('/page', page.handle)],
        })
        expectMiss(await site.get('/page'), 'status 404')
        const hit = await site.get('/page')
        expectHit(hit, 'status 404')
        assert.equal(hit.status, 404)
      },
    },
    {
      id: 'framework-404',
      title: 'the framework’s own 404 is not stored',
      places: ['root', 'prefix'],
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', () => 'page')] })
        for (let time = 1; time <= 2; time++) {
          const response = await site.get('/nowhere')
          assert.equal(response.status, 404)
          assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /hit|stored/)
        }
      },
    },
    {
      id: 'thrown-error',
      title: 'an error page of the framework is not stored',
      places,
      async run(trial) {
        const page = origin(() => {
          throw new Error('meant to fail')
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.equal((await site.get('/page')).status, 500)
        assert.equal((await site.get('/page')).status, 500)
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'limited-refill',
      title:
        'a refill that a limiter outside of the cache ends keeps what there is, and is tried again later',
      places,
      async run(trial) {
        const page = origin()
        let isLimited = true
        const limiter: Layer['run'] = ({ request, reply }) => {
          if (!request.isRefill || !isLimited) return undefined
          reply.status(429)
          return 'too many'
        }
        const site = await trial.site({ above: [limiter], routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        for (let time = 1; time <= 2; time++) {
          expectStale(await site.get('/page'), 'run 1')
          await trial.settled()
        }
        assert.equal(page.runs, 1)
        isLimited = false
        trial.clock.advance(2_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'answered-refill',
      title: 'a refill that something outside of the cache answers, with whatever it is, keeps what there is',
      places,
      async run(trial) {
        for (const [at, status] of [200, 404, 302].entries()) {
          const page = origin()
          const above: Layer['run'] = ({ request, reply }) => {
            if (!request.isRefill) return undefined
            reply.status(status)
            return 'answered outside'
          }
          const routes = [get(`/page/${at}`, page.handle)]
          const site = await trial.site({ above: [above], routes })
          expectMiss(await site.get(`/page/${at}`), 'run 1')
          trial.clock.advance(61_000)
          for (let time = 1; time <= 2; time++) {
            expectStale(await site.get(`/page/${at}`), 'run 1')
            await trial.settled()
          }
          assert.equal(page.runs, 1)
        }
      },
    },
    {
      id: 'refill-not-opted-in',
      title: 'a refill that does not opt in any more removes what there is',
      places,
      async run(trial) {
        const page = origin((_, run) => {
          if (run !== 2) trial.cache.cacheLife(life)
          return `run ${run}`
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        assert.equal(page.runs, 2)
        expectMiss(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'redirect',
      title: 'a redirect passes with its Location, and is stored with it only if the options say so',
      places,
      async run(trial) {
        const page = origin(() => ({ redirect: '/elsewhere' }))
        const unstored = await trial.site({ routes: [get('/page', page.handle)] })
        // Some frameworks make its body of what the client accepts.
        const options = { life, statuses: [302], key: { headers: ['accept'] } }
        const stored = await trial.site({ options, routes: [get('/page', page.handle)] })
        const refused = (response: RawResponse) => expectRefused(response, 'status-302')
        for (const [site, expected] of [
          [unstored, refused],
          [unstored, refused],
          [stored, expectMiss],
          [stored, expectHit],
        ] as const) {
          const response = await site.get('/page')
          expected(response)
          assert.equal(response.status, 302)
          assert.deepEqual(fieldValues(response, 'location'), ['/elsewhere'])
        }
        assert.equal(page.runs, 3)
      },
    },
    {
      id: 'refill-backs-off',
      title: 'after a failed refill none is tried for a while, then one that succeeds replaces',
      places,
      async run(trial) {
        let isDown = false
        const page = origin(({ reply }, run) => {
          reply.status(isDown ? 503 : 200)
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        isDown = true
        for (let time = 1; time <= 3; time++) {
          expectStale(await site.get('/page'), 'run 1')
          await trial.settled()
        }
        assert.equal(page.runs, 2)
        isDown = false
        trial.clock.advance(1_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'refill-too-late',
      title: 'a refill that was given up does not come behind a later one that removed',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ reply }, run) => {
          if (run === 2) await slow.wait()
          if (run === 3) reply.status(404)
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await slow.reached
        trial.clock.advance(32_000)
        expectStale(await site.get('/page'), 'run 1')
        await until('the later one has run', () => page.runs === 3)
        await quiet()
        slow.open()
        await trial.settled()
        expectMiss(await site.get('/page'), 'run 4')
      },
    },
    {
      id: 'refill-never-ends',
      title: 'a refill that never ends is given up, and what there is stays',
      places,
      async run(trial) {
        const never = trial.barrier()
        const page = origin(async (_, run) => {
          if (run > 1) await never.wait()
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await never.reached
        trial.clock.advance(30_000)
        expectStale(await site.get('/page'), 'run 1')
        trial.clock.advance(2_000)
        expectStale(await site.get('/page'), 'run 1')
        await quiet()
        assert.equal(page.runs, 3)
      },
    },
  ],
}

function removes({ id, title, act }: Ending): Case {
  return {
    id,
    title: `${title} removes what there is`,
    places,
    async run(trial) {
      const { site, page } = await refilled(trial, act)
      expectStale(await site.get('/page'), 'run 1')
      await trial.settled()
      assert.equal(page.runs, 2)
      expectMiss(await site.get('/page'), 'run 3')
    },
  }
}

function keeps({ id, title, act }: Ending): Case {
  return {
    id,
    title: `${title} keeps what there is`,
    places,
    async run(trial) {
      const { site, page } = await refilled(trial, act)
      expectStale(await site.get('/page'), 'run 1')
      await trial.settled()
      expectStale(await site.get('/page'), 'run 1')
      assert.equal(page.runs, 2)
    },
  }
}

/** A page that has just become stale, and whose second run does something else. */
async function refilled(trial: Parameters<Case['run']>[0], act: Ending['act']) {
  const page = origin((exchange, run) => (run === 2 ? act(exchange) : `run ${run}`))
  const site = await trial.site({ routes: [get('/page', page.handle)] })
  await site.get('/page')
  trial.clock.advance(61_000)
  return { site, page }
}

function isNotStored({ id, title, act, isCut }: Ending & { readonly isCut: boolean }): Case {
  return {
    id,
    title: `${title} is not stored`,
    places,
    async run(trial) {
      const page = origin((exchange, run) => (run === 1 ? act(exchange) : `run ${run}`))
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      // So that the end of a short body shows.
      const response = await site.get('/page', { Connection: 'close' })
      assert.equal(response.isComplete, !isCut)
      expectMiss(await site.get('/page'), 'run 2')
    },
  }
}

function statusIsNotStored(status: number): Case {
  return {
    id: `status-${status}`,
    title: `a ${status} passes and is not stored, whatever the options say`,
    places,
    async run(trial) {
      const page = origin(withStatus(status))
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      for (let run = 1; run <= 2; run++) {
        const response = await site.get('/page')
        assert.equal(response.status, status)
        expectRefused(response, `status-${status}`, `status ${status}`)
        assert.equal(page.runs, run)
      }
    },
  }
}

function withStatus(status: number): (exchange: Exchange) => Body {
  return ({ reply }) => {
    reply.status(status)
    return `status ${status}`
  }
}
