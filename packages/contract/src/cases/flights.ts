import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createCache } from '@restale/core'
import type { CacheOptions, Layer } from '../description.ts'
import type { Barrier } from '../harness/barrier.ts'
import type { Case, Theme } from '../harness/case.ts'
import type { Connection } from '../harness/connection.ts'
import { expectBody, expectCollapsed, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'
import { quiet, until } from '../harness/waiting.ts'

const undecidedWaitMs = 200

interface Overtaking {
  readonly id: string
  readonly title: string
  /** How the later fill comes to start while the earlier one runs. */
  readonly options: CacheOptions
  readonly waitMs: number
  /** How it ends. */
  readonly status: number
}

const overtakings: readonly Overtaking[] = [
  {
    id: 'undecided-stored',
    title: 'one that others did not wait for',
    options: {},
    waitMs: 200,
    status: 200,
  },
  { id: 'undecided-gone', title: 'one that others did not wait for', options: {}, waitMs: 200, status: 404 },
  { id: 'late-stored', title: 'one that took too long', options: { life }, waitMs: 30_000, status: 200 },
  { id: 'late-gone', title: 'one that took too long', options: { life }, waitMs: 30_000, status: 404 },
]

export const flights: Theme = {
  name: 'one fill for all who ask',
  cases: [
    {
      id: 'collapse',
      title: 'a thousand cold requests of a decided route cost one run of the handler',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const door = counter()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ above: [door.layer], routes: [get('/page', page.handle)] })
        const connections = await site.flood(1_000, '/page')
        await until('all have come', () => door.count === 1_000)
        await quiet()
        slow.open()
        const responses = await Promise.all(connections.map((connection) => connection.response()))
        for (const response of responses) expectBody(response, 'run 1')
        const collapsed = responses.filter((response) =>
          /collapsed/.test(fieldValue(response, 'cache-status') ?? ''),
        )
        assert.equal(collapsed.length, 999)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'collapse-stream',
      title: 'followers of a streamed response get all of it',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin((_, run) => ({ stream: parts(`run ${run}, `, slow.wait, 'whole') }))
        const { leader, follower } = await pair(trial, page, slow)
        slow.open()
        expectMiss(await leader.response(), 'run 1, whole')
        expectCollapsed(await follower.response(), 'run 1, whole')
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'leader-aborts',
      title: 'a leader whose client goes away before the head: those who wait are answered all the same',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run === 1) await slow.wait()
          return `run ${run}`
        })
        const { site, leader, follower } = await pair(trial, page, slow)
        leader.destroy()
        await quiet()
        slow.open()
        const { body, status } = await follower.response()
        assert.equal(status, 200)
        expectHit(await site.get('/page'), body.toString())
      },
    },
    {
      id: 'leader-throws',
      title: 'a leader that throws before the head: one of those who wait tries again',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run > 1) return `run ${run}`
          await slow.wait()
          throw new Error('meant to fail')
        })
        const { site, leader, follower } = await pair(trial, page, slow)
        slow.open()
        assert.equal((await leader.response()).status, 500)
        expectMiss(await follower.response(), 'run 2')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'one-is-promoted',
      title: 'after a failed leader one of those who wait runs the handler, and the others go on waiting',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const door = counter()
        const page = origin(async ({ reply }, run) => {
          await slow.wait()
          if (run === 1) reply.status(503)
          return `run ${run}`
        })
        const site = await trial.site({ above: [door.layer], routes: [get('/page', page.handle)] })
        const connections = await site.flood(10, '/page')
        await until('all have come', () => door.count === 10)
        await quiet()
        slow.open()
        const responses = await Promise.all(connections.map((connection) => connection.response()))
        assert.equal(responses.filter(({ status }) => status === 503).length, 1)
        assert.equal(responses.filter(({ body }) => body.toString() === 'run 2').length, 9)
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'leader-throws-mid-body',
      title: 'a leader that throws after the head: its client sees a cut response, the others a whole one',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin((_, run) =>
          run > 1 ? `run ${run}` : { stream: parts('half', slow.wait, new Error('meant to fail')) },
        )
        const { site, leader, follower } = await pair(trial, page, slow)
        slow.open()
        assert.equal((await leader.response()).isComplete, false)
        expectMiss(await follower.response(), 'run 2')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'leaders-keep-failing',
      title: 'after two failures those who wait go on by themselves, and nothing is remembered',
      async run(trial) {
        const [slow, parallel] = [trial.barrier(), trial.barrier()]
        let isDown = true
        const page = origin(async ({ reply }, run) => {
          await (run > 2 && isDown ? parallel : slow).wait()
          reply.status(isDown ? 503 : 200)
          return `run ${run}`
        })
        const door = counter()
        const site = await trial.site({ above: [door.layer], routes: [get('/page', page.handle)] })
        const connections = await site.flood(5, '/page')
        await until('all have come', () => door.count === 5)
        slow.open()
        await until('the rest runs at the same time', () => parallel.arrivals === 3)
        parallel.open()
        for (const connection of connections) assert.equal((await connection.response()).status, 503)
        assert.equal(page.runs, 5)
        isDown = false
        expectMiss(await site.get('/page'), 'run 6')
        expectHit(await site.get('/page'), 'run 6')
      },
    },
    {
      id: 'refused-leader',
      title: 'what a leader got for itself alone is nobody else’s: those who wait ask for themselves',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ reply }, run) => {
          if (run === 1) await slow.wait()
          reply.header('Cache-Control', 'private')
          return `run ${run}`
        })
        const { leader, follower } = await pair(trial, page, slow)
        slow.open()
        expectRefused(await leader.response(), 'private', 'run 1')
        expectRefused(await follower.response(), 'private', 'run 2')
      },
    },
    {
      id: 'uncollapsible',
      title: 'once refused for its nature, nobody waits for another’s response',
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ reply }, run) => {
          if (run > 1) await slow.wait()
          reply.header('Cache-Control', 'private')
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const connections = await site.flood(3, '/page')
        await until('all of them run', () => page.runs === 4)
        slow.open()
        for (const connection of connections) expectRefused(await connection.response(), 'private')
      },
    },
    {
      id: 'undecided-wait',
      title: 'a long poll that never opts in holds others for 200 ms at most',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const { follower } = await pair(trial, page, slow, {})
        trial.clock.advance(undecidedWaitMs - 1)
        await quiet()
        assert.equal(page.runs, 1)
        trial.clock.advance(1)
        await until('the follower runs for itself', () => page.runs === 2)
        assert.equal(follower.isAnswered, false)
        slow.open()
        expectRefused(await follower.response(), 'not-opted-in')
      },
    },
    {
      id: 'undecided-wait-of-latecomers',
      title: 'the 200 ms count from the start of the long poll, whenever others come',
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        await site.send({ path: '/page' })
        await slow.reached
        trial.clock.advance(undecidedWaitMs - 50)
        await site.send({ path: '/page' })
        await quiet()
        assert.equal(page.runs, 1)
        trial.clock.advance(50)
        await until('the second runs for itself', () => page.runs === 2)
        await site.send({ path: '/page' })
        await until('a later one runs at once', () => page.runs === 3)
      },
    },
    {
      id: 'undecided-head',
      title: 'once the head of a response is out that did not opt in, nobody is held any longer',
      places,
      async run(trial) {
        const never = trial.barrier()
        const page = origin((_, run) => ({ stream: parts(`run ${run}`, never.wait) }))
        const { leader, follower } = await pair(trial, page, never, {})
        await leader.received('run 1'.length)
        await follower.received('run 2'.length)
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'decided-wait',
      title: 'a response that opts in while others wait is waited for, and shared',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          trial.cache.cacheLife(life)
          await slow.wait()
          return `run ${run}`
        })
        const { follower } = await pair(trial, page, slow, {})
        trial.clock.advance(undecidedWaitMs * 10)
        await quiet()
        slow.open()
        expectCollapsed(await follower.response(), 'run 1')
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'event-stream',
      title: 'an event stream flows, is not stored, and holds nobody',
      places,
      async run(trial) {
        const never = trial.barrier()
        const page = origin(({ reply }) => {
          reply.header('Content-Type', 'text/event-stream')
          return { stream: parts('data: 1\n\n', never.wait) }
        })
        const { leader, follower } = await pair(trial, page, never)
        await leader.received(9)
        await follower.received(9)
        assert.match(fieldValue(await leader.head(), 'cache-status') ?? '', /detail=event-stream$/)
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'leader-takes-too-long',
      title: 'nobody waits longer for a fill than fills may take',
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run === 1) await slow.wait()
          return `run ${run}`
        })
        const { follower } = await pair(trial, page, slow)
        trial.clock.advance(30_000)
        expectBody(await follower.response(), 'run 2')
      },
    },
    {
      id: 'slow-first-reader',
      title: 'a first client that does not read holds nobody up',
      places,
      async run(trial) {
        // More than the buffers of both sockets take.
        const part = Buffer.alloc(256 * 1024, 'x')
        const count = 80
        const memory = { maxEntryBytes: (count + 1) * part.length }
        const cache = createCache({ clock: trial.clock, memory })
        const page = origin(() => ({ stream: parts(...Array.from({ length: count }, () => part)) }))
        const site = await trial.site({ cache, routes: [get('/page', page.handle)] })
        const leader = await site.connect()
        leader.pause()
        site.sendOn(leader, { path: '/page' })
        await until('the handler runs', () => page.runs === 1)
        const other = await site.get('/page')
        assert.equal(other.isComplete, true)
        assert.equal(other.body.length, count * part.length)
        assert.equal(page.runs, 1)
        leader.resume()
        assert.equal((await leader.response()).body.length, count * part.length)
      },
    },
    ...(['miss', 'hit'] as const).map(disconnects),
    ...overtakings.map(isNotOvertaken),
  ],
}

