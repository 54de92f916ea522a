import assert from 'node:assert/strict'
import { rfc9111 } from '@restale/core'
import type { Body, CacheOptions } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectAsked, expectHit, expectMiss, expectRefused } from '../harness/expect.ts'
import type { Fields } from '../harness/fields.ts'
import { dateIn, pageWith, setFields } from '../harness/fields.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, places } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue, fieldValues } from '../harness/response-reader.ts'
import type { Trial } from '../harness/trial.ts'

/** A response with these fields, and whether it is stored by them. */
interface Sample {
  readonly id: string
  readonly title: string
  readonly fields: Fields | ((trial: Trial) => Fields)
  readonly status?: number
  /** @default those of `rfc9111` */
  readonly options?: CacheOptions
  /** Why it is not. */
  readonly reason?: string
}

const samples: readonly Sample[] = [
  { id: 'store-max-age', title: '§5.2.2.1: max-age', fields: { 'Cache-Control': 'max-age=60' } },
  { id: 'store-s-maxage', title: '§5.2.2.10: s-maxage', fields: { 'Cache-Control': 's-maxage=60' } },
  { id: 'store-expires', title: '§5.3: Expires', fields: (trial) => ({ Expires: dateIn(trial, 60) }) },
  {
    id: 'store-unknown-directive',
    title: '§5.2.3: unknown directives beside a life',
    fields: { 'Cache-Control': 'max-age=60, immutable, x-own="no-store"' },
  },
  {
    id: 'store-pragma',
    title: '§5.4: Pragma in a response, which means nothing,',
    fields: { 'Cache-Control': 'max-age=60', Pragma: 'no-cache' },
  },
  {
    id: 'store-no-store',
    title: '§5.2.2.5: no-store',
    fields: { 'Cache-Control': 'max-age=60, no-store' },
    reason: 'no-store',
  },
  {
    id: 'store-private',
    title: '§5.2.2.7: private',
    fields: { 'Cache-Control': 'private, max-age=60' },
    reason: 'private',
  },
  {
    id: 'store-must-understand',
    title: '§5.2.2.3: must-understand, with a status that is understood, and no-store',
    fields: { 'Cache-Control': 'must-understand, no-store, max-age=60' },
  },
  {
    id: 'store-must-understand-unknown',
    title: '§5.2.2.3: must-understand, with a status that is not',
    fields: { 'Cache-Control': 'must-understand, max-age=60' },
    status: 299,
    reason: 'must-understand',
  },
  {
    id: 'store-other-status',
    title: '§3: a status that the options do not name',
    fields: { 'Cache-Control': 's-maxage=60' },
    status: 404,
    options: {},
    reason: 'status-404',
  },
  {
    id: 'store-partial',
    title: '§3.3: a 206',
    fields: { 'Cache-Control': 'max-age=60', 'Content-Range': 'bytes 0-4/10' },
    status: 206,
    reason: 'status-206',
  },
]

/** Those that RFC 9110 §15 has, and one that it does not have. */
const statuses = [
  200, 201, 202, 203, 204, 300, 301, 302, 303, 307, 308, 400, 403, 404, 405, 410, 414, 429, 451, 499, 500,
  501, 502, 503, 504, 599,
]
/** Without a life they must not be used again, whatever one might guess. */
const unguessable = [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599]

const byAuthorization: readonly { readonly directive: string; readonly isStored: boolean }[] = [
  { directive: 'max-age=60', isStored: false },
  { directive: 'public, max-age=60', isStored: true },
  { directive: 'must-revalidate, max-age=60', isStored: true },
  { directive: 's-maxage=60', isStored: true },
]

const connectionFields = [
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'Proxy-Connection',
  'TE',
]

