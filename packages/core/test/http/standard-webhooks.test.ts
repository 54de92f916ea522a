import { Webhook } from 'standardwebhooks'
import { describe, expect, it, test } from 'vitest'
import type { CacheErrorCode } from '../../src/cache/errors.ts'
import type { EndpointCache, WebhookRequest } from '../../src/http/endpoint.ts'
import { createEndpoint } from '../../src/http/endpoint.ts'
import { standardWebhooks } from '../../src/standard-webhooks.ts'

const secret = `whsec_${Buffer.from('0123456789abcdef01234567').toString('base64')}`
const sentAt = 1_700_000_000_000
const body = '{"type":"post.updated","slug":"é"}'

interface Message {
  readonly id?: string
  readonly body?: string
  readonly sentAt?: number
  readonly now?: number
  readonly signedWith?: string
}

function message(options: Message = {}): WebhookRequest {
  const { id = 'msg_1', body: text = body, sentAt: at = sentAt, now = at, signedWith = secret } = options
  return {
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at / 1000)),
      'webhook-signature': new Webhook(signedWith).sign(id, new Date(at), text),
    },
    rawBody: new TextEncoder().encode(text),
    now,
  }
}

function withHeaders(request: WebhookRequest, headers: Record<string, string>): WebhookRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}

const rejection = expect.objectContaining({ code: 'ERR_RESTALE_WEBHOOK_REJECTED' })

describe('a message', () => {
  it('is accepted with the signature that the package makes', () => {
    expect(standardWebhooks(secret)(message())).toBe(true)
    expect(standardWebhooks(secret.slice('whsec_'.length))(message())).toBe(true)
  })

  it('is accepted with one right signature among several, as senders rotate their secrets', () => {
    const request = message()
    const signatures = `v1a,abc v1,${'A'.repeat(43)}= ${request.headers['webhook-signature']}`
    expect(standardWebhooks(secret)(withHeaders(request, { 'webhook-signature': signatures }))).toBe(true)
  })

  it('may be empty, or begin with a byte order mark', () => {
    const verify = standardWebhooks(secret)
    expect(verify(message({ id: 'a', body: '' }))).toBe(true)
    expect(verify(message({ id: 'b', body: '\ufeff{}' }))).toBe(true)
  })

  test.each<[what: string, headers: Record<string, string>]>([
    ['no id', { 'webhook-id': '' }],
    ['no timestamp', { 'webhook-timestamp': '' }],
    ['no signature', { 'webhook-signature': '' }],
    ['another id', { 'webhook-id': 'msg_2' }],
    ['another timestamp', { 'webhook-timestamp': String(sentAt / 1000 + 1) }],
    ['a timestamp with a fraction', { 'webhook-timestamp': `${sentAt / 1000}.5` }],
    ['a timestamp with junk', { 'webhook-timestamp': `${sentAt / 1000}x` }],
    ['a timestamp that is a word', { 'webhook-timestamp': 'now' }],
    [
      'a signature of another version',
      { 'webhook-signature': message().headers['webhook-signature']?.replace('v1', 'v2') ?? '' },
    ],
    ['half a signature', { 'webhook-signature': message().headers['webhook-signature']?.slice(0, -8) ?? '' }],
    ['a signature alone', { 'webhook-signature': 'v1,' }],
  ])('with %s is rejected', (_what, headers) => {
    expect(() => standardWebhooks(secret)(withHeaders(message(), headers))).toThrow(rejection)
  })

  it('signed with another secret is rejected', () => {
    const signedWith = `whsec_${Buffer.from('another secret, another').toString('base64')}`
    expect(() => standardWebhooks(secret)(message({ signedWith }))).toThrow(rejection)
  })

  it('whose body was changed is rejected', () => {
    const rawBody = new TextEncoder().encode(body.replace('post', 'user'))
    expect(() => standardWebhooks(secret)({ ...message(), rawBody })).toThrow(rejection)
  })

  it('whose bytes only look like the signed ones is rejected', () => {
    const rawBody = Uint8Array.from([0xff])
    expect(() => standardWebhooks(secret)({ ...message({ body: '\ufffd' }), rawBody })).toThrow(rejection)
  })
})

