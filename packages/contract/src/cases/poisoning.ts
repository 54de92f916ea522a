import assert from 'node:assert/strict'
import { rfc9111 } from '@restale/core'
import type { CacheOptions, NeutralRequest } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { RequestHeaders, Site } from '../harness/site.ts'
import { quiet } from '../harness/waiting.ts'

/** A request that goes past the cache, and so gets what nobody else has had a part in. */
const alone = { 'X-Alone': '1' }
const skip = (request: NeutralRequest) => request.header('x-alone') !== undefined

const reflected = [
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method-override',
] as const

/** Read differently by one parser or another. */
const cloaked = [
  'q=a&q=b',
  'q=a;q=b',
  'utm=1;q=b',
  'q[]=b',
  'q%5B%5D=b',
  'q[x]=b',
  'x[q]=b',
  '%71=b',
  'Q=b',
  'q=a%00b',
  'q=a&utm=1&q=c',
  'q.x=b',
  'q',
  '=b&q=a',
  '&&q=a',
  'q=a?q=b',
]

/** Taken for `/page` by one server or another. */
const paths = [
  '/page/',
  '/PAGE',
  '/%70age',
  '//page',
  '/./page',
  '/x/../page',
  '/page;x=1',
  '/page%2F',
  '/page%3Fx=1',
  '/page?',
]

export const poisoning: Theme = {
  name: 'nobody decides what others get',
  cases: [
    ...[true, false].map(reflectsFields),
    ...['names', 'ignore'].map(hidesNothingCloaked),
    {
      id: 'poison-paths',
      title: 'forms of a path that a framework may take for another are in the key as they are',
      places,
      async run(trial) {
        const page = origin(({ request }) => `page at ${request.url}`)
        const options = { life, skip }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        await getsItsOwn(site, '/page')
        for (const path of paths) {
          await getsItsOwn(site, path)
          await getsItsOwn(site, '/page')
        }
      },
    },
    {
      id: 'poison-suffix',
      title: 'a page that somebody is shown at the path of a picture is nobody else’s',
      places,
      async run(trial) {
        const page = origin(({ request }) => `account of ${request.header('cookie') ?? 'nobody'}`)
        const routes = [get('/account/:file', page.handle)]
        const site = await trial.site({ options: {}, routes })
        await getsItsOwn(site, '/account/logo.png', { Cookie: 'session=1' })
        await getsItsOwn(site, '/account/logo.png')
      },
    },
    {
      id: 'poison-suffix-rfc9111',
      title: 'nor is it by the standards, where the page says nothing of caching',
      places,
      async run(trial) {
        const page = origin(({ request, reply }) => {
          const who = request.header('cookie') ?? 'nobody'
          reply.header('ETag', `"${who.length}"`)
          return `account of ${who}`
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/account/:file', page.handle)] })
        for (const Cookie of ['session=1', 'session=20', 'session=1']) {
          const response = await site.get('/account/logo.png', { Cookie })
          assert.equal(response.body.toString(), `account of ${Cookie}`)
        }
      },
    },
    {
      id: 'poison-collapsed-rfc9111',
      title: 'what has to be validated each time answers nobody who has waited for it',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async ({ request, reply }) => {
          await slow.wait()
          reply.header('ETag', '"1"')
          return `account of ${request.header('cookie') ?? 'nobody'}`
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        const first = await site.send({ path: '/page', headers: [['Cookie', 'session=1']] })
        await slow.reached
        const second = await site.send({ path: '/page', headers: [['Cookie', 'session=2']] })
        await quiet()
        slow.open()
        assert.equal((await first.response()).body.toString(), 'account of session=1')
        assert.equal((await second.response()).body.toString(), 'account of session=2')
      },
    },
    {
      id: 'poison-own-fields',
      title: 'what the cache itself says is believed of no client',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const said = { 'Cache-Status': 'restale; hit', Age: '9', 'X-Restale-Refill': '1', Via: '1.1 restale' }
        const first = await site.get('/page', said)
        expectMiss(first, 'run 1')
        assert.equal(fieldValue(first, 'cache-status'), 'restale; fwd=uri-miss; stored')
        expectHit(await site.get('/page', said), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'poison-split',
      title: 'a field that a client’s line break would split is refused, and nothing of it is stored',
      places,
      async run(trial) {
        const page = origin(({ request, reply }) => {
          const to = request.header('x-to')
          if (to !== undefined) reply.header('X-To', decodeURIComponent(to))
          return 'page'
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const split = await site.get('/page', { 'X-To': 'a%0d%0aSet-Cookie: evil=1' })
        assert.equal(fieldValue(split, 'set-cookie'), undefined)
        const next = await site.get('/page')
        expectMiss(next, 'page')
        assert.equal(fieldValue(next, 'x-to'), undefined)
      },
    },
    {
      id: 'poison-oversized',
      title: 'the error page of a request that is too large is its own',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const refused = await site.get('/page', { 'X-Large': 'x'.repeat(40_000) })
        assert.ok(refused.status >= 400)
        expectMiss(await site.get('/page'), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
  ],
}

function reflectsFields(trustsProxy: boolean): Case {
  const trust = trustsProxy ? 'with' : 'without'
  return {
    id: `poison-fields-${trust}-trust`,
    title: `${trust} trust in a proxy, fields that a handler shows are shown to who has sent them`,
    places,
    async run(trial) {
      const page = origin(({ request }) => {
        const said = reflected.map((name) => request.header(name) ?? '-')
        return [request.protocol, request.host, ...said].join(' ')
      })
      const options = { life, skip }
      const site = await trial.site({ trustsProxy, options, routes: [get('/page', page.handle)] })
      await getsItsOwn(site, '/page')
      for (const name of reflected) {
        await getsItsOwn(site, '/page', { [name]: name === 'x-forwarded-port' ? '81' : 'evil' })
        await getsItsOwn(site, '/page')
      }
    },
  }
}

function hidesNothingCloaked(kind: string): Case {
  const query = kind === 'names' ? ['q'] : { ignore: ['utm'] }
  const options: CacheOptions = { life, skip, key: { query } }
  return {
    id: `poison-query-${kind}`,
    title: `a parameter that a parser finds in another is in the key, with a list of ${kind}`,
    places,
    async run(trial) {
      const page = origin(({ request }) => `q is ${JSON.stringify(request.query.q)}`)
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      await getsItsOwn(site, '/page?q=a')
      for (const text of cloaked) {
        await getsItsOwn(site, `/page?${text}`)
        await getsItsOwn(site, '/page?q=a')
      }
    },
  }
}

/** Whatever others have asked for before, it is answered as if nobody had. */
async function getsItsOwn(site: Site, path: string, headers: RequestHeaders = {}): Promise<void> {
  const expected = await site.get(path, { ...headers, ...alone })
  for (let time = 1; time <= 2; time++) {
    const response = await site.get(path, headers)
    assert.equal(response.status, expected.status)
    assert.equal(response.body.toString(), expected.body.toString())
  }
}