function disconnects(on: 'miss' | 'hit'): Case {
  return {
    id: `disconnect-on-${on}`,
    title: `a client that goes away in the middle of a ${on} leaves no half response behind`,
    places,
    async run(trial) {
      const slow = trial.barrier()
      const part = Buffer.alloc(1024 * 1024, 'x')
      const page = origin(() => ({ stream: parts(part, slow.wait, part) }))
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      if (on === 'hit') {
        slow.open()
        await site.get('/page')
      }
      const first = await site.send({ path: '/page' })
      await first.received(1024)
      first.destroy()
      await quiet()
      slow.open()
      for (let time = 1; time <= 2; time++) {
        const response = await site.get('/page')
        assert.equal(response.isComplete, true)
        assert.equal(response.body.length, 2 * part.length)
      }
    },
  }
}

function isNotOvertaken({ id, title, options, waitMs, status }: Overtaking): Case {
  return {
    id: `overtaken-${id}`,
    title: `of two fills, ${title} does not come behind a later one that ended with ${status}`,
    places,
    async run(trial) {
      const slow = trial.barrier()
      const page = origin(async ({ reply }, run) => {
        if (run === 1) await slow.wait()
        trial.cache.cacheLife(life)
        if (run === 2) reply.status(status)
        return `run ${run}`
      })
      const { site, leader, follower } = await pair(trial, page, slow, options)
      trial.clock.advance(waitMs)
      expectBody(await follower.response(), 'run 2')
      slow.open()
      expectBody(await leader.response(), 'run 1')
      if (status === 200) expectHit(await site.get('/page'), 'run 2')
      else expectMiss(await site.get('/page'), 'run 3')
    },
  }
}

/** What all requests pass on their way in. */
function counter(): { readonly count: number; readonly layer: Layer['run'] } {
  let count = 0
  return {
    get count() {
      return count
    },
    layer() {
      count++
      return undefined
    },
  }
}

/** A leader whose handler has been reached, and a follower that has come in behind it. */
async function pair(
  trial: Trial,
  page: Origin,
  barrier: Barrier,
  options: CacheOptions = { life },
): Promise<{ site: Site; leader: Connection; follower: Connection }> {
  const door = counter()
  const site = await trial.site({ options, above: [door.layer], routes: [get('/page', page.handle)] })
  const leader = await site.send({ path: '/page' })
  await barrier.reached
  const follower = await site.send({ path: '/page' })
  await until('the follower has come', () => door.count === 2)
  await quiet()
  return { site, leader, follower }
}
