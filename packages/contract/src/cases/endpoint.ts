import assert from 'node:assert/strict'
import type { EndpointOptions } from '@restale/core/http'
import type { Case, Theme } from '../harness/case.ts'
import { expectHit, expectMiss } from '../harness/expect.ts'
import { origin } from '../harness/origin.ts'
import { get } from '../harness/place.ts'
import type { RawResponse } from '../harness/response-reader.ts'
import { fieldValue } from '../harness/response-reader.ts'
import type { Site } from '../harness/site.ts'
import type { Trial } from '../harness/trial.ts'

const secret = 'a secret of the contract'
const other = 'another secret, for rotation'
const json = 'application/json'

interface Call {
  readonly method?: string
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
    async run(trial) {
      const { site } = await tagged(trial, { secret: [secret, other] })
      const response = await call(site, '/revalidate', asked)
      assert.equal(response.status, status)
      assert.equal(fieldValue(response, 'cache-control'), 'no-store')
      if (says !== undefined) assert.match(response.body.toString(), says)
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
    beside: [{ kind: 'endpoint', path: '/revalidate', options }],
  })
  await site.get('/page')
  return { site, page }
}

function call(site: Site, base: string, asked: Call): Promise<RawResponse> {
  const { method = 'POST', path = '', body, type = json, authorization = `Bearer ${secret}` } = asked
  return site.request({
    method,
    path: `${base}${path}`,
    headers: [
      ...(authorization === '' ? [] : [['Authorization', authorization] as const]),
      ...(body === undefined ? [] : [['Content-Type', type] as const]),
    ],
    body,
  })
}
