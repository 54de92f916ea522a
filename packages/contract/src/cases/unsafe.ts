import assert from 'node:assert/strict'
import type { CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss } from '../harness/expect.ts'
import type { Fields } from '../harness/fields.ts'
import { setFields } from '../harness/fields.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, mounts, post, route } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'

/** On a route of their own, requests to change something pass no cache. */

const unsafe = ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'PROPPATCH']
const safe = ['OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH']

const successes = [200, 201, 202, 204, 301, 303]
const errors = [400, 404, 409, 500, 503]

/** What names another URL of the same origin, and what does not. */
interface Naming {
  readonly id: string
  readonly title: string
  readonly value: (prefix: string) => string
  readonly isReached: boolean
}

const namings: readonly Naming[] = [
  { id: 'path', title: 'a path', value: (prefix) => `${prefix}/other`, isReached: true },
  { id: 'relative', title: 'a relative path', value: () => 'other', isReached: true },
  {
    id: 'url',
    title: 'a whole URL',
    value: (prefix) => `http://contract.test${prefix}/other`,
    isReached: true,
  },
  {
    id: 'default-port',
    title: 'a whole URL with the default port and another spelling of the host',
    value: (prefix) => `HTTP://Contract.Test:80${prefix}/other`,
    isReached: true,
  },
  {
    id: 'other-host',
    title: 'another host',
    value: (prefix) => `http://other.test${prefix}/other`,
    isReached: false,
  },
  {
    id: 'other-scheme',
    title: 'another scheme',
    value: (prefix) => `https://contract.test${prefix}/other`,
    isReached: false,
  },
  {
    id: 'other-port',
    title: 'another port',
    value: (prefix) => `http://contract.test:8080${prefix}/other`,
    isReached: false,
  },
]

