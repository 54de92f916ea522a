import assert from 'node:assert/strict'
import type { EndpointOptions } from '@restale/core/http'
import type { Endpoint } from '../description.ts'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get, group, life, mounted } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'

const secret = 'a secret of the contract'
const other = 'another secret, for rotation'
const json = 'application/json'

interface Call {
  readonly method?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Sent in chunks, so that its length is not known before. */
  readonly isChunked?: true
  readonly path?: string
  readonly body?: string
  readonly type?: string
  readonly authorization?: string
}

interface Reply {
  readonly id: string
  readonly title: string
  readonly call: Call
  readonly status: number
  /** What the body says. */
  readonly says?: RegExp
  readonly allow?: string
  /** Does the call reach what is tagged `page`? */
  readonly isReached?: boolean
}

const replies: readonly Reply[] = [
  {
    id: 'endpoint-post',
    title: 'a POST with the secret invalidates',
    call: { body: '{"tag":"page","expire":0}' },
    status: 200,
    says: /"revalidated":true,"now":\d+/,
    isReached: true,
  },
  {
    id: 'endpoint-rotation',
    title: 'each of several secrets is accepted',
    call: { body: '{"tag":"page","expire":0}', authorization: `Bearer ${other}` },
    status: 200,
    isReached: true,
  },
  {
    id: 'endpoint-get',
    title: 'a GET with the secret invalidates',
    call: { method: 'GET', path: '?tag=page&expire=0' },
    status: 200,
    says: /"revalidated":true/,
    isReached: true,
  },
  {
    id: 'endpoint-get-path',
    title: 'a GET invalidates paths, too',
    call: { method: 'GET', path: '?path=/&type=layout' },
    status: 200,
    says: /"revalidated":true/,
    isReached: true,
  },
  {
    id: 'endpoint-second-mark',
    title: 'a question mark in a tag is part of the tag',
    call: { method: 'GET', path: '?tag=page?other&expire=0' },
    status: 200,
    says: /"revalidated":true/,
  },
  {
    id: 'endpoint-slash',
    title: 'a slash behind the path makes no difference',
    call: { path: '/', body: '{"tag":"page","expire":0}' },
    status: 200,
    isReached: true,
  },
  {
    id: 'endpoint-chunked',
    title: 'a POST whose length is not told before is read',
    call: { body: '{"tag":"page","expire":0}', isChunked: true },
    status: 200,
    isReached: true,
  },
  {
    id: 'endpoint-charset',
    title: 'JSON that tells its charset is JSON',
    call: { body: '{"tag":"page","expire":0}', type: 'application/json; charset=utf-8' },
    status: 200,
    isReached: true,
  },
  {
    id: 'endpoint-get-without-tag',
    title: 'a GET that names nothing does nothing',
    call: { method: 'GET' },
    status: 200,
    says: /"revalidated":false/,
  },
  {
    id: 'endpoint-webhook',
    title: 'a POST to /webhook expires at once',
    call: { path: '/webhook', body: '{"tags":["page"]}' },
    status: 200,
    says: /"ok":true/,
    isReached: true,
  },
  {
    id: 'endpoint-webhook-without-secret',
    title: 'a POST to /webhook without the secret: 401',
    call: { path: '/webhook', body: '{"tags":["page"]}', authorization: '' },
    status: 401,
    says: /"ok":false/,
  },
  {
    id: 'endpoint-webhook-wrong-secret',
    title: 'a POST to /webhook with a wrong secret: 401',
    call: { path: '/webhook', body: '{"tags":["page"]}', authorization: 'Bearer something else, of length' },
    status: 401,
    says: /"ok":false/,
  },
  {
    id: 'endpoint-webhook-body',
    title: 'a POST to /webhook whose tags are none: 400',
    call: { path: '/webhook', body: '{"tags":"page"}' },
    status: 400,
    says: /"ok":false/,
  },
  {
    id: 'endpoint-webhook-method',
    title: 'a GET of /webhook: 405 that says which there are',
    call: { method: 'GET', path: '/webhook?tag=page&expire=0' },
    status: 405,
    allow: 'HEAD, OPTIONS, POST',
  },
  {
    id: 'endpoint-webhook-options',
    title: 'OPTIONS of /webhook does nothing, and tells the methods',
    call: { method: 'OPTIONS', path: '/webhook' },
    status: 204,
    allow: 'HEAD, OPTIONS, POST',
  },
  {
    id: 'endpoint-no-secret',
    title: 'without the secret: 401',
    call: { body: '{"tag":"page","expire":0}', authorization: '' },
    status: 401,
  },
  {
    id: 'endpoint-wrong-secret',
    title: 'with a wrong secret: 401',
    call: { body: '{"tag":"page","expire":0}', authorization: 'Bearer something else, of length' },
    status: 401,
  },
  {
    id: 'endpoint-bad-json',
    title: 'a body that is no JSON: 400',
    call: { body: '{"tag":' },
    status: 400,
    says: /body: /,
  },
  {
    id: 'endpoint-bad-field',
    title: 'an unknown profile: 400 that names the field',
    call: { body: '{"tag":"page","profile":"nope"}' },
    status: 400,
    says: /profile: /,
  },
  {
    id: 'endpoint-bad-tag',
    title: 'a tag that is too long: 400 that names the field',
    call: { body: JSON.stringify({ tag: 'x'.repeat(257) }) },
    status: 400,
    says: /tag: /,
  },
  {
    id: 'endpoint-bad-path',
    title: 'a path that is none: 400 that names the field',
    call: { body: '{"path":"page"}' },
    status: 400,
    says: /path: /,
  },
  {
    id: 'endpoint-bad-expire',
    title: 'a negative expire: 400 that names the field',
    call: { body: '{"tag":"page","expire":-1}' },
    status: 400,
    says: /expire: /,
  },
  {
    id: 'endpoint-bad-query',
    title: 'a GET with an unknown profile: 400 that names the field',
    call: { method: 'GET', path: '?tag=page&profile=nope' },
    status: 400,
    says: /profile: /,
  },
  {
    id: 'endpoint-nothing-named',
    title: 'a POST that names nothing: 400',
    call: { body: '{}' },
    status: 400,
    says: /tag: /,
  },
  {
    id: 'endpoint-method',
    title: 'another method: 405 that says which there are',
    call: { method: 'DELETE' },
    status: 405,
    allow: 'GET, HEAD, OPTIONS, POST',
  },
  {
    id: 'endpoint-too-large',
    title: 'a body over 64 KiB: 413',
    call: { body: JSON.stringify({ tag: 'page', path: `/${'x'.repeat(70_000)}` }) },
    status: 413,
  },
  {
    id: 'endpoint-chunked-too-large',
    title: 'a body over 64 KiB whose length is not told before: 413',
    call: { body: JSON.stringify({ tag: 'page', path: `/${'x'.repeat(70_000)}` }), isChunked: true },
    status: 413,
  },
  {
    id: 'endpoint-webhook-too-large',
    title: 'a body over 64 KiB at /webhook: 413',
    call: { path: '/webhook', body: JSON.stringify({ tags: ['page', 'x'.repeat(70_000)] }) },
    status: 413,
    says: /"ok":false/,
  },
  {
    id: 'endpoint-coding',
    title: 'a body with a Content-Encoding: 415',
    call: { body: '{"tag":"page","expire":0}', headers: [['Content-Encoding', 'gzip']] },
    status: 415,
  },
  {
    id: 'endpoint-webhook-type',
    title: 'another type than JSON at /webhook: 415',
    call: { path: '/webhook', body: 'tag=page', type: 'text/plain' },
    status: 415,
    says: /"ok":false/,
  },
  {
    id: 'endpoint-type',
    title: 'another type than JSON: 415',
    call: { body: 'tag=page', type: 'application/x-www-form-urlencoded' },
    status: 415,
  },
  {
    id: 'endpoint-head',
    title: 'HEAD does nothing',
    call: { method: 'HEAD', path: '?tag=page&expire=0' },
    status: 204,
  },
  {
    id: 'endpoint-options',
    title: 'OPTIONS does nothing, and tells the methods',
    call: { method: 'OPTIONS', path: '?tag=page&expire=0' },
    status: 204,
    allow: 'GET, HEAD, OPTIONS, POST',
  },
]

