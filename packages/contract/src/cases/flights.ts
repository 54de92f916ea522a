import assert from 'node:assert/strict'
import type { CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBody, expectCollapsed, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { counter, pair } from '../harness/followers.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import { quiet, until } from '../harness/waiting.ts'

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
      id: 'leader-aborts-mid-body',
      title: 'a leader whose client goes away in the middle of the body: those who wait get a whole response',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin((_, run) => ({ stream: parts(`run ${run}, `, slow.wait, 'whole') }))
        const { site, leader, follower } = await pair(trial, page, slow)
        await leader.received('run 1, '.length)
        leader.destroy()
        await quiet()
        slow.open()
        const response = await follower.response()
        assert.match(response.body.toString(), /^run [12], whole$/)
        assert.equal(response.isComplete, true)
        expectHit(await site.get('/page'), response.body.toString())
      },
    },
    {
      id: 'follower-aborts',
      title: 'a client that goes away while it waits takes nothing from the others',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          await slow.wait()
          return `run ${run}`
        })
        const { site, leader, follower } = await pair(trial, page, slow)
        const other = await site.send({ path: '/page' })
        follower.destroy()
        await quiet()
        slow.open()
        expectMiss(await leader.response(), 'run 1')
        expectBody(await other.response(), 'run 1')
        assert.equal(page.runs, 1)
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
      places,
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
      places,
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
      id: 'uncollapsible-stored',
      title: 'what comes after a response that was refused for its nature may be stored all the same',
      places,
      async run(trial) {
        const page = origin(({ reply }, run) => {
          if (run === 1) reply.header('Cache-Control', 'private')
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectRefused(await site.get('/page'), 'private', 'run 1')
        expectMiss(await site.get('/page'), 'run 2')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'leader-takes-too-long',
      title: 'nobody waits longer for a fill than fills may take',
      places,
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
    ...overtakings.map(isNotOvertaken),
  ],
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