export const unsafeMethods: Theme = {
  name: 'methods that change something',
  cases: [
    ...unsafe.map((method) => invalidates(method, 204)),
    ...successes.filter((status) => status !== 204).map((status) => invalidates('POST', status)),
    ...errors.map((status) => leavesAlone('POST', status)),
    ...safe.map((method) => leavesAlone(method, 200)),
    ...(['Location', 'Content-Location'] as const).flatMap((field) =>
      namings.map((naming) => names(field, naming)),
    ),
    {
      id: 'unsafe-throws',
      title: 'RFC 9111 §4.4: a handler that fails has changed nothing',
      places: mounts,
      async run(trial) {
        const { site } = await changing(trial, () => {
          throw new Error('meant to fail')
        })
        await site.get('/page')
        assert.equal((await site.post('/page')).status, 500)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'unsafe-ignored',
      title: 'RFC 9111 §4.4: with unsafeMethods: ignore, nothing is invalidated',
      places: mounts,
      async run(trial) {
        const options: CacheOptions = { life, unsafeMethods: 'ignore' }
        const { site } = await changing(trial, () => ({ empty: true }), options)
        await site.get('/page')
        assert.equal((await site.post('/page')).status, 200)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'unsafe-variants',
      title: 'RFC 9111 §4.4: all variants of the URL are invalidated',
      places: mounts,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          reply.header('Vary', 'X-Kind')
          return `${request.header('x-kind')} ${run}`
        })
        const routes = [get('/page', page.handle), post('/page', () => ({ empty: true }))]
        const site = await trial.site({ routes })
        const ask = (kind: string) => site.get('/page', { 'X-Kind': kind })
        expectMiss(await ask('a'), 'a 1')
        expectMiss(await ask('b'), 'b 2')
        await site.post('/page')
        expectMiss(await ask('a'), 'a 3')
        expectMiss(await ask('b'), 'b 4')
      },
    },
    {
      id: 'unsafe-query',
      title: 'RFC 9111 §4.4: a URL with another query is another URL',
      places: mounts,
      async run(trial) {
        const { site } = await changing(trial)
        expectMiss(await site.get('/page?a=1'), 'run 1')
        expectMiss(await site.get('/page?a=2'), 'run 2')
        await site.post('/page?a=1')
        expectHit(await site.get('/page?a=2'), 'run 2')
        expectMiss(await site.get('/page?a=1'), 'run 3')
      },
    },
    {
      id: 'unsafe-keyed-query',
      title: 'RFC 9111 §4.4: parameters that are in no key make no other URL',
      places: mounts,
      async run(trial) {
        const options: CacheOptions = { life, key: { query: { ignore: ['utm'] } } }
        const { site } = await changing(trial, undefined, options)
        expectMiss(await site.get('/page?utm=1'), 'run 1')
        await site.post('/page?utm=2')
        expectMiss(await site.get('/page?utm=3'), 'run 2')
      },
    },
    {
      id: 'unsafe-hosts',
      title: 'RFC 9111 §4.4: what is stored of another host stays',
      places: mounts,
      async run(trial) {
        const { site } = await changing(trial)
        const other = { Host: 'other.test' }
        expectMiss(await site.get('/page'), 'run 1')
        expectMiss(await site.get('/page', other), 'run 2')
        await site.post('/page')
        expectHit(await site.get('/page', other), 'run 2')
        expectMiss(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'unsafe-untrusted-host',
      title:
        'RFC 9111 §4.4: without trust in a proxy, what it says of the host invalidates nothing of that host',
      places: mounts,
      async run(trial) {
        const { site } = await changing(trial)
        const other = { Host: 'other.test' }
        expectMiss(await site.get('/page'), 'run 1')
        expectMiss(await site.get('/page', other), 'run 2')
        const headers = [['X-Forwarded-Host', 'other.test']] as const
        await site.request({ method: 'POST', path: '/page', headers, body: '' })
        expectHit(await site.get('/page', other), 'run 2')
        expectMiss(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'unsafe-no-cascade',
      title: 'RFC 9111 §4.4: no other URL is invalidated with it, by what tags or paths they share',
      places: mounts,
      async run(trial) {
        const { site } = await changing(trial, undefined, { life, tags: ['pages'] })
        expectMiss(await site.get('/page'), 'run 1')
        expectMiss(await site.get('/page/1'), 'run 2')
        await site.post('/page')
        expectHit(await site.get('/page/1'), 'run 2')
        expectMiss(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'unsafe-not-stale',
      title: 'RFC 9111 §4.4: what was invalidated so is not sent stale',
      places: mounts,
      async run(trial) {
        const { site } = await changing(trial)
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.post('/page')
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'unsafe-in-flight',
      title:
        'RFC 9111 §4.4: what was on its way when something changed is not kept, nor shared with who comes later',
      places: mounts,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run === 1) await slow.wait()
          return `run ${run}`
        })
        const routes = [get('/page', page.handle), post('/page', () => ({ empty: true }))]
        const site = await trial.site({ routes })
        const early = await site.send({ path: '/page' })
        await slow.reached
        await site.post('/page')
        expectMiss(await site.get('/page'), 'run 2')
        slow.open()
        assert.equal((await early.response()).body.toString(), 'run 1')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'unsafe-in-flight-alone',
      title: 'RFC 9111 §4.4: a fill that began before a change leaves nothing behind',
      places: mounts,
      async run(trial) {
        const slow = trial.barrier()
        const page = origin(async (_, run) => {
          if (run === 1) await slow.wait()
          return `run ${run}`
        })
        const routes = [get('/page', page.handle), post('/page', () => ({ empty: true }))]
        const site = await trial.site({ routes })
        const early = await site.send({ path: '/page' })
        await slow.reached
        await site.post('/page')
        slow.open()
        assert.equal((await early.response()).body.toString(), 'run 1')
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'unsafe-before-answer',
      title: 'RFC 9111 §4.4: nothing of before is sent to who has seen the head of the response',
      places: mounts,
      async run(trial) {
        const slow = trial.barrier()
        const { site } = await changing(trial, () => ({ stream: parts('chan', slow.wait, 'ged') }))
        await site.get('/page')
        const change = await site.send({ method: 'POST', path: '/page', body: '' })
        await change.head()
        expectMiss(await site.get('/page'), 'run 2')
        slow.open()
        assert.equal((await change.response()).body.toString(), 'changed')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'unsafe-own-cache',
      title:
        'RFC 9111 §4.4: a route that has a cache of its own for POST invalidates what others have stored',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          get('/page', page.handle, { cache: { life } }),
          { ...post('/page', () => ({ empty: true })), cache: {} },
        ])
        expectMiss(await site.get('/page'), 'run 1')
        await site.post('/page')
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'unsafe-redirect',
      title: 'RFC 9111 §4.4: a redirect to a page invalidates that page, as after a form',
      places: mounts,
      async run(trial) {
        let prefix = ''
        const { site } = await changing(trial, () => ({ redirect: `${prefix}/other` }))
        prefix = site.prefix
        expectMiss(await site.get('/other'), 'run 1')
        assert.equal((await site.post('/page')).status, 302)
        expectMiss(await site.get('/other'), 'run 2')
      },
    },
  ],
}

function invalidates(method: string, status: number): Case {
  return {
    id: `unsafe-${method.toLowerCase()}-${status}`,
    title: `RFC 9111 §4.4: ${method} that is answered by ${status} invalidates its URL`,
    places: mounts,
    async run(trial) {
      const { site } = await answering(trial, method, status)
      expectMiss(await site.get('/page'), 'run 1')
      expectMiss(await site.get('/other'), 'run 2')
      expectHit(await site.get('/page'), 'run 1')
      const answer = await ask(site, method)
      assert.equal(answer.status, status)
      assert.equal(fieldValue(answer, 'cache-status'), 'restale; fwd=method')
      expectMiss(await site.get('/page'), 'run 3')
      expectHit(await site.get('/other'), 'run 2')
    },
  }
}

function leavesAlone(method: string, status: number): Case {
  return {
    id: `unsafe-${method.toLowerCase()}-${status}`,
    title: `RFC 9111 §4.4: ${method} that is answered by ${status} invalidates nothing`,
    places: mounts,
    async run(trial) {
      const { site } = await answering(trial, method, status)
      expectMiss(await site.get('/page'), 'run 1')
      assert.equal((await ask(site, method)).status, status)
      expectHit(await site.get('/page'), 'run 1')
    },
  }
}

function names(field: string, { id, title, value, isReached }: Naming): Case {
  return {
    id: `unsafe-${field.toLowerCase()}-${id}`,
    title: `RFC 9111 §4.4: ${field} that names ${title} ${isReached ? 'invalidates that, too' : 'reaches nothing'}`,
    places: mounts,
    async run(trial) {
      let fields: Fields = {}
      const { site } = await changing(trial, ({ reply }) => {
        reply.status(201)
        setFields(reply, fields)
        return 'made'
      })
      fields = { [field]: value(site.prefix) }
      expectMiss(await site.get('/page'), 'run 1')
      expectMiss(await site.get('/other'), 'run 2')
      await site.post('/page')
      if (isReached) expectMiss(await site.get('/other'), 'run 3')
      else expectHit(await site.get('/other'), 'run 2')
    },
  }
}

/** Pages, and something that changes one of them. */
async function changing(
  trial: Trial,
  change: Origin['handle'] = () => ({ empty: true }),
  options: CacheOptions = { life },
): Promise<{ readonly site: Site }> {
  const page = origin()
  const paths = ['/page', '/page/:id', '/other']
  const routes = [...paths.map((path) => get(path, page.handle)), post('/page', change)]
  return { site: await trial.site({ options, routes }) }
}

/** Pages, and a method on one of them that is answered by a status. */
async function answering(trial: Trial, method: string, status: number): Promise<{ readonly site: Site }> {
  const page = origin()
  const answer: Origin['handle'] = ({ reply }) => {
    reply.status(status)
    return status === 204 ? { empty: true } : `${method} ${status}`
  }
  const routes = [get('/page', page.handle), get('/other', page.handle), route(method, '/page', answer)]
  return { site: await trial.site({ routes }) }
}

function ask(site: Site, method: string): Promise<RawResponse> {
  return site.request({ method, path: '/page' })
}
