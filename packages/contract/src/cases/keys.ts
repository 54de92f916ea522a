import assert from 'node:assert/strict'
import { createCache } from '@restale/core'
import type { KeyOptions } from '@restale/core/http'
import type { CacheOptions } from '../description.ts'
import { afterRefill } from '../harness/after-refill.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectBypass, expectHit, expectMiss, expectStale } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, life, places } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'

interface Query {
  readonly id: string
  readonly title: string
  readonly query: NonNullable<KeyOptions['query']>
}

interface OddHost {
  readonly id: string
  readonly title: string
  readonly host: string
}

const queries: readonly Query[] = [
  { id: 'query-names', title: 'only named parameters are in the key', query: ['page', 'filter'] },
  { id: 'query-ignore', title: 'ignored parameters are not in the key', query: { ignore: ['utm', 'ref'] } },
]

/** What some take for `contract.test`, while a handler may read the line itself. */
const oddHosts: readonly OddHost[] = [
  { id: 'odd-host-userinfo', title: 'a Host that carries a user', host: 'evil.test@contract.test' },
  { id: 'odd-host-list', title: 'a Host that lists two', host: 'contract.test,evil.test' },
]

const routingFields = [
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'X-Forwarded-Prefix',
  'X-Original-URL',
  'X-Rewrite-URL',
  'X-HTTP-Method-Override',
]

export const keys: Theme = {
  name: 'the key',
  cases: [
    ...queries.map(hidesParameters),
    ...queries.map(keepsSecondMark),
    ...oddHosts.map(storesNothing),
    {
      id: 'forwarded-host-beside-another',
      title: 'with trust in a proxy, the Host line is in the key beside what the proxy says',
      places,
      async run(trial) {
        const page = origin(({ request }) => `${request.host} for ${request.header('host')}`)
        const site = await trial.site({ trustsProxy: true, routes: [get('/page', page.handle)] })
        const forwarded = { Host: 'evil.test', 'X-Forwarded-Host': 'contract.test' }
        expectMiss(await site.get('/page', forwarded), 'contract.test for evil.test')
        expectMiss(await site.get('/page'), 'contract.test for contract.test')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page', forwarded), 'contract.test for evil.test')
        await trial.settled()
        expectHit(await site.get('/page', forwarded), 'contract.test for evil.test')
        expectStale(await site.get('/page'), 'contract.test for contract.test')
        const odd = { ...forwarded, Host: 'evil.test@contract.test' }
        const { status, ...response } = await site.get('/page', odd)
        if (status !== 400) expectBypass({ status, ...response }, 'host')
      },
    },
    {
      id: 'target-as-sent',
      title: 'path and query are in the key exactly as they were sent',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page/:id', page.handle)] })
        const targets = ['/page/a', '/page/a?', '/page/a?b=1', '/page/a?b=1&c', '/page/a?c&b=1', '/page/%61']
        for (const target of targets) expectMiss(await site.get(target))
        for (const [at, target] of targets.entries()) expectHit(await site.get(target), `run ${at + 1}`)
      },
    },
    {
      id: 'key-headers',
      title: 'request headers that the options name are in the key',
      places,
      async run(trial) {
        const page = origin(({ request }) => `${request.header('x-tenant')}`)
        const options = { life, key: { headers: ['X-Tenant'] } }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          expected(await site.get('/page'), 'undefined')
          expected(await site.get('/page', { 'X-Tenant': 'blue' }), 'blue')
          expected(await site.get('/page', { 'x-tenant': 'red' }), 'red')
        }
      },
    },
    {
      id: 'key-authorization',
      title: 'with Authorization in the key, everyone has entries of their own',
      places,
      async run(trial) {
        const page = origin(({ request }) => `${request.header('authorization')}`)
        const options = { life, key: { headers: ['authorization'] } }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          expected(await site.get('/page', { Authorization: 'Bearer a' }), 'Bearer a')
          expected(await site.get('/page', { Authorization: 'Bearer b' }), 'Bearer b')
        }
      },
    },
    {
      id: 'key-cookies',
      title: 'cookies that the options name are in the key, and requests with others pass',
      places,
      async run(trial) {
        const page = origin(({ request }) => `${request.header('cookie')}`)
        const options = { life, key: { cookies: ['theme'] } }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        for (const expected of [expectMiss, expectHit]) {
          expected(await site.get('/page'), 'undefined')
          expected(await site.get('/page', { Cookie: 'theme=dark' }), 'theme=dark')
          expected(await site.get('/page', { Cookie: 'theme=light' }), 'theme=light')
        }
        expectBypass(await site.get('/page', { Cookie: 'theme=dark; session=1' }), 'cookie')
      },
    },
    {
      id: 'routing-fields',
      title:
        'RFC 9111 §2: fields that may tell where a request belongs are in the key, whoever believes them',
      places,
      async run(trial) {
        const page = origin()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const requests = [{}, ...routingFields.map((name) => ({ [name]: 'evil.test' }))]
        for (const headers of requests) expectMiss(await site.get('/page', headers))
        for (const [at, headers] of requests.entries())
          expectHit(await site.get('/page', headers), `run ${at + 1}`)
        expectHit(await site.get('/page', { 'X-Forwarded-For': '192.0.2.1', Via: '1.1 proxy' }), 'run 1')
      },
    },
    {
      id: 'two-hosts-in-one-request',
      title: 'a request with two Host lines is answered past the cache',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        const hosts = [
          ['Host', 'contract.test'],
          ['Host', 'evil.test'],
        ] as const
        const { status, ...response } = await site.request({ path: '/page', headers: hosts })
        if (status !== 400) expectBypass({ status, ...response }, 'host')
        expectMiss(await site.get('/page'))
      },
    },
    {
      id: 'absolute-target',
      title: 'a request that names its host in the target stores nothing',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        const response = await site.atRoot().request({ path: `http://evil.test${site.prefix}/page` })
        assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /hit|stored/)
        expectMiss(await site.get('/page'))
      },
    },
    {
      id: 'upgrade',
      title: 'a request to upgrade passes',
      places,
      async run(trial) {
        const site = await trial.site({ routes: [get('/page', origin().handle)] })
        await site.get('/page')
        const asked = { Connection: 'Upgrade', Upgrade: 'something' }
        const response = await site.get('/page', asked)
        assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /hit|stored/)
      },
    },
    {
      id: 'disabled',
      title: 'a disabled cache leaves no trace',
      async run(trial) {
        const cache = createCache({ enabled: false })
        const page = origin()
        const site = await trial.serve([get('/page', page.handle, { cache: { life } })], { cache })
        for (let run = 1; run <= 2; run++) {
          const response = await site.get('/page')
          assert.equal(response.body.toString(), `run ${run}`)
          assert.equal(fieldValue(response, 'cache-status'), undefined)
        }
      },
    },
  ],
}

