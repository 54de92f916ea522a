import assert from 'node:assert/strict'
import { createCache } from '@restale/core'
import type { Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import type { Trial } from '../harness/trial.ts'
import { quiet, until, within } from '../harness/waiting.ts'

/** How long stopping may take, and a little. */
const stopMs = 6_000

export const stopping: Theme = {
  name: 'stopping, and not listening at all',
  cases: [
    {
      id: 'close-waits-for-refills',
      title: 'a cache that is closed waits for its refills, and requests go past it from then on',
      places,
      async run(trial) {
        const { site, slow } = await refilling(trial)
        let isClosed = false
        const closed = trial.cache.close().then(() => {
          isClosed = true
        })
        await quiet()
        assert.equal(isClosed, false)
        const response = await site.get('/page')
        assert.equal(response.body.toString(), 'run 3')
        assert.doesNotMatch(response.lines.join(), /restale; hit/)
        slow.open()
        await within(1_000, 'The cache is closed', closed)
      },
    },
    {
      id: 'close-gives-up',
      title: 'a cache that is closed gives up a refill that does not end within 5 s',
      async run(trial) {
        await refilling(trial)
        await within(stopMs, 'The cache is closed', trial.cache.close())
      },
    },
    {
      id: 'stop-waits-for-refills',
      title: 'a server that is stopped waits for refills, and what they bring is stored',
      places,
      needs: 'stop',
      async run(trial) {
        const { site, slow, routes, options } = await refilling(trial)
        let isStopped = false
        const stopped = trial.stop(site).then(() => {
          isStopped = true
        })
        await quiet()
        assert.equal(isStopped, false)
        slow.open()
        await within(1_000, 'The server has stopped', stopped)
        const next = await trial.site({ routes, options })
        expectHit(await next.get('/page'), 'run 2')
      },
    },
    {
      id: 'stop-gives-up',
      title: 'a server that is stopped gives up a refill that does not end within 5 s',
      needs: 'stop',
      async run(trial) {
        const { site } = await refilling(trial)
        await within(stopMs, 'The server has stopped', trial.stop(site))
      },
    },
    {
      id: 'holds-no-process',
      title: 'no timer and no socket of the cache keeps a process alive',
      places,
      async run(trial) {
        const slow = trial.barrier()
        // By the clock of the process, for its timers are looked at.
        const cache = createCache()
        const page = origin(async (_, run) => {
          if (run > 1) await slow.wait()
          return `run ${run}`
        })
        const routes = [get('/page', page.handle), get('/poll', page.handle)]
        // Some test runners start the timer of a test once it has begun.
        await quiet()
        const before = { timers: held('Timeout'), sockets: held('TCPSocketWrap') }
        const site = await trial.site({ cache, options: { life, tags: ['page'] }, routes })
        expectMiss(await site.get('/page'), 'run 1')
        cache.revalidateTag('page', 'max')
        expectStale(await site.get('/page'), 'run 1')
        const leader = await site.send({ path: '/poll' })
        const follower = await site.send({ path: '/poll' })
        await until('refill and leader run', () => page.runs === 3)
        await quiet()
        await until('no timer is left that holds a process', () => held('Timeout') <= before.timers)
        slow.open()
        await Promise.all([leader.response(), follower.response()])
        await cache.close()
        await trial.stop(site)
        await until('no socket is left', () => held('TCPSocketWrap') <= before.sockets)
      },
    },
    {
      id: 'unlistened',
      title: 'an application that does not listen is cached as well: miss, hit, 304, HEAD, stale and refill',
      places,
      needs: 'inject',
      async run(trial) {
        const page = origin()
        const site = await trial.site({ isUnlistened: true, routes: [get('/page', page.handle)] })
        expectMiss(await site.inject('/page'), 'run 1')
        const hit = await site.inject('/page')
        expectHit(hit, 'run 1')
        const etag = hit.lines.find(([name]) => name.toLowerCase() === 'etag')?.[1] ?? ''
        assert.equal((await site.inject('/page', { 'If-None-Match': etag })).status, 304)
        expectHit(await site.inject('/page', {}, 'HEAD'), '')
        trial.clock.advance(61_000)
        expectStale(await site.inject('/page'), 'run 1')
        await trial.settled()
        expectHit(await site.inject('/page'), 'run 2')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'unlistened-flood',
      title: 'requests to an application that does not listen share one run of the handler',
      places,
      needs: 'inject',
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ isUnlistened: true, routes: [get('/page', page.handle)] })
        const asked = Array.from({ length: 10 }, () => site.inject('/page'))
        await slow.reached
        await quiet()
        slow.open()
        for (const { body } of await Promise.all(asked)) assert.equal(body.toString(), 'run 1')
        assert.equal(page.runs, 1)
      },
    },
  ],
}

/** A site that refills a page, until `slow` is opened. */
async function refilling(trial: Trial) {
  const slow = trial.barrier()
  const page = origin(async (_, run) => {
    if (run === 2) await slow.wait()
    return `run ${run}`
  })
  const routes = [get('/page', page.handle)]
  const options = { life, name: 'refilling' }
  const site = await trial.site({ options, routes })
  await site.get('/page')
  trial.clock.advance(61_000)
  expectStale(await site.get('/page'), 'run 1')
  await slow.reached
  return { site, slow, page, routes, options }
}

/** How many of a kind of resource keep this process alive. */
function held(kind: string): number {
  return process.getActiveResourcesInfo().filter((name) => name === kind).length
}
