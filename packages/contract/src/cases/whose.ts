import assert from 'node:assert/strict'
import type { Exchange, Layer } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBypass, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { guard } from '../harness/guard.ts'
import { origin } from '../harness/origin.ts'
import { get, group, layer, life, mounted, places } from '../harness/place.ts'
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
    id: 'vary-language',
    title: 'Vary: Accept-Language',
    reason: 'vary-accept-language',
    act: ({ reply }) => reply.header('Vary', 'Accept-Language'),
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
      id: 'authenticated-above',
      title: 'a request that is somebody’s before it comes to the cache passes',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ above: [loginByHeader], routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        expectBypass(await site.get('/page', { 'X-User': 'ada' }), 'authenticated', 'run 2')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'shared-option',
      title: 'shared: true lets authenticated requests share an entry',
      places,
      async run(trial) {
        const page = origin()
        const options = { life, shared: true }
        const site = await trial.site({
          options,
          above: [loginByHeader],
          routes: [get('/page', page.handle)],
        })
        expectMiss(await site.get('/page', { 'X-User': 'ada' }), 'run 1')
        expectHit(await site.get('/page', { 'X-User': 'bob' }), 'run 1')
      },
    },
    {
      id: 'hit-after-authentication',
      title: 'a hit never skips authentication that stands before the cache',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ above: [guard], routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { 'X-Key': 'right' }), 'run 1')
        expectHit(await site.get('/page', { 'X-Key': 'right' }), 'run 1')
        assert.equal((await site.get('/page')).status, 401)
        assert.equal((await site.get('/page', { 'If-None-Match': '*' })).status, 401)
        assert.equal((await site.head('/page')).status, 401)
      },
    },
    {
      id: 'hit-after-route-authentication',
      title: 'a hit never skips authentication that stands on the route before its cache',
      async run(trial) {
        const page = origin()
        const guarded = get('/page', page.handle, { cache: { life }, layers: [guard] })
        const site = await trial.serve([guarded])
        expectMiss(await site.get('/page', { 'X-Key': 'right' }), 'run 1')
        expectHit(await site.get('/page', { 'X-Key': 'right' }), 'run 1')
        assert.equal((await site.get('/page')).status, 401)
      },
    },
    {
      id: 'hit-after-group-authentication',
      title: 'a hit never skips authentication that guards the group of its cache',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          group('/api', [layer(guard), mounted({ life }), get('/page', page.handle)]),
        ])
        expectMiss(await site.get('/api/page', { 'X-Key': 'right' }), 'run 1')
        expectHit(await site.get('/api/page', { 'X-Key': 'right' }), 'run 1')
        assert.equal((await site.get('/api/page')).status, 401)
      },
    },
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
        await site.get('/page')
        await trial.settled()
        const response = await site.get('/page')
        expectHit(response, 'run 2')
        assert.deepEqual(fieldValues(response, 'x-seen-by'), ['layer 4'])
        assert.deepEqual(fieldValues(response, 'set-cookie'), ['visit=4'])
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

const loginByHeader: Layer['run'] = ({ request, login }) => {
  const name = request.header('x-user')
  if (name !== undefined) login(name)
  return undefined
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