function hidesParameters({ id, title, query }: Query): Case {
  return {
    id,
    title: `${title}, and the handler does not see the rest, in a refill neither`,
    places,
    async run(trial) {
      const page = origin(({ request }) => ({ json: { url: request.url, query: request.query } }))
      const options: CacheOptions = { life, key: { query } }
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      const miss = await site.get('/page?utm=1&page=2&ref=x&filter[a]=b')
      const seen = JSON.parse(miss.body.toString())
      assert.equal(seen.query.page, '2')
      assert.equal(seen.query.utm, undefined)
      assert.equal(seen.query.ref, undefined)
      assert.match(seen.url, /\/page\?page=2&filter\[a\]=b$/)
      expectHit(await site.get('/page?page=2&filter[a]=b&utm=2'))
      expectHit(await site.get('/page?page=2&filter[a]=b'))
      expectMiss(await site.get('/page?page=3&filter[a]=b'))
      assert.equal(page.runs, 2)
      const refilled = await afterRefill(trial, site, '/page?utm=3&page=2&ref=y&filter[a]=b')
      assert.equal(page.runs, 3)
      assert.deepEqual(JSON.parse(refilled.body.toString()), seen)
    },
  }
}

/** A second `?` is part of the query. */
function keepsSecondMark({ id, title, query }: Query): Case {
  return {
    id: `${id}-second-mark`,
    title: `${title}, and what stands behind a second question mark stays`,
    places,
    async run(trial) {
      const page = origin(({ request }) => ({ json: { url: request.url, query: request.query } }))
      const options: CacheOptions = { life, key: { query } }
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      const miss = await site.get('/page?utm=1&page=what?&filter=a?b')
      expectMiss(miss)
      const seen = JSON.parse(miss.body.toString())
      assert.deepEqual(seen.query, { page: 'what?', filter: 'a?b' })
      assert.match(seen.url, /\/page\?page=what\?&filter=a\?b$/)
    },
  }
}

function storesNothing({ id, title, host }: OddHost): Case {
  return {
    id,
    title: `${title} is answered past the cache`,
    places,
    async run(trial) {
      const page = origin(({ request }) => `for ${request.header('host')}`)
      const site = await trial.site({ routes: [get('/page', page.handle)] })
      for (let run = 1; run <= 2; run++) {
        const { status, ...response } = await site.get('/page', { Host: host })
        if (status !== 400) expectBypass({ status, ...response }, 'host')
        const ask = run === 1 ? expectMiss : expectHit
        ask(await site.get('/page'), 'for contract.test')
      }
    },
  }
}
