import assert from 'node:assert/strict'
import type { CacheOptions, Exchange, Layer } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectBypass, expectHit, expectMiss, expectRefused, expectStale } from '../harness/expect.ts'
import { guard } from '../harness/guard.ts'
import { origin } from '../harness/origin.ts'
import { get, group, layer, life, mounted, places } from '../harness/place.ts'

export const authentication: Theme = {
  name: 'who has logged in',
  cases: [
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
      id: 'login-every-way',
      title:
        'whoever has logged in goes past the cache, in whatever way the framework is told, above or below',
      places,
      needs: 'login-ways',
      async run(trial) {
        const above: Layer['run'] = (exchange) => logIn(exchange, exchange.request.header('x-above'))
        const page = origin((exchange, run) => {
          logIn(exchange, exchange.request.header('x-below'))
          return `run ${run}`
        })
        const first = get('/ways', ({ loginWays = {} }) => ({ json: Object.keys(loginWays) }))
        const site = await trial.site({ above: [above], routes: [first, get('/by/:way', page.handle)] })
        const ways: string[] = JSON.parse((await site.get('/ways')).body.toString())
        assert.notEqual(ways.length, 0)
        for (const way of ways) {
          expectRefused(await site.get(`/by/${way}`, { 'X-Below': way }), 'authenticated')
          expectMiss(await site.get(`/by/${way}`))
          expectBypass(await site.get(`/by/${way}`, { 'X-Above': way }), 'authenticated')
          expectHit(await site.get(`/by/${way}`))
        }
        assert.equal(page.runs, 3 * ways.length)
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
      id: 'hit-after-guard',
      title: 'a hit never skips the framework’s own guard of a route, and whom it knows is not everybody',
      needs: 'guard',
      async run(trial) {
        const page = origin()
        const guarded = (path: string, cache: CacheOptions) =>
          get(path, page.handle, { cache, isGuarded: true })
        const site = await trial.serve([
          guarded('/shared', { life, shared: true }),
          guarded('/own', { life }),
        ])
        const known = { 'X-Key': 'right' }
        expectMiss(await site.get('/shared', known), 'run 1')
        expectHit(await site.get('/shared', known), 'run 1')
        for (let run = 2; run <= 3; run++)
          expectBypass(await site.get('/own', known), 'authenticated', `run ${run}`)
        for (const path of ['/shared', '/own']) {
          assert.equal((await site.get(path)).status, 401)
          assert.equal((await site.get(path, { 'If-None-Match': '*' })).status, 401)
          assert.equal((await site.head(path)).status, 401)
        }
        trial.clock.advance(61_000)
        assert.equal((await site.get('/shared')).status, 401)
        expectStale(await site.get('/shared', known), 'run 1')
        await trial.settled()
        expectHit(await site.get('/shared', known), 'run 4')
      },
    },
  ],
}

const loginByHeader: Layer['run'] = ({ request, login }) => {
  const name = request.header('x-user')
  if (name !== undefined) login(name)
  return undefined
}

function logIn({ loginWays = {} }: Exchange, way: string | undefined): undefined {
  if (way !== undefined) loginWays[way]?.('ada')
}
