import assert from 'node:assert/strict'
import { rfc9111 } from '@restale/core'
import type { Body, CacheOptions, Exchange } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss, expectRenewed, expectStale } from '../harness/expect.ts'
import type { Fields } from '../harness/fields.ts'
import { dateIn, pageWith, setFields } from '../harness/fields.ts'
import type { Origin } from '../harness/origin.ts'
import { origin } from '../harness/origin.ts'
import { parts } from '../harness/parts.ts'
import { get, life, mounts, places, post } from '../harness/place.ts'
import { fieldValue } from '../harness/response-reader.ts'
import { etagOf, versioned } from '../harness/versioned.ts'

/** What is kept only to be asked for again. */
interface Kept {
  readonly id: string
  readonly title: string
  readonly fields: Fields
}

const onlyValidated: readonly Kept[] = [
  { id: 'no-cache', title: 'no-cache', fields: { 'Cache-Control': 'no-cache, max-age=60' } },
  { id: 'max-age-0', title: 'max-age=0', fields: { 'Cache-Control': 'max-age=0' } },
  { id: 'etag-alone', title: 'nothing but an ETag', fields: {} },
]

/** What makes a response one client's, or one variant. */
const personalFields: readonly { readonly id: string; readonly fields: Fields }[] = [
  { id: 'private', fields: { 'Cache-Control': 'private="x-user", max-age=10', 'X-User': 'bob' } },
  { id: 'origin', fields: { 'Access-Control-Allow-Origin': 'https://evil.test', 'X-User': 'bob' } },
  { id: 'nonce', fields: { 'Content-Security-Policy': "script-src 'nonce-2'", 'X-User': 'bob' } },
  { id: 'vary-star', fields: { Vary: '*', 'X-User': 'bob' } },
  { id: 'vary', fields: { Vary: 'X-Own', 'X-User': 'bob' } },
]

