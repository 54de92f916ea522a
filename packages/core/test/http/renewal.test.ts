import { describe, expect, it } from 'vitest'
import type { NotModifiedHead } from '../../src/http/renewal.ts'
import { mergedHead, ownEtag, withOwnLines } from '../../src/http/renewal.ts'
import type { OutgoingResponse, StoredResponse } from '../../src/http/stored-response.ts'

const now = Date.UTC(2026, 0, 1)
const date = new Date(now).toUTCString()

function stored(fields: Partial<StoredResponse> = {}): StoredResponse {
  return {
    status: 200,
    headers: ['ETag', '"a"', 'Content-Type', 'text/plain', 'X-First', '1'],
    added: [],
    removed: [],
    vary: [],
    body: Buffer.from('body'),
    hasOwnLife: true,
    permitsAuthorization: false,
    validators: ['if-none-match', '"a"'],
    staleness: { isByHeader: true, isForbidden: false, ifErrorSeconds: 0 },
    variantNames: [],
    variant: '',
    ...fields,
  }
}

function notModified(lines: string[], baseline: string[] = []): NotModifiedHead {
  return { status: 304, lines, baseline, isAuthenticated: false, route: undefined }
}

describe('the head of the response that a 304 stands for', () => {
  it.each<[string, Partial<StoredResponse>, string[], string[]]>([
    ['keeps what the 304 leaves out', {}, [], ['ETag', '"a"', 'Content-Type', 'text/plain', 'X-First', '1']],
    [
      'replaces what it brings, whatever its case',
      {},
      ['x-first', '2'],
      ['x-first', '2', 'ETag', '"a"', 'Content-Type', 'text/plain'],
    ],
    [
      'keeps what describes the stored body',
      {},
      ['Content-Type', 'text/html', 'Content-Length', '9', 'Content-Encoding', 'gzip'],
      ['ETag', '"a"', 'Content-Type', 'text/plain', 'X-First', '1'],
    ],
    ['joins what selects variants', { vary: ['a'], headers: [] }, ['Vary', 'B, A'], ['Vary', 'a, b']],
    ['leaves out a tag that the cache has made', { validators: [], headers: ['ETag', '"x"'] }, [], []],
    ['leaves out what the handler has taken away', { removed: ['x-own'], headers: [] }, ['X-Own', '1'], []],
    ['keeps what the handler has added', { headers: [], added: ['X-More', '1'] }, [], ['X-More', '1']],
  ])('%s', (_what, fields, brought, expected) => {
    const { status, lines, body } = mergedHead(stored(fields), notModified(brought), now)
    expect(lines.filter((_, at) => (lines[at - (at % 2)] as string) !== 'Date')).toEqual(expected)
    expect(status).toBe(200)
    expect(body).toEqual(Buffer.from('body'))
  })

  it('is as old as the 304, not as what is stored', () => {
    const old = stored({ headers: ['Date', new Date(0).toUTCString()] })
    expect(mergedHead(old, notModified([]), now).lines).toEqual(['Date', date])
    expect(mergedHead(old, notModified(['Date', 'own']), now).lines).toEqual(['Date', 'own'])
  })
})

describe('what goes out for a 304', () => {
  const outgoing: OutgoingResponse = {
    status: 200,
    headers: ['X-First', '1'],
    defaults: [],
    added: [],
    removed: [],
    vary: ['a'],
    body: Buffer.from('body'),
    cacheStatus: 'restale; hit',
    isPart: false,
  }

  it('is what is stored, with what the handler has said to this client', () => {
    const head = notModified(['X-First', '2', 'Set-Cookie', 'own=1', 'X-Request-Id', '7', 'ETag', '"b"'])
    const { headers, added } = withOwnLines(outgoing, head)
    expect(headers).toEqual(expect.arrayContaining(['X-First', '2', 'X-Request-Id', '7']))
    expect(headers).not.toContain('1')
    expect(added).toEqual(['Set-Cookie', 'own=1'])
  })

  it('leaves to the layers outside what they have said', () => {
    const head = notModified(['X-Outer', '1', 'Vary', 'Origin, B'], ['X-Outer', '1', 'Vary', 'Origin'])
    expect(withOwnLines(outgoing, head)).toEqual({ ...outgoing, vary: ['a', 'b'] })
  })
})

it('knows the tag that the handler has given, not one of the cache', () => {
  expect(ownEtag(stored())).toBe('"a"')
  expect(ownEtag(stored({ validators: [] }))).toBeUndefined()
  expect(ownEtag(stored({ validators: ['if-modified-since', date] }))).toBeUndefined()
})