export const storing: Theme = {
  name: 'what is stored, by the standards',
  cases: [
    ...samples.map(isJudged),
    ...byAuthorization.map(isForAuthorization),
    ...['private', 'no-cache'].map(keepsFieldsOut),
    {
      id: 'store-nothing-said',
      title: 'RFC 9111 §3: what says neither how long it lives nor by what to validate it is not stored',
      places,
      async run(trial) {
        const page = origin(({ reply }, run) => {
          reply.header('Cache-Control', 'public')
          // For text, some frameworks make a validator of their own.
          return { stream: parts(`run ${run}`) }
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        expectRefused(await site.get('/page'), 'no-freshness', 'run 1')
        expectRefused(await site.get('/page'), 'no-freshness', 'run 2')
      },
    },
    {
      id: 'any-status',
      title: 'RFC 9111 §3: a response of any final status is stored if it says how long it lives',
      async run(trial) {
        const page = byStatus({ 'Cache-Control': 'max-age=60' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page/:status', page.handle)] })
        for (const status of statuses) {
          expectMiss(await site.get(`/page/${status}`))
          const hit = await site.get(`/page/${status}`)
          expectHit(hit)
          assert.equal(hit.status, status)
        }
        assert.equal(page.runs, statuses.length)
      },
    },
    {
      id: 'unguessable-statuses',
      title: 'RFC 9110 §15.1: statuses whose life must not be guessed are not stored without one',
      async run(trial) {
        const page = byStatus({ 'Last-Modified': dateIn(trial, -100_000) })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page/:status', page.handle)] })
        for (const status of unguessable) {
          for (let time = 1; time <= 2; time++) {
            const response = await site.get(`/page/${status}`)
            assert.equal(response.status, status)
            assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /hit|stored/)
          }
        }
        assert.equal(page.runs, 2 * unguessable.length)
      },
    },
    {
      id: 'no-store-leaves-stored',
      title: 'RFC 9111 §5.2.2.5: a response that says no-store leaves what is stored alone',
      places,
      async run(trial) {
        const page = pageWith((run) => ({ 'Cache-Control': run === 1 ? 'max-age=60' : 'no-store' }))
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        const asked = await site.get('/page', { 'Cache-Control': 'no-cache' })
        assert.equal(asked.body.toString(), 'run 2')
        assert.doesNotMatch(fieldValue(asked, 'cache-status') ?? '', /hit|stored/)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'undecided-304',
      title: 'RFC 9111 §3: the 304 to a client’s own condition passes, and is never stored',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          setFields(reply, { ETag: '"a"', 'Cache-Control': 'max-age=60' })
          if (request.header('if-none-match') !== '"a"') return `run ${run}`
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        const first = await site.get('/page', { 'If-None-Match': '"a"' })
        assert.equal(first.status, 304)
        assert.doesNotMatch(fieldValue(first, 'cache-status') ?? '', /hit|stored/)
        expectMiss(await site.get('/page'), 'run 2')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'authorization-of-others',
      title: 'RFC 9111 §3.5: what was stored without a word on it is not for requests with Authorization',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 'max-age=60' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        const own = await site.get('/page', { Authorization: 'Bearer a' })
        assert.equal(fieldValue(own, 'cache-status'), 'restale; fwd=request; detail=authorization')
        assert.equal(own.body.toString(), 'run 2')
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'connection-fields',
      title: 'RFC 9111 §3.1: what is said to one connection, or to a proxy, is not stored',
      places,
      async run(trial) {
        const page = pageWith(Object.fromEntries(connectionFields.map((name) => [name, 'of one'])))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const miss = await site.get('/page')
        for (const name of connectionFields) assert.equal(fieldValue(miss, name.toLowerCase()), 'of one')
        const hit = await site.get('/page')
        expectHit(hit, 'run 1')
        for (const name of connectionFields)
          assert.equal(fieldValue(hit, name.toLowerCase()), undefined, name)
      },
    },
    {
      id: 'trailers',
      title: 'RFC 9110 §6.5.1: trailer fields do not become header fields of what is stored',
      places,
      needs: 'trailers',
      async run(trial) {
        const page = origin(({ reply }) => {
          reply.trailer?.('X-Behind', '1')
          return { stream: parts('a ', 'page') }
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const miss = await site.get('/page')
        assert.equal(miss.body.toString(), 'a page')
        assert.match(fieldValue(miss, 'trailer') ?? '', /^x-behind$/i)
        const hit = await site.get('/page')
        expectHit(hit, 'a page')
        for (const name of ['x-behind', 'trailer']) assert.equal(fieldValue(hit, name), undefined)
      },
    },
    {
      id: 'field-order',
      title: 'RFC 9111 §3.1: fields that nobody knows are stored, and go out in their order',
      places,
      async run(trial) {
        const names = ['X-C', 'X-A', 'Content-Language', 'X-D', 'X-B']
        const page = pageWith(Object.fromEntries(names.map((name) => [name, `${name}, "1"`])))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        const order = (response: RawResponse) =>
          response.lines.filter(([name]) => /^(x-[a-d]|content-language)$/i.test(name))
        const miss = order(await site.get('/page'))
        assert.equal(miss.length, names.length)
        const hit = await site.get('/page')
        expectHit(hit)
        assert.deepEqual(order(hit), miss)
      },
    },
    {
      id: 'warning',
      title: 'RFC 9111 §5.5: a Warning of the handler’s passes as it is, and none is made of what is stale',
      places,
      async run(trial) {
        const mine = '299 - "mine"'
        const page = pageWith({ Warning: mine, 'Cache-Control': 's-maxage=60, stale-while-revalidate=60' })
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        assert.deepEqual(fieldValues(await site.get('/page'), 'warning'), [mine])
        assert.deepEqual(fieldValues(await site.get('/page'), 'warning'), [mine])
        trial.clock.advance(90_000)
        const stale = await site.get('/page')
        assert.equal(fieldValue(stale, 'cache-status'), 'restale; hit; ttl=-30')
        assert.deepEqual(fieldValues(stale, 'warning'), [mine])
        await trial.settled()
      },
    },
    {
      id: 'own-date',
      title: 'RFC 9111 §4.2.3: a Date of the handler’s own stays as it is, and counts for the age',
      places,
      async run(trial) {
        const date = dateIn(trial, -20)
        const site = await trial.site({
          options: rfc9111(),
          routes: [get('/page', pageWith({ Date: date, 'Cache-Control': 'max-age=60' }).handle)],
        })
        assert.deepEqual(fieldValues(await site.get('/page'), 'date'), [date])
        trial.clock.advance(5_000)
        const hit = await site.get('/page')
        assert.deepEqual(fieldValues(hit, 'date'), [date])
        assert.equal(fieldValue(hit, 'age'), '25')
        assert.equal(fieldValue(hit, 'cache-status'), 'restale; hit; ttl=35')
      },
    },
    {
      id: 'cookies-stored',
      title:
        'RFC 9111 §7.3: setCookie: store keeps the cookies that are set below, each in a line of its own',
      places,
      async run(trial) {
        const cookies = ['a=1; Path=/', 'b=2; Expires=Sun, 06 Nov 2094 08:49:37 GMT', 'a=1; Path=/']
        const page = pageWith({ 'Set-Cookie': cookies })
        const options: CacheOptions = { life, setCookie: 'store' }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        const miss = await site.get('/page')
        expectMiss(miss)
        assert.deepEqual(fieldValues(miss, 'set-cookie'), cookies)
        const hit = await site.get('/page')
        expectHit(hit)
        assert.deepEqual(fieldValues(hit, 'set-cookie'), cookies)
      },
    },
    {
      id: 'cookies-kept-out',
      title: 'RFC 9111 §5.2.2.4: no-cache="set-cookie" stores the response, and not its cookies',
      places,
      async run(trial) {
        const page = pageWith({
          'Set-Cookie': ['a=1'],
          'Cache-Control': 'max-age=60, no-cache="Set-Cookie"',
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        assert.deepEqual(fieldValues(await site.get('/page'), 'set-cookie'), ['a=1'])
        const hit = await site.get('/page')
        expectHit(hit, 'run 1')
        assert.deepEqual(fieldValues(hit, 'set-cookie'), [])
      },
    },
    {
      id: 'cookie-requests-share',
      title: 'RFC 9111 §3: by the standards, a request’s cookies keep nothing out',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 'max-age=60' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page', { Cookie: 'a=1' }), 'run 1')
        expectHit(await site.get('/page', { Cookie: 'b=1' }), 'run 1')
      },
    },
    {
      id: 'per-request-stored',
      title: 'RFC 9111 §3.1: perRequestFields: store keeps also what tells of one request',
      places,
      async run(trial) {
        const page = pageWith({ 'X-Request-Id': '1', 'Retry-After': '5' })
        const options: CacheOptions = { life, perRequestFields: 'store' }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        await site.get('/page')
        const hit = await site.get('/page')
        expectHit(hit)
        assert.equal(fieldValue(hit, 'x-request-id'), '1')
        assert.equal(fieldValue(hit, 'retry-after'), '5')
      },
    },
    {
      id: 'error-in-place',
      title: 'RFC 9111 §4.3.3: an error that may be stored does not take the place of what can still be used',
      places,
      async run(trial) {
        const page = origin(({ reply }, run) => {
          reply.status(run === 1 ? 200 : 500)
          reply.header('Cache-Control', run === 1 ? 'max-age=60, stale-if-error=60' : 'max-age=60')
          return `run ${run}`
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'run 1')
        trial.clock.advance(70_000)
        assert.equal((await site.get('/page')).body.toString(), 'run 1')
        trial.clock.advance(5_000)
        assert.equal((await site.get('/page')).body.toString(), 'run 1')
      },
    },
    {
      id: 'replaced-by-newer',
      title: 'RFC 9111 §4: what a request asked for anew takes the place of what is stored',
      places,
      async run(trial) {
        const page = pageWith({ 'Cache-Control': 'max-age=60' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        expectAsked(await site.get('/page', { 'Cache-Control': 'no-cache' }), 'run 2')
        expectHit(await site.get('/page'), 'run 2')
      },
    },
  ],
}

function isJudged({ id, title, fields, status, options = rfc9111(), reason }: Sample): Case {
  return {
    id,
    title: `RFC 9111 ${title} ${reason === undefined ? 'is stored' : 'is not stored'}`,
    async run(trial) {
      const page = pageWith(typeof fields === 'function' ? fields(trial) : fields, status)
      const site = await trial.site({ options, routes: [get('/page', page.handle)] })
      const first = await site.get('/page')
      const second = await site.get('/page')
      if (reason === undefined) {
        expectMiss(first, 'run 1')
        expectHit(second, 'run 1')
      } else {
        expectRefused(first, reason, 'run 1')
        expectRefused(second, reason, 'run 2')
      }
    },
  }
}

function isForAuthorization({ directive, isStored }: (typeof byAuthorization)[number]): Case {
  return {
    id: `authorization-${directive.split(/[,=]/, 1)[0]}-${isStored ? 'stored' : 'refused'}`,
    title: `RFC 9111 §3.5: with Authorization, “${directive}” ${isStored ? 'is stored for all' : 'is not stored'}`,
    places,
    async run(trial) {
      const page = pageWith({ 'Cache-Control': directive })
      const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
      const first = await site.get('/page', { Authorization: 'Bearer a' })
      if (isStored) {
        expectMiss(first, 'run 1')
        expectHit(await site.get('/page', { Authorization: 'Bearer b' }), 'run 1')
        expectHit(await site.get('/page'), 'run 1')
      } else {
        expectRefused(first, 'authorization', 'run 1')
        expectMiss(await site.get('/page'), 'run 2')
      }
    },
  }
}

function keepsFieldsOut(directive: string): Case {
  return {
    id: `qualified-${directive}`,
    title: `RFC 9111 §5.2.2: ${directive}="…" stores the response without the fields that it names`,
    places,
    async run(trial) {
      const page = pageWith({
        'X-Mine': '1',
        'X-Yours': '2',
        'X-Ours': '3',
        'Cache-Control': `s-maxage=60, ${directive}="x-mine, X-Yours"`,
      })
      const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
      const miss = await site.get('/page')
      expectMiss(miss)
      assert.equal(fieldValue(miss, 'x-mine'), '1')
      const hit = await site.get('/page')
      expectHit(hit)
      assert.deepEqual(
        ['x-mine', 'x-yours', 'x-ours'].map((name) => fieldValue(hit, name)),
        [undefined, undefined, '3'],
      )
    },
  }
}

/** A page that answers with the status at the end of its path. */
function byStatus(fields: Fields): Origin {
  return origin(({ request, reply }, run): Body => {
    const status = Number(request.params.status)
    reply.status(status)
    setFields(reply, fields)
    return status === 204 ? { empty: true } : `run ${run}`
  })
}