export const endpoint: Theme = {
  name: 'the revalidate endpoint',
  cases: [
    ...replies.map(answers),
    {
      id: 'endpoint-path-option',
      title: 'the endpoint can say itself where it answers, and leaves every other path alone',
      async run(trial) {
        const site = await trial.serve([
          { kind: 'endpoint', path: '/', options: { secret, path: '/hooks/revalidate' } },
          get('/hooks', () => 'the app’s own'),
        ])
        assert.equal((await call(site, '/hooks/revalidate', { body: '{"tag":"page"}' })).status, 200)
        assert.equal((await call(site, '/hooks/revalidate/webhook', { body: '{"tag":"page"}' })).status, 200)
        assert.equal((await site.get('/hooks')).body.toString(), 'the app’s own')
      },
    },
    {
      id: 'endpoint-below',
      title: 'what lies below the endpoint is not found',
      async run(trial) {
        const { site } = await tagged(trial, { secret })
        const response = await call(site, '/revalidate/other', { body: '{"tag":"page","expire":0}' })
        assert.equal(response.status, 404)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'endpoint-unauthenticated',
      title: 'an endpoint that is said to stand behind a guard asks for no secret',
      async run(trial) {
        const { site } = await tagged(trial, { secret: undefined, unauthenticated: true })
        const asked = { body: '{"tag":"page","expire":0}', authorization: '' }
        assert.equal((await call(site, '/revalidate', asked)).status, 200)
        expectMiss(await site.get('/page'), 'run 2')
      },
    },
    {
      id: 'endpoint-below-a-cache',
      title: 'replies of an endpoint that stands below a cache are not stored',
      async run(trial) {
        const page = origin()
        const site = await trial.serve([
          mounted({ life }),
          { kind: 'endpoint', path: '/revalidate', options: { secret: undefined, unauthenticated: true } },
          get('/page', page.handle, { cache: { tags: ['page'] } }),
        ])
        for (let run = 1; run <= 3; run++) {
          expectMiss(await site.get('/page'), `run ${run}`)
          const response = await site.get('/revalidate?tag=page&expire=0')
          assert.equal(response.status, 200)
          assert.doesNotMatch(fieldValue(response, 'cache-status') ?? '', /hit|stored/)
        }
      },
    },
    {
      id: 'endpoint-failing',
      title: 'a webhook whose tags cannot be told fails as the framework fails, and the server goes on',
      async run(trial) {
        const webhook: EndpointOptions['webhook'] = {
          verify: () => true,
          tags() {
            throw new Error('meant to fail')
          },
        }
        const { site } = await tagged(trial, { secret, webhook })
        const connection = await site.send({
          method: 'POST',
          path: '/revalidate/webhook',
          headers: [['Content-Type', json]],
          body: '{}',
        })
        const status = await connection.response().then(
          (response) => response.status,
          () => 'cut',
        )
        assert.ok(status === 500 || status === 'cut', `500 or cut, not ${status}`)
        expectHit(await site.get('/page'), 'run 1')
      },
    },
    {
      id: 'endpoint-signed-webhook',
      title: 'a webhook of a sender of its own gets the raw bytes to verify',
      async run(trial) {
        const seen: unknown[] = []
        const webhook: EndpointOptions['webhook'] = {
          verify({ headers, rawBody }) {
            seen.push(headers['x-signature'], Buffer.from(rawBody).toString())
            return headers['x-signature'] === 'right'
          },
          tags: (payload) => [(payload as { type: string }).type],
        }
        const { site, page } = await tagged(trial, { secret, webhook })
        const body = '{ "type":  "page" }'
        const send = (signature: string) =>
          site.request({
            method: 'POST',
            path: '/revalidate/webhook',
            headers: [
              ['Content-Type', json],
              ['X-Signature', signature],
            ],
            body,
          })
        assert.equal((await send('wrong')).status, 401)
        expectHit(await site.get('/page'), 'run 1')
        assert.equal((await send('right')).status, 200)
        expectMiss(await site.get('/page'), 'run 2')
        assert.deepEqual(seen, ['wrong', body, 'right', body])
        assert.equal(page.runs, 2)
      },
    },
  ],
}

function answers({ id, title, call: asked, status, says, allow, isReached = false }: Reply): Case {
  return {
    id,
    title,
    // In a group as well as at the root.
    places: ['root', 'prefix'],
    async run(trial) {
      const { site } = await tagged(trial, { secret: [secret, other] })
      const base = trial.place === 'prefix' ? '/hooks/revalidate' : '/revalidate'
      const response = await call(site.atRoot(), base, asked)
      assert.equal(response.status, status)
      assert.equal(fieldValue(response, 'cache-control'), 'no-store')
      assert.equal(fieldValue(response, 'cache-status'), undefined)
      assert.equal(fieldValue(response, 'x-content-type-options'), 'nosniff')
      if (response.body.length > 0)
        assert.match(fieldValue(response, 'content-type') ?? '', /^application\/json/)
      if (says !== undefined) assert.match(response.body.toString(), says)
      if (status === 401) assert.equal(fieldValue(response, 'www-authenticate'), 'Bearer')
      if (allow !== undefined) assert.equal(fieldValue(response, 'allow'), allow)
      if (isReached) expectMiss(await site.get('/page'), 'run 2')
      else expectHit(await site.get('/page'), 'run 1')
    },
  }
}

async function tagged(trial: Trial, options: EndpointOptions) {
  const page = origin()
  const site = await trial.site({
    options: { tags: ['page'] },
    routes: [get('/page', page.handle)],
    beside: trial.place === 'prefix' ? [group('/hooks', [endpointAt(options)])] : [endpointAt(options)],
  })
  await site.get('/page')
  return { site, page }
}

function endpointAt(options: EndpointOptions): Endpoint {
  return { kind: 'endpoint', path: '/revalidate', options }
}

function call(site: Site, base: string, asked: Call): Promise<RawResponse> {
  const { method = 'POST', path = '', body, type = json, authorization = `Bearer ${secret}` } = asked
  const { headers = [], isChunked } = asked
  return site.request({
    method,
    path: `${base}${path}`,
    headers: [
      ...(authorization === '' ? [] : [['Authorization', authorization] as const]),
      ...(body === undefined ? [] : [['Content-Type', type] as const]),
      ...headers,
    ],
    body,
    isChunked,
  })
}
