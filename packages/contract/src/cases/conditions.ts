import assert from 'node:assert/strict'
import type { Layer } from '../description.ts'
import type { Theme } from '../harness/case.ts'
import { expectBypass, expectCollapsed, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import { pair } from '../harness/followers.ts'
import { origin } from '../harness/origin.ts'
import { get, group, layer, life, mounted, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import { quiet } from '../harness/waiting.ts'

const etag = '"version-1"'

/** A page with an ETag of its own, that notes which conditions its handler sees. */
function conditionalPage() {
  const seen: unknown[] = []
  const page = origin(({ request, reply }, run) => {
    for (const name of ['if-none-match', 'if-modified-since']) {
      if (request.header(name) !== undefined) seen.push(name)
    }
    reply.header('ETag', run === 1 ? etag : `"version-${run}"`)
    return `run ${run}`
  })
  return { page, seen }
}

export const conditions: Theme = {
  name: 'conditions and HEAD',
  cases: [
    {
      id: 'precondition-passes',
      title: 'If-Match and If-Unmodified-Since are for the handler, and go past the cache',
      places,
      async run(trial) {
        const page = origin(({ request }) => `match ${request.header('if-match') ?? 'none'}`)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'match none')
        const guarded = await site.get('/page', { 'If-Match': '"a"' })
        assert.equal(fieldValue(guarded, 'cache-status'), 'restale; fwd=bypass; detail=precondition')
        assert.equal(guarded.body.toString(), 'match "a"')
        await site.get('/page', { 'If-Unmodified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' })
        assert.equal(page.runs, 3)
      },
    },
    {
      id: 'not-modified-on-hit',
      title: 'a client that has the stored response gets a 304 without its body',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const generated = fieldValue(await site.get('/page'), 'etag') ?? ''
        assert.match(generated, /^(W\/)?".+"$/)
        const response = await site.get('/page', { 'If-None-Match': generated })
        assert.equal(response.status, 304)
        expectHit(response, '')
        assert.equal(fieldValue(response, 'etag'), generated)
        assert.equal(fieldValue(response, 'content-length'), undefined)
        assert.equal(fieldValue(response, 'content-type'), undefined)
        assert.equal((await site.get('/page', { 'If-None-Match': '"other"' })).status, 200)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'not-modified-by-date',
      title: 'Last-Modified answers If-Modified-Since',
      places,
      async run(trial) {
        const at = 'Tue, 14 Nov 2023 10:00:00 GMT'
        const page = origin(({ reply }, run) => {
          reply.header('Last-Modified', at)
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        assert.equal((await site.get('/page', { 'If-Modified-Since': at })).status, 304)
        const earlier = 'Tue, 14 Nov 2023 09:00:00 GMT'
        assert.equal((await site.get('/page', { 'If-Modified-Since': earlier })).status, 200)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'not-modified-on-miss',
      title: 'on a cold key that is decided, the handler sees no condition, and the client gets its 304',
      places,
      async run(trial) {
        const { page, seen } = conditionalPage()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const since = 'Tue, 14 Nov 2023 10:00:00 GMT'
        const response = await site.get('/page', { 'If-None-Match': etag, 'If-Modified-Since': since })
        assert.equal(response.status, 304)
        assert.equal(response.body.length, 0)
        assert.equal(fieldValue(response, 'etag'), etag)
        assert.equal(fieldValue(response, 'content-length'), undefined)
        assert.equal(fieldValue(response, 'content-type'), undefined)
        assert.equal(fieldValue(response, 'cache-status'), 'restale; fwd=uri-miss; fwd-status=200; stored')
        assert.deepEqual(seen, [])
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'not-modified-generated',
      title: 'a 304 on a miss also for an ETag that we have made',
      places,
      async run(trial) {
        const page = origin(() => 'the same')
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const generated = fieldValue(await site.get('/page'), 'etag') ?? ''
        trial.clock.advance(301_000)
        const response = await site.get('/page', { 'If-None-Match': generated })
        assert.equal(response.status, 304)
        assert.equal(page.runs, 2)
        expectHit(await site.get('/page'), 'the same')
      },
    },
    {
      id: 'not-modified-collapsed',
      title: 'who waits for a response that it has already gets a 304, and the others get the whole',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ reply }, run) => {
          await slow.wait()
          reply.header('ETag', etag)
          return `run ${run}`
        })
        const { site, leader, follower } = await pair(trial, page, slow)
        const owner = await site.send({ path: '/page', headers: [['If-None-Match', etag]] })
        await quiet()
        slow.open()
        expectMiss(await leader.response(), 'run 1')
        expectCollapsed(await follower.response(), 'run 1')
        const response = await owner.response()
        assert.equal(response.status, 304)
        assert.equal(response.body.length, 0)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'conditions-until-decided',
      title: 'until a response is decided, conditions are the handler’s, and its 304 passes unstored',
      places,
      async run(trial) {
        const seen: unknown[] = []
        const page = origin(({ request, reply }, run) => {
          seen.push(request.header('if-none-match'))
          if (request.header('if-none-match') !== etag) return `run ${run}`
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        const response = await site.get('/page', { 'If-None-Match': etag })
        assert.equal(response.status, 304)
        assert.equal((await site.get('/page')).body.toString(), 'run 2')
        assert.deepEqual(seen, [etag, undefined])
      },
    },
    {
      id: 'conditions-after-opt-in',
      title: 'once a handler has opted in, conditions are hidden from what comes after',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          trial.cache.cacheLife(life)
          reply.header('ETag', etag)
          return `${request.header('if-none-match')} ${run}`
        })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        assert.equal((await site.get('/page', { 'If-None-Match': etag })).status, 304)
        expectHit(await site.get('/page'), 'undefined 1')
      },
    },
    {
      id: 'no-conditions-on-refill',
      title: 'outer layers see no conditions of a refill, its trigger’s neither',
      places,
      async run(trial) {
        const seen: unknown[] = []
        const { page } = conditionalPage()
        const above: Layer['run'] = ({ request }) => {
          if (request.isRefill) seen.push(request.header('if-none-match'), request.header('if-range'))
          return undefined
        }
        const site = await trial.site({ above: [above], routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        const asked = { 'If-None-Match': etag, 'If-Range': etag }
        assert.equal((await site.get('/page', asked)).status, 304)
        await trial.settled()
        assert.deepEqual(seen, [undefined, undefined])
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'no-conditions-between-mounts',
      title: 'what stands between two mounts sees no conditions of a refill’s trigger',
      async run(trial) {
        const seen: unknown[] = []
        const between: Layer['run'] = ({ request }) => {
          if (request.isRefill) seen.push(request.header('if-none-match'), request.header('range'))
          return undefined
        }
        const { page } = conditionalPage()
        const site = await trial.serve([
          mounted({}),
          group('/api', [layer(between), mounted({ life }), get('/page', page.handle)]),
        ])
        await site.get('/api/page')
        trial.clock.advance(61_000)
        assert.equal((await site.get('/api/page', { 'If-None-Match': etag })).status, 304)
        await trial.settled()
        assert.deepEqual(seen, [undefined, undefined])
        expectHit(await site.get('/api/page'), 'run 2')
      },
    },
    {
      id: 'partial-not-stored',
      title: 'a 206 is never stored',
      places,
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.status(206)
          reply.header('Content-Range', 'bytes 0-1/4')
          return 'ab'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectRefused(await site.get('/page'), 'status-206')
        expectRefused(await site.get('/page'), 'status-206')
        assert.equal(page.runs, 2)
      },
    },
    {
      id: 'head-on-hit',
      title: 'HEAD is answered from a stored GET: the same fields, no body',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const whole = await site.get('/page')
        const head = await site.head('/page')
        expectHit(head, '')
        assert.deepEqual(fieldsOf(head), fieldsOf(whole))
        assert.equal(fieldValue(head, 'content-length'), '5')
        const notModified = await site.head('/page', { 'If-None-Match': fieldValue(whole, 'etag') ?? '' })
        assert.equal(notModified.status, 304)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'head-before-get',
      title: 'a HEAD before any GET stores nothing, and holds nobody up',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const head = await site.head('/page')
        assert.equal(head.status, 200)
        assert.equal(fieldValue(head, 'cache-status'), 'restale; fwd=uri-miss')
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'head-beside-get',
      title: 'nobody waits for a HEAD, and a HEAD that runs beside a GET takes nothing of it away',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ request }, run) => {
          if (request.method === 'HEAD') await slow.wait()
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const head = await site.send({ method: 'HEAD', path: '/page' })
        await slow.reached
        expectMiss(await site.get('/page'), 'run 2')
        slow.open()
        assert.equal((await head.response()).status, 200)
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'unsafe-methods-pass',
      title: 'a POST goes to its handler and is not answered from a stored GET',
      places: ['root', 'prefix'],
      async run(trial) {
        const page = origin()
        const route = get('/page', page.handle)
        const site = await trial.site({ routes: [route, { ...route, method: 'POST' }] })
        await site.get('/page')
        const response = await site.post('/page')
        assert.equal(response.body.toString(), 'run 2')
        assert.equal(fieldValue(response, 'cache-status'), 'restale; fwd=method')
      },
    },
    {
      id: 'get-with-content',
      title: 'a GET with a body passes: what the handler makes of it is in no key',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        expectBypass(await site.request({ path: '/page', body: '{"q":1}' }), 'content', 'run 2')
      },
    },
  ],
}

function fieldsOf({ lines }: { readonly lines: readonly (readonly [string, string])[] }): string[] {
  return lines.map(([name, value]) => `${name}: ${value}`).sort()
}
