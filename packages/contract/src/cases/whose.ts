import assert from 'node:assert/strict'
import type { Exchange, Layer } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'

interface Refused {
  readonly id: string
  readonly title: string
  readonly reason: string
  readonly act: (exchange: Exchange, run: number) => void
}

const refused: readonly Refused[] = [
  {
    id: 'cookie-below',
    title: 'a cookie set below the cache, in the framework’s own way',
    reason: 'set-cookie',
    act: ({ reply }) => reply.cookie('session', '1'),
  },
  {
    id: 'set-cookie-below',
    title: 'a Set-Cookie line set below the cache',
    reason: 'set-cookie',
    act: ({ reply }) => reply.append('Set-Cookie', 'session=1'),
  },
  {
    id: 'set-cookie-replaced-below',
    title: 'a Set-Cookie line that replaces what stood there',
    reason: 'set-cookie',
    act: ({ reply }) => reply.header('set-cookie', 'session=1'),
  },
  {
    id: 'login-below',
    title: 'a login below the cache',
    reason: 'authenticated',
    act: ({ login }) => login('ada'),
  },
  {
    id: 'csp-nonce',
    title: 'a nonce in the Content-Security-Policy',
    reason: 'csp-nonce',
    act: ({ reply }, run) => reply.header('Content-Security-Policy', `script-src 'nonce-${run}'`),
  },
  {
    id: 'cors-origin',
    title: 'one origin allowed, without Vary: Origin',
    reason: 'cors-origin',
    act: ({ reply }) => reply.header('Access-Control-Allow-Origin', 'https://a.test'),
  },
  {
    id: 'vary-star',
    title: 'Vary: *',
    reason: 'vary',
    act: ({ reply }) => reply.header('Vary', 'Accept-Encoding, *'),
  },
]

export const whose: Theme = {
  name: 'nobody else’s data',
  cases: [
    ...refused.map(isRefused),
    ...refused.map(isRefusedWhileOthersWait),
    ...['Cookie', 'Authorization'].map(passes),
    {
      id: 'ignored-cookies',
      title: 'cookies: ignore lets requests with cookies share an entry',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({
          options: { life, cookies: 'ignore' },
          routes: [get('/page', page.handle)],
        })
        expectMiss(await site.get('/page', { Cookie: 'a=1' }), 'run 1')
        expectHit(await site.get('/page', { Cookie: 'a=2' }), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'authorization-public',
      title: 'a response that says public is also for requests with Authorization',
      places,
      async run(trial) {
        const page = origin(({ reply }, run) => {
          reply.header('Cache-Control', 'public, max-age=5')
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { Authorization: 'Bearer a' }), 'run 1')
        expectHit(await site.get('/page', { Authorization: 'Bearer b' }), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'credentials-leave-entries-alone',
      title: 'what somebody’s credentials get removes nothing of everybody’s',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          if (request.header('authorization') !== undefined) reply.status(404)
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        assert.equal((await site.get('/page', { Authorization: 'Bearer a' })).status, 404)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'outer-cookies',
      title: 'a cookie that the options name is let go, and the response stored without it',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.cookie('visit', '1')
          return 'page'
        })
        const options = { life, outerCookies: ['visit'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        assert.equal(fieldValues(await site.get('/page'), 'set-cookie').length, 1)
        const hit = await site.get('/page')
        expectHit(hit, 'page')
        assert.equal(fieldValue(hit, 'set-cookie'), undefined)
      },
    },
    {
      id: 'cookie-every-way',
      title: 'a cookie keeps the response out in whatever way it is set, with a body that is streamed too',
      places,
      needs: 'cookie-ways',
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          const way = reply.cookieWays?.[request.params.way ?? '']
          assert.ok(way !== undefined, `a way named ${request.params.way}`)
          way('session', String(run))
          return { stream: parts(`run ${run}`) }
        })
        const first = get('/ways', ({ reply }) => ({ json: Object.keys(reply.cookieWays ?? {}) }))
        const site = await trial.site({ routes: [first, get('/by/:way', page.handle)] })
        const ways: string[] = JSON.parse((await site.get('/ways')).body.toString())
        assert.notEqual(ways.length, 0)
        for (const way of ways) {
          for (let time = 1; time <= 2; time++) {
            const response = await site.get(`/by/${way}`)
            assert.equal(fieldValues(response, 'set-cookie').length, 1, way)
            expectRefused(response, 'set-cookie')
          }
        }
        assert.equal(page.runs, 2 * ways.length)
      },
    },
    {
      id: 'nonce-above',
      title: 'a nonce refuses wherever its header was set: it is in the body too',
      places,
      async run(trial) {
        const above: Layer['run'] = ({ reply }) => {
          reply.header('Content-Security-Policy', "script-src 'nonce-abc'")
          return undefined
        }
        const site = await trial.site({ above: [above], routes: [get('/page', origin().handle)] })
        expectRefused(await site.get('/page'), 'csp-nonce', 'run 1')
        expectRefused(await site.get('/page'), 'csp-nonce', 'run 2')
      },
    },
  ],
}

function isRefused({ id, title, reason, act }: Refused): Case {
  return {
    id,
    title: `${title} keeps the response out`,
    places,
    async run(trial) {
      const page = origin((exchange, run) => {
        act(exchange, run)
        return `run ${run}`
      })
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      expectRefused(await site.get('/page'), reason, 'run 1')
      expectRefused(await site.get('/page'), reason, 'run 2')
    },
  }
}

function isRefusedWhileOthersWait({ id, title, reason, act }: Refused): Case {
  return {
    id: `${id}-collapsed`,
    title: `${title} keeps the response from those who wait for it`,
    places,
    async run(trial) {
      const slow = trial.barrier()
      const page = origin(async (exchange, run) => {
        await slow.wait()
        act(exchange, run)
        return `run ${run}`
      })
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      const connections = await site.flood(3, '/page')
      await slow.reached
      slow.open()
      const responses = await Promise.all(connections.map((connection) => connection.response()))
      for (const response of responses) expectRefused(response, reason)
      assert.equal(new Set(responses.map(({ body }) => body.toString())).size, 3)
    },
  }
}

function passes(name: string): Case {
  const headers = { [name]: 'secret=1' }
  const reason = name.toLowerCase()
  return {
    id: `request-${reason}`,
    title: `what a request with ${name} gets is its own, and it gets nothing stored`,
    places,
    async run(trial) {
      const page = origin()
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      const own = await site.get('/page', headers)
      assert.match(fieldValue(own, 'cache-status') ?? '', new RegExp(`detail=${reason}$`))
      assert.equal(own.body.toString(), 'run 1')
      expectMiss(await site.get('/page'), 'run 2')
      assert.equal((await site.get('/page', headers)).body.toString(), 'run 3')
      expectHit(await site.get('/page'), 'run 2')
    },
  }
}