export const validation: Theme = {
  name: 'validation by the handler',
  cases: [
    ...onlyValidated.map(isAskedEachTime),
    {
      id: 'conditional-refill',
      title: 'RFC 9111 §4.3.1: a refill asks by the handler’s own ETag, and a 304 renews what is stored',
      places,
      async run(trial) {
        const page = versioned()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'version 1')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'version 1')
        await trial.settled()
        assert.deepEqual(page.asked, [undefined, etagOf(1)])
        const renewed = await site.get('/page')
        expectHit(renewed, 'version 1')
        assert.equal(fieldValue(renewed, 'cache-status'), 'restale; hit; ttl=60')
        assert.equal(fieldValue(renewed, 'age'), '0')
      },
    },
    {
      id: 'conditional-refill-changed',
      title: 'RFC 9111 §4.3.3: a whole response to our condition takes the place of what is stored',
      places,
      async run(trial) {
        const page = versioned()
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        page.version = 2
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'version 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'version 2')
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        assert.deepEqual(page.asked, [undefined, etagOf(1), etagOf(2)])
      },
    },
    {
      id: 'conditional-by-date',
      title: 'RFC 9111 §4.3.1: without an ETag, it asks by a Last-Modified that is old enough',
      places,
      async run(trial) {
        const asked: unknown[] = []
        const modified = dateIn(trial, -1_000)
        const page = origin(({ request, reply }, run) => {
          const since = request.header('if-modified-since')
          asked.push(since, request.header('if-none-match'))
          reply.header('Last-Modified', modified)
          if (since !== modified) return untagged(run)
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 1')
        assert.deepEqual(asked, [undefined, undefined, modified, undefined])
      },
    },
    {
      id: 'no-condition-of-ours',
      title: 'RFC 9111 §4.3.1: an ETag that we have made is no condition for the handler',
      places,
      async run(trial) {
        const asked: unknown[] = []
        const page = origin(({ request }, run) => {
          asked.push(request.header('if-none-match'), request.header('if-modified-since'))
          return untagged(run)
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 2')
        assert.deepEqual(asked, [undefined, undefined, undefined, undefined])
      },
    },
    {
      id: 'no-condition-by-young-date',
      title: 'RFC 9110 §8.8.2.2: a Last-Modified of the same second as its response is no condition',
      async run(trial) {
        const asked: unknown[] = []
        const modified = dateIn(trial, 0)
        const page = origin(({ request, reply }, run) => {
          asked.push(request.header('if-modified-since'))
          reply.header('Last-Modified', modified)
          return `run ${run}`
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 2')
        assert.deepEqual(asked, [undefined, undefined])
      },
    },
    {
      id: 'validated-for-client',
      title: 'RFC 9111 §4.3.3: a 304 to our own condition is a 200 from the store for the client',
      places,
      async run(trial) {
        const page = versioned({ 'Cache-Control': 'max-age=10' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(11_000)
        const renewed = await site.get('/page')
        assert.equal(renewed.status, 200)
        expectRenewed(renewed, 'version 1')
        assert.deepEqual(page.asked, [undefined, etagOf(1)])
        expectHit(await site.get('/page'), 'version 1')
      },
    },
    {
      id: 'validated-client-condition',
      title: 'RFC 9111 §4.3.2: after a validation, the client’s own condition decides on its 304',
      places,
      async run(trial) {
        const page = versioned({ 'Cache-Control': 'max-age=10' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(11_000)
        const held = await site.get('/page', { 'If-None-Match': etagOf(1) })
        assert.equal(held.status, 304)
        assert.equal(held.body.length, 0)
        trial.clock.advance(11_000)
        const other = await site.get('/page', { 'If-None-Match': '"another"' })
        assert.equal(other.status, 200)
        expectRenewed(other, 'version 1')
        assert.deepEqual(page.asked, [undefined, etagOf(1), etagOf(1)])
      },
    },
    {
      id: 'validated-client-newer',
      title: 'RFC 9111 §4.3.3: a client that has the next version already gets a 304 for it',
      places,
      async run(trial) {
        const page = versioned({ 'Cache-Control': 'max-age=10' })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        page.version = 2
        trial.clock.advance(11_000)
        assert.equal((await site.get('/page', { 'If-None-Match': etagOf(2) })).status, 304)
        expectHit(await site.get('/page'), 'version 2')
      },
    },
    {
      id: 'renewed-is-nobodys',
      title: 'RFC 9111 §3.2: what a 304 says to one client alone goes to that client, and is not stored',
      places,
      async run(trial) {
        const page = personal(({ reply }) => {
          reply.cookie('session', 'bob')
          reply.header('X-Request-Id', 'r2')
        })
        const site = await trial.site({
          options: rfc9111Of({ setCookie: 'refuse' }),
          routes: [get('/page', page.handle)],
        })
        await site.get('/page')
        trial.clock.advance(11_000)
        const answered = await site.get('/page', { 'X-Own': '1' })
        assert.equal(answered.status, 200)
        assert.equal(answered.body.toString(), 'page')
        assert.match(fieldValue(answered, 'set-cookie') ?? '', /^session=bob/)
        assert.equal(fieldValue(answered, 'x-request-id'), 'r2')
        const next = await site.get('/page')
        assert.doesNotMatch(fieldValue(next, 'cache-status') ?? '', /; hit/)
        assert.equal(fieldValue(next, 'set-cookie'), undefined)
      },
    },
    {
      id: 'renewed-login',
      title: 'RFC 9111 §3.2: a 304 to whom a layer below has logged in renews nothing',
      places,
      async run(trial) {
        const page = personal((exchange) => {
          exchange.login('bob')
          exchange.reply.header('X-User', 'bob')
        })
        const site = await trial.site({
          options: { life: { revalidate: 5, expire: 10 } },
          routes: [get('/page', page.handle)],
        })
        await site.get('/page')
        trial.clock.advance(11_000)
        assert.equal(fieldValue(await site.get('/page', { 'X-Own': '1' }), 'x-user'), 'bob')
        const next = await site.get('/page')
        assert.doesNotMatch(fieldValue(next, 'cache-status') ?? '', /; hit/)
        assert.equal(fieldValue(next, 'x-user'), undefined)
      },
    },
    ...personalFields.map(isNotRenewedWith),
    {
      id: 'not-asked',
      title: 'RFC 9111 §4.3.3: a 304 that answers no condition of ours renews nothing',
      async run(trial) {
        const page = origin(({ reply }, run) => {
          if (run === 1) return { stream: parts('page') }
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({
          options: { life: { revalidate: 5, expire: 10 } },
          routes: [get('/page', page.handle)],
        })
        await site.get('/page')
        trial.clock.advance(11_000)
        await site.get('/page')
        assert.doesNotMatch(fieldValue(await site.get('/page'), 'cache-status') ?? '', /; hit/)
      },
    },
    {
      id: 'renewed-not-opted-in',
      title: 'RFC 9111 §4.3.4: a 304 that takes back what had opted in is not kept as a renewal',
      places,
      async run(trial) {
        const page = personal(({ reply }) => reply.header('Cache-Control', 'public, max-age=0'), 's-maxage=5')
        const site = await trial.site({ options: {}, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(11_000)
        await site.get('/page', { 'X-Own': '1' })
        trial.clock.advance(4_000)
        assert.doesNotMatch(fieldValue(await site.get('/page'), 'cache-status') ?? '', /; hit/)
      },
    },
    {
      id: 'renewed-shorter-life',
      title: 'RFC 9111 §4.3.4: a 304 from before a handler says its life makes that no longer than it was',
      places,
      async run(trial) {
        const page = origin(({ request, reply }) => {
          reply.header('ETag', '"1"')
          if (request.header('if-none-match') === '"1"') {
            reply.status(304)
            return { empty: true }
          }
          trial.cache.cacheLife({ revalidate: 5, expire: 5 })
          return 'page'
        })
        const site = await trial.site({
          options: { life: { revalidate: 3600, expire: 7200 } },
          routes: [get('/page', page.handle)],
        })
        await site.get('/page')
        trial.clock.advance(6_000)
        await site.get('/page')
        trial.clock.advance(6_000)
        assert.doesNotMatch(fieldValue(await site.get('/page'), 'cache-status') ?? '', /; hit/)
      },
    },
    {
      id: 'renewed-groups',
      title: 'RFC 9875 §2: groups that only a 304 names are those of what it has renewed',
      places: mounts,
      async run(trial) {
        const page = personal(({ reply }) => reply.header('Cache-Groups', '"later"'))
        const save = origin(({ reply }) => {
          reply.header('Cache-Group-Invalidation', '"later"')
          return 'saved'
        })
        const routes = [get('/page', page.handle), post('/save', save.handle)]
        const site = await trial.site({ options: rfc9111(), routes })
        await site.get('/page')
        trial.clock.advance(11_000)
        expectRenewed(await site.get('/page', { 'X-Own': '1' }), 'page')
        expectHit(await site.get('/page'), 'page')
        await site.post('/save')
        assert.doesNotMatch(fieldValue(await site.get('/page'), 'cache-status') ?? '', /; hit/)
      },
    },
    {
      id: 'validated-fields',
      title: 'RFC 9111 §3.2: the fields of a 304 replace those of their name, but for those of the body',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          setFields(reply, { ETag: '"a"', 'X-Run': `${run}`, 'Cache-Control': `max-age=${run}0` })
          if (request.header('if-none-match') === undefined) {
            setFields(reply, { 'X-First': '1', 'Content-Language': 'en' })
            return 'page'
          }
          setFields(reply, { 'X-Later': '1', 'Content-Language': 'de' })
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(11_000)
        const renewed = await site.get('/page')
        const hit = await site.get('/page')
        expectRenewed(renewed, 'page')
        assert.equal(fieldValue(hit, 'cache-status'), 'restale; hit; ttl=20')
        for (const response of [renewed, hit]) {
          assert.equal(fieldValue(response, 'x-run'), '2')
          assert.equal(fieldValue(response, 'x-first'), '1')
          assert.equal(fieldValue(response, 'x-later'), '1')
          assert.equal(fieldValue(response, 'content-language'), 'en')
          assert.equal(fieldValue(response, 'content-length'), '4')
          assert.equal(fieldValue(response, 'cache-control'), 'max-age=20')
        }
      },
    },
    {
      id: 'validated-by-304-no-store',
      title: 'RFC 9111 §5.2.2.5: a 304 that says no-store is not kept as a renewal',
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          reply.header('ETag', '"a"')
          reply.header('Cache-Control', run === 1 ? 'max-age=10' : 'no-store')
          if (request.header('if-none-match') === undefined) return `run ${run}`
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(11_000)
        assert.equal((await site.get('/page')).body.toString(), 'run 1')
        await site.get('/page')
        assert.equal(page.runs, 3)
      },
    },
    {
      id: 'validated-other-tag',
      title: 'RFC 9111 §4.3.4: a 304 that names another ETag renews nothing',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          reply.header('ETag', `"${run}"`)
          if (request.header('if-none-match') === undefined) return `run ${run}`
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        const next = await site.get('/page')
        assert.equal(next.body.toString(), 'run 3')
        expectHit(await site.get('/page'), 'run 3')
      },
    },
    {
      id: 'validated-weakly',
      title: 'RFC 9110 §8.8.3.2: a weak ETag validates, too',
      places,
      async run(trial) {
        const asked: unknown[] = []
        const page = origin(({ request, reply }, run) => {
          const condition = request.header('if-none-match')
          asked.push(condition)
          reply.header('ETag', 'W/"a"')
          if (condition === undefined) return `run ${run}`
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 1')
        assert.deepEqual(asked, [undefined, 'W/"a"'])
      },
    },
    {
      id: 'no-304-after-update-tag',
      title: 'RFC 9111 §4.3.1: what a tag has expired is not asked for by condition, but made anew',
      places,
      async run(trial) {
        const page = versioned()
        const options: CacheOptions = { life, tags: ['page'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        expectMiss(await site.get('/page'), 'version 1')
        trial.cache.updateTag('page')
        expectMiss(await site.get('/page'), 'version 1')
        assert.deepEqual(page.asked, [undefined, undefined])
      },
    },
    {
      id: 'no-304-beside-update-tag',
      title: 'RFC 9111 §4.3.3: a 304 renews nothing that a tag has expired while the handler was asked',
      places,
      async run(trial) {
        const slow = trial.barrier()
        const page = versioned({}, (run) => (run === 2 ? slow.wait() : undefined))
        const options: CacheOptions = { life, tags: ['page'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'version 1')
        await slow.reached
        trial.cache.updateTag('page')
        slow.open()
        await trial.settled()
        expectMiss(await site.get('/page'), 'version 1')
        assert.deepEqual(page.asked, [undefined, etagOf(1), undefined])
      },
    },
    {
      id: 'no-304-of-new-tag',
      title:
        'RFC 9111 §4.3.3: a 304 renews nothing by a tag that is new to it, and expired since it was made',
      places,
      async run(trial) {
        const page = versioned({}, (run) => run > 1 && trial.cache.cacheTag('page'))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.cache.updateTag('page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'version 1')
        await trial.settled()
        expectMiss(await site.get('/page'), 'version 1')
        assert.deepEqual(page.asked, [undefined, etagOf(1), undefined])
      },
    },
    {
      id: 'renewed-after-soft',
      title: 'RFC 9111 §4.3.3: a 304 renews what a soft invalidation has made stale',
      places,
      async run(trial) {
        const page = versioned()
        const options: CacheOptions = { life, tags: ['page'] }
        const site = await trial.site({ options, routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.cache.revalidateTag('page', 'max')
        expectStale(await site.get('/page'), 'version 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'version 1')
        assert.deepEqual(page.asked, [undefined, etagOf(1)])
      },
    },
    {
      id: 'renewed-keeps-tags',
      title: 'RFC 9111 §4.3.4: what a 304 has renewed keeps its tags',
      places,
      async run(trial) {
        const page = versioned({}, (run) => run === 1 && trial.cache.cacheTag('page'))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        await site.get('/page')
        await trial.settled()
        expectHit(await site.get('/page'), 'version 1')
        trial.cache.updateTag('page')
        expectMiss(await site.get('/page'), 'version 1')
      },
    },
    {
      id: 'conditions-ignored',
      title: 'RFC 9110 §13.2: a handler that knows nothing of conditions is made anew',
      places,
      async run(trial) {
        const page = pageWith((run) => ({ ETag: `"${run}"` }))
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        trial.clock.advance(61_000)
        expectStale(await site.get('/page'), 'run 1')
        await trial.settled()
        expectHit(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'variant-renewed',
      title: 'RFC 9111 §4.3.4: a 304 renews the variant that was asked for, and no other',
      places,
      async run(trial) {
        const page = origin(({ request, reply }, run) => {
          const etag = `"${request.header('x-kind')}"`
          setFields(reply, { ETag: etag, Vary: 'X-Kind', 'Cache-Control': 'max-age=10' })
          if (request.header('if-none-match') !== etag) return `run ${run}`
          reply.status(304)
          return { empty: true }
        })
        const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
        await site.get('/page', { 'X-Kind': 'a' })
        await site.get('/page', { 'X-Kind': 'b' })
        trial.clock.advance(11_000)
        expectRenewed(await site.get('/page', { 'X-Kind': 'a' }), 'run 1')
        expectHit(await site.get('/page', { 'X-Kind': 'a' }), 'run 1')
        expectRenewed(await site.get('/page', { 'X-Kind': 'b' }), 'run 2')
      },
    },
    {
      id: 'etag-before-date',
      title: 'RFC 9110 §13.2.2: beside If-None-Match, If-Modified-Since does not count',
      places,
      async run(trial) {
        const modified = dateIn(trial, -1_000)
        const page = pageWith({ ETag: '"a"', 'Last-Modified': modified })
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const both = { 'If-None-Match': '"b"', 'If-Modified-Since': modified }
        assert.equal((await site.get('/page', both)).status, 200)
        assert.equal((await site.get('/page', { ...both, 'If-None-Match': '"b", W/"a"' })).status, 304)
        assert.equal((await site.get('/page', { 'If-None-Match': '*' })).status, 304)
        assert.equal(page.runs, 1)
      },
    },
    {
      id: 'fields-of-304',
      title: 'RFC 9110 §15.4.5: a 304 has the fields that a 200 would have, less those of the body',
      places,
      async run(trial) {
        const fields = {
          ETag: '"a"',
          Vary: 'Accept-Language',
          'Cache-Control': 'max-age=30',
          'Content-Location': '/page.en',
          Expires: dateIn(trial, 60),
          'Content-Language': 'en',
        }
        const page = pageWith(fields)
        const site = await trial.site({ routes: [get('/page', page.handle)] })
        await site.get('/page')
        const response = await site.get('/page', { 'If-None-Match': '"a"' })
        assert.equal(response.status, 304)
        for (const name of ['ETag', 'Cache-Control', 'Content-Location', 'Expires'] as const)
          assert.equal(fieldValue(response, name.toLowerCase()), fields[name], name)
        assert.match(fieldValue(response, 'vary') ?? '', /accept-language/i)
        assert.notEqual(fieldValue(response, 'date'), undefined)
        for (const name of ['content-language', 'content-type', 'content-length'])
          assert.equal(fieldValue(response, name), undefined, name)
      },
    },
  ],
}

/** A stream: for text, some frameworks make an `ETag` of their own. */
function untagged(run: number): Body {
  return { stream: parts(`run ${run}`) }
}

/** A page that answers our condition by 304, and says more to whoever asks for that. */
function personal(more: (exchange: Exchange) => void, control = 'max-age=10'): Origin {
  return origin((exchange) => {
    const { request, reply } = exchange
    setFields(reply, { ETag: '"1"', 'Cache-Control': control })
    if (request.header('x-own') !== undefined) more(exchange)
    if (request.header('if-none-match') !== '"1"') return 'page'
    reply.status(304)
    return { empty: true }
  })
}

function rfc9111Of(options: CacheOptions): CacheOptions {
  return { ...rfc9111(), perRequestFields: 'strip', ...options }
}

function isNotRenewedWith({ id, fields }: { readonly id: string; readonly fields: Fields }): Case {
  const [name, value] = Object.entries(fields)[0] as [string, string]
  return {
    id: `renewed-${id}`,
    title: `RFC 9111 §3.2: "${name}: ${value}" of a 304 is heeded as that of a whole response`,
    places,
    async run(trial) {
      const page = personal(({ reply }) => setFields(reply, fields))
      const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
      await site.get('/page')
      trial.clock.advance(11_000)
      assert.equal(fieldValue(await site.get('/page', { 'X-Own': '1' }), 'x-user'), 'bob')
      const next = await site.get('/page')
      assert.equal(next.body.toString(), 'page')
      for (const name of ['x-user', 'access-control-allow-origin', 'content-security-policy'])
        assert.equal(fieldValue(next, name), undefined)
    },
  }
}

function isAskedEachTime({ id, title, fields }: Kept): Case {
  return {
    id: `kept-${id}`,
    title: `RFC 9111 §4.3: what says ${title} is kept, and asked for each time`,
    places,
    async run(trial) {
      const page = versioned(fields)
      const site = await trial.site({ options: rfc9111(), routes: [get('/page', page.handle)] })
      expectMiss(await site.get('/page'), 'version 1')
      expectRenewed(await site.get('/page'), 'version 1')
      page.version = 2
      expectMiss(await site.get('/page'), 'version 2')
      expectRenewed(await site.get('/page'), 'version 2')
      assert.deepEqual(page.asked, [undefined, etagOf(1), etagOf(1), etagOf(2)])
    },
  }
}
