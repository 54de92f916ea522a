import assert from 'node:assert/strict'
import type { CacheOptions, Exchange } from '../description.ts'
import type { Barrier } from '../harness/barrier.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBypass, expectCollapsed, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { counter } from '../harness/followers.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Trial } from '../harness/trial.ts'
import { quiet, until } from '../harness/waiting.ts'

interface Way {
  readonly id: string
  readonly title: string
  readonly options?: CacheOptions
  /** What the handler does beside giving its body. */
  readonly act?: (trial: Trial, exchange: Exchange) => unknown
}

const waysIn: readonly Way[] = [
  { id: 'opt-in-life', title: 'a life in the options opts in', options: { life } },
  { id: 'opt-in-profile', title: 'a profile in the options opts in', options: { life: 'minutes' } },
  { id: 'opt-in-tags', title: 'tags in the options opt in', options: { tags: ['page'] } },
  { id: 'opt-in-tags-function', title: 'a tags function opts in', options: { tags: () => ['page'] } },
  {
    id: 'opt-in-cache-life',
    title: 'cacheLife in the handler opts in',
    act: ({ cache }) => cache.cacheLife(life),
  },
  {
    id: 'opt-in-handle',
    title: "the handle's life() opts in",
    act: (_, exchange) => exchange.cache?.life(life),
  },
  {
    id: 'opt-in-s-maxage',
    title: 's-maxage in the response opts in',
    act: (_, { reply }) => reply.header('Cache-Control', 's-maxage=60'),
  },
  {
    id: 'opt-in-late',
    title: 'cacheLife after the handler has waited for something opts in',
    async act({ cache }) {
      await new Promise((resolve) => setImmediate(resolve))
      cache.cacheLife(life)
    },
  },
]

const waysOut: readonly Way[] = [
  { id: 'no-opt-in', title: 'nothing is cached that nobody asked for' },
  {
    id: 'no-opt-in-by-tag',
    title: 'cacheTag alone does not opt in',
    act: ({ cache }) => cache.cacheTag('page'),
  },
  {
    id: 'no-opt-in-by-handle-tag',
    title: "the handle's tag() alone does not opt in",
    act: (_, exchange) => exchange.cache?.tag('page'),
  },
  {
    id: 'no-opt-in-by-options',
    title: 'options that say neither life nor tags do not opt in',
    options: { statuses: [200, 404], cookies: 'ignore', shared: true, key: { query: ['a'] }, name: 'page' },
  },
  {
    id: 'no-opt-in-by-zero',
    title: 's-maxage=0 does not opt in',
    act: (_, { reply }) => reply.header('Cache-Control', 'public, s-maxage=0'),
  },
  {
    id: 'no-opt-in-by-expires',
    title: 'Expires, ETag and public are for clients, and do not opt in',
    act(_, { reply }) {
      reply.header('Expires', 'Sun, 06 Nov 2094 08:49:37 GMT')
      reply.header('ETag', '"a"')
      reply.header('Cache-Control', 'public')
    },
  },
  {
    id: 'no-opt-in-by-max-age',
    title: 'max-age is for clients, and does not opt in',
    act: (_, { reply }) => reply.header('Cache-Control', 'max-age=60'),
  },
]

const vetoes: readonly (Way & { readonly reason: string })[] = [
  ...['no-store', 'private', 'no-cache'].map((directive) => ({
    id: `veto-${directive}`,
    title: `${directive} in the response keeps it out, whatever the options say`,
    options: { life },
    reason: directive,
    act: (_: Trial, { reply }: Exchange) => reply.header('Cache-Control', `${directive}, max-age=60`),
  })),
  {
    id: 'veto-over-cache-life',
    title: 'private in the response keeps it out, whatever the handler has called',
    reason: 'private',
    act({ cache }, { reply }) {
      cache.cacheLife(life)
      reply.header('Cache-Control', 'private')
    },
  },
  {
    id: 'veto-over-s-maxage',
    title: 'no-store beside s-maxage keeps the response out',
    reason: 'no-store',
    act: (_, { reply }) => reply.header('Cache-Control', 's-maxage=60, no-store'),
  },
  {
    id: 'veto-skip',
    title: "the handle's skip() keeps the response out",
    options: { life },
    reason: 'skipped',
    act: (_, exchange) => exchange.cache?.skip(),
  },
]