describe('the time of a message', () => {
  test.each([-300, -1, 0, 1, 300, 300.999])('%d seconds ago is near enough', (seconds) => {
    expect(standardWebhooks(secret)(message({ now: sentAt + seconds * 1000 }))).toBe(true)
  })

  test.each([-301, 301, 86_400])('%d seconds ago is too far', (seconds) => {
    expect(() => standardWebhooks(secret)(message({ now: sentAt + seconds * 1000 }))).toThrow(rejection)
  })
})

describe('a replay', () => {
  it('is rejected as long as the timestamp would do', () => {
    const verify = standardWebhooks(secret)
    verify(message({ now: sentAt - 300_000 }))
    for (const seconds of [-300, 0, 299, 300.999, 301]) {
      expect(() => verify(message({ now: sentAt + seconds * 1000 }))).toThrow(rejection)
    }
  })

  it('is rejected with other signatures beside its own, and with its timestamp spelled otherwise', () => {
    const verify = standardWebhooks(secret)
    const request = message()
    verify(request)
    const headers = {
      'webhook-timestamp': `0${request.headers['webhook-timestamp']}`,
      'webhook-signature': `v1,x ${request.headers['webhook-signature']}`,
    }
    expect(() => verify(withHeaders(request, headers))).toThrow('received before')
  })

  it('is not a failed delivery that the sender repeats: same id, signed anew', () => {
    const verify = standardWebhooks(secret)
    verify(message())
    expect(verify(message({ sentAt: sentAt + 5000 }))).toBe(true)
  })

  it('is nothing that a wrong signature could make of an id', () => {
    const verify = standardWebhooks(secret)
    const signedWith = `whsec_${Buffer.from('another secret, another').toString('base64')}`
    expect(() => verify(message({ signedWith }))).toThrow(rejection)
    expect(verify(message())).toBe(true)
  })

  it('is remembered in bounded memory, from which the oldest goes first', () => {
    const verify = standardWebhooks(secret, { maxRemembered: 2 })
    for (const id of ['a', 'b', 'c']) verify(message({ id }))
    expect(() => verify(message({ id: 'b' }))).toThrow(rejection)
    expect(() => verify(message({ id: 'c' }))).toThrow(rejection)
    expect(verify(message({ id: 'a' }))).toBe(true)
  })
})

describe('creation', () => {
  test.each<[code: CacheErrorCode, secret: string | undefined]>([
    ['ERR_RESTALE_MISSING_SECRET', undefined],
    ['ERR_RESTALE_MISSING_SECRET', ''],
    ['ERR_RESTALE_WEAK_SECRET', 'whsec_'],
    ['ERR_RESTALE_WEAK_SECRET', 'whsec_c2hvcnQ='],
    ['ERR_RESTALE_INVALID_OPTION', 'whsec_this is no base64, but it is long'],
  ])('throws %s for %j', (code, bad) => {
    expect(() => standardWebhooks(bad)).toThrow(expect.objectContaining({ code }))
  })

  test.each([0, -1, 1.5, Number.NaN])('refuses to remember %d messages', (maxRemembered) => {
    expect(() => standardWebhooks(secret, { maxRemembered })).toThrow(
      expect.objectContaining({ code: 'ERR_RESTALE_INVALID_OPTION' }),
    )
  })
})

describe('as the verify of a webhook', () => {
  it('lets signed messages expire tags, once each', async () => {
    const expired: string[] = []
    const cache: EndpointCache = {
      now: () => sentAt,
      async invalidate({ tags }) {
        expired.push(...tags)
        return { reach: 'everywhere' }
      },
    }
    const endpoint = createEndpoint(cache, {
      secret: 'correct horse battery staple',
      webhook: {
        verify: standardWebhooks(secret),
        tags: (payload) => [`post:${(payload as { slug: string }).slug}`],
      },
    })
    const { headers, rawBody } = message()
    const deliver = () =>
      endpoint({
        method: 'POST',
        path: '/webhook',
        query: '',
        headers: ['Content-Type', 'application/json', ...Object.entries(headers).flat()],
        readBody: async () => rawBody,
      })
    expect((await deliver()).body).toBe('{"ok":true}')
    expect((await deliver()).status).toBe(401)
    expect(expired).toEqual(['post:é'])
  })
})
