import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { createCache } from '@restale/core'
import type { Case, Theme } from '../harness/case.ts'
import type { Connection } from '../harness/connection.ts'
import {
  expectBody,
  expectCollapsed,
  expectHit,
  expectMiss,
  expectRefused,
  expectStale,
} from '../harness/expect.ts'
import { pair } from '../harness/followers.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import { maxEntryBytes } from '../harness/trial.ts'
import { quiet, until } from '../harness/waiting.ts'

const undecidedWaitMs = 200

export const patience: Theme = {
  name: 'nobody is held up',
  cases: [
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
      places,
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
    {
      id: 'long-poll',
      title:
        'a long poll of 30 s that never opts in is answered whole, and each who comes meanwhile runs at once',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const { site, leader, follower } = await pair(trial, page, slow, {})
        trial.clock.advance(undecidedWaitMs)
        await until('the follower runs for itself', () => page.runs === 2)
        const others: Connection[] = []
        for (let second = 5; second <= 30; second += 5) {
          trial.clock.advance(5_000)
          others.push(await site.send({ path: '/page' }))
          await until('the newcomer runs at once', () => page.runs === 2 + others.length)
        }
        slow.open()
        expectRefused(await leader.response(), 'not-opted-in', 'run 1')
        expectRefused(await follower.response(), 'not-opted-in', 'run 2')
        for (const [at, other] of others.entries())
          expectRefused(await other.response(), 'not-opted-in', `run ${at + 3}`)
      },
    },
    {
      id: 'endless-stream',
      title: 'a stream that never ends flows, and holds nobody once it is too large to be stored',
      places,
      async run(trial) {
        const never = trial.barrier()
        const part = Buffer.alloc(maxEntryBytes / 2 + 1, 'x')
        const page = origin(() => ({ stream: parts(part, part, never.wait) }))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const leader = await site.send({ path: '/page' })
        const follower = await site.send({ path: '/page' })
        await leader.received(2 * part.length)
        await follower.received(2 * part.length)
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'early-hints',
      title: 'a 103 goes ahead of the response, and is not stored',
      places,
      needs: 'early-hints',
      async run(trial) {
        const page = origin(({ reply }, run) => {
          reply.hint?.('</style.css>; rel=preload; as=style')
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const first = await site.send({ path: '/page' })
        expectMiss(await first.response(), 'run 1')
        assert.deepEqual(
          first.informational.map(({ status }) => status),
          [103],
        )
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        const second = await site.send({ path: '/page' })
        const hit = await second.response()
        expectHit(hit, 'run 2')
        assert.equal(fieldValue(hit, 'link'), undefined)
        assert.deepEqual(second.informational, [])
      },
    },
    {
      id: 'real-upgrade',
      title: 'who listens for upgrades gets them, and what is stored stays',
      places,
      needs: 'server',
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        site.server.on('upgrade', (_, socket) => {
          socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello')
        })
        expectMiss(await site.get('/page'), 'run 1')
        const upgraded = await site.get('/page', { Connection: 'Upgrade', Upgrade: 'echo' })
        assert.equal(upgraded.status, 101)
        expectBody(upgraded, 'hello')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    ...(['miss', 'hit'] as const).map(disconnects),
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