export const optingIn: Theme = {
  name: 'opting in',
  cases: [
    ...waysIn.map(optsIn),
    ...waysOut.map((way) => staysOut({ ...way, reason: 'not-opted-in' })),
    ...vetoes.map(staysOut),
    {
      id: 'no-opt-in-by-nested',
      title: 'a cached function in the handler does not opt the response in',
      places,
      async run(trial) {
        const nested = trial.cache.cached(() => 'data', { key: 'data', life: 'hours', tags: ['data'] })
        const page = origin(async (_, run) => `${await nested()} ${run}`)
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        expectRefused(await site.get('/page'), 'not-opted-in', 'data 1')
        expectRefused(await site.get('/page'), 'not-opted-in', 'data 2')
      },
    },
    {
      id: 'stale-nested-undecided',
      title: 'an undecided response takes a stale nested value at once, and is not stored',
      places,
      async run(trial) {
        const { nested, slow, page } = await staleNested(trial, trial.barrier())
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        const response = await site.get('/page')
        assert.match(fieldValue(response, 'cache-status') ?? '', /; detail="/)
        assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /stored/)
        assert.equal(response.body.toString(), 'data 1 in 1')
        slow.open()
        await trial.settled()
        assert.equal(nested.runs, 2)
        expectMiss(await site.get('/page'), 'data 2 in 2')
        expectHit(await site.get('/page'), 'data 2 in 2')
      },
    },
    {
      id: 'stale-nested-decided',
      title: 'a decided response waits for a fresh nested value, and is stored',
      places,
      async run(trial) {
        const { slow, page } = await staleNested(trial, trial.barrier())
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const connection = await site.send({ path: '/page' })
        await slow.reached
        await quiet()
        assert.equal(connection.isAnswered, false)
        slow.open()
        expectMiss(await connection.response(), 'data 2 in 1')
        expectHit(await site.get('/page'), 'data 2 in 1')
      },
    },
    {
      id: 'life-in-handler-decides',
      title: 'a life that the handler states holds instead of its mount’s',
      places,
      async run(trial) {
        const page = origin((_, run) => {
          trial.cache.cacheLife({ revalidate: 10, expire: 20 })
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        assert.equal(fieldValue(await site.get('/page'), 'cache-status'), 'restale; hit; ttl=10')
        trial.clock.advance(20_000)
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 's-maxage-decides',
      title: 'opted in by s-maxage, the header says how long, and is sent as it is',
      places,
      async run(trial) {
        const control = 'public, s-maxage=10, stale-while-revalidate=20'
        const page = origin(({ reply }, run) => {
          reply.header('Cache-Control', control)
          return `run ${run}`
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        assert.equal(fieldValue(await site.get('/page'), 'cache-control'), control)
        const hit = await site.get('/page')
        assert.equal(fieldValue(hit, 'cache-status'), 'restale; hit; ttl=10')
        assert.equal(fieldValue(hit, 'cache-control'), control)
        trial.clock.advance(30_000)
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'opted-in-before',
      title: 'a route whose handler has opted in before is decided: others wait, conditions are hidden',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const door = counter()
        const page = origin(async ({ request }, run) => {
          if (run > 1) await slow.wait()
          trial.cache.cacheLife(life)
          return `${request.header('if-none-match') === '"a"'} ${run}`
        })
        const routes = [get('/page', page.handle)]
        const site = await trial.site({ options: {}, above: [door.layer], routes })
        await site.get('/page')
        trial.clock.advance(300_000)
        const leader = await site.send({ path: '/page', headers: [['If-None-Match', '"a"']] })
        await slow.reached
        const follower = await site.send({ path: '/page' })
        await until('the follower has come', () => door.count === 3)
        await quiet()
        trial.clock.advance(10_000)
        await quiet()
        assert.equal(page.runs, 2)
        slow.open()
        expectMiss(await leader.response(), 'false 2')
        expectCollapsed(await follower.response(), 'false 2')
      },
    },
    {
      id: 'skip-option',
      title: 'requests that skip() picks go past the cache, and get nothing of it',
      places,
      async run(trial) {
        const page = origin()
        const options: CacheOptions = { life, skip: (request) => request.header('x-preview') === '1' }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        const skipped = await site.get('/page', { 'X-Preview': '1' })
        assert.equal(fieldValue(skipped, 'cache-status'), 'restale; fwd=bypass; detail=skip')
        assert.equal(skipped.body.toString(), 'run 2')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'failing-options',
      title: 'a tags or skip function that throws costs the cache, and not the response',
      places,
      async run(trial) {
        const fails = () => {
          throw new Error('meant to fail')
        }
        const page = origin()
        const routes = [get('/page', page.handle)]
        const tagged = await trial.site({ options: { life, tags: fails }, routes })
        expectRefused(await tagged.get('/page'), 'tags-failed', 'run 1')
        expectRefused(await tagged.get('/page'), 'tags-failed', 'run 2')
        const skipping = await trial.site({ options: { life, skip: fails }, routes })
        expectBypass(await skipping.get('/page'), 'skip', 'run 3')
        expectBypass(await skipping.get('/page'), 'skip', 'run 4')
      },
    },
    {
      id: 'handle-status',
      title: 'the handle tells what the cache does with the request',
      places,
      async run(trial) {
        const seen: unknown[] = []
        const page = origin((exchange) => {
          seen.push(exchange.cache?.status)
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        await site.get('/page', { Cookie: 'a=1' })
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        assert.deepEqual(seen, ['miss', 'bypass', 'refill'])
      },
    },
    {
      id: 'labels-on-a-bypass',
      title: 'tagging and stating a life on a request that passes does nothing, and is no error',
      places,
      async run(trial) {
        const page = origin((exchange) => {
          trial.cache.cacheTag('page')
          trial.cache.cacheLife('hours')
          exchange.cache?.tag('page')
          exchange.cache?.life('hours')
          exchange.cache?.skip()
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        assert.equal((await site.get('/page', { Cookie: 'a=1' })).status, 200)
      },
    },
  ],
}

/** A page that opts in behind a cached function, whose value has just become stale and whose next is slow to come. */
async function staleNested(trial: Trial, slow: Barrier) {
  const nested = origin(async (_, run) => {
    if (run > 1) await slow.wait()
    return `data ${run}`
  })
  const read = trial.cache.cached(async () => nested.handle({} as Exchange), { key: 'data', life })
  await read()
  trial.clock.advance(61_000)
  const page = origin(async (_, run) => {
    const data = await read()
    trial.cache.cacheLife(life)
    return `${data} in ${run}`
  })
  return { nested, slow, page }
}

function optsIn({ id, title, options = {}, act }: Way): Case {
  return {
    id,
    title,
    places,
    async run(trial) {
      const page = origin(async (exchange, run) => {
        await act?.(trial, exchange)
        return `run ${run}`
      })
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      expectMiss(await site.get('/page'), 'run 1')
      expectHit(await site.get('/page'), 'run 1')
      assert.equal(page.runs, 1)
    },
  }
}

function staysOut({ id, title, options = {}, act, reason }: Way & { readonly reason: string }): Case {
  return {
    id,
    title,
    places,
    async run(trial) {
      const page = origin(async (exchange, run) => {
        await act?.(trial, exchange)
        return `run ${run}`
      })
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      expectRefused(await site.get('/page'), reason, 'run 1')
      expectRefused(await site.get('/page'), reason, 'run 2')
    },
  }
}
