import { createContext, Script } from 'node:vm'
import { generatedAt, receivedAge } from '../../src/http/age.ts'
import { bearerCheck } from '../../src/http/bearer.ts'
import { parseCacheControl } from '../../src/http/cache-control.ts'
import { formatCacheStatus } from '../../src/http/cache-status.ts'
import { isNotModified } from '../../src/http/conditional.ts'
import { parseEtagList } from '../../src/http/etag.ts'
import { heuristicLifetime, secondsToExpires } from '../../src/http/freshness-lifetime.ts'
import { connectionNamed, listMembers } from '../../src/http/headers.ts'
import { hasPlainHost } from '../../src/http/host.ts'
import { parseHttpDate } from '../../src/http/http-date.ts'
import { cookieValues, keyedTarget } from '../../src/http/key.ts'
import { isJsonMediaType, parseMediaType } from '../../src/http/media-type.ts'
import { ownLines } from '../../src/http/own-lines.ts'
import { requestedPart } from '../../src/http/range.ts'
import { requestControl } from '../../src/http/request-control.ts'
import { policyOf } from '../../src/http/response-policy.ts'
import { invalidatedGroups, namedTags } from '../../src/http/tag-fields.ts'
import { targetedControl } from '../../src/http/targeted-control.ts'
import { updatedLines } from '../../src/http/updated-lines.ts'
import { sameOriginTarget } from '../../src/http/uri.ts'
import { variantOf, varyMembers } from '../../src/http/vary.ts'

const now = Date.UTC(2026, 6, 4)
const date = new Date(now).toUTCString()
const policy = policyOf([], [])
const keeping = { storesCookies: false, storesPerRequest: false, outerCookies: [], keptOut: [] }
const isBearer = bearerCheck({ secret: 'a secret of the test' })

function ranged(headers: Record<string, string>): unknown {
  const request = { method: 'GET', headers, rawHeaders: Object.entries(headers).flat() }
  return requestedPart(request, ['ETag', '"a"', 'Last-Modified', date], 1000, now)
}

/** Everything that reads text which comes from outside: of a client, of a handler, of what stands before one. */
export const parsers: Readonly<Record<string, (value: string) => unknown>> = {
  'Cache-Control of a response': (value) => parseCacheControl([value]),
  'Cache-Control of a response, in two lines': (value) => parseCacheControl([value, value]),
  'Cache-Control of a request': (value) => requestControl({ 'cache-control': value }),
  'Pragma of a request': (value) => requestControl({ pragma: value }),
  'CDN-Cache-Control': (value) => targetedControl(['CDN-Cache-Control', value], ['cdn-cache-control']),
  Age: (value) => receivedAge(['Age', value]),
  Date: (value) => generatedAt(['Date', value, 'Age', '1'], now, now),
  Expires: (value) => secondsToExpires(['Expires', value], now),
  'Last-Modified': (value) => heuristicLifetime(200, policy, ['Last-Modified', value], now),
  'an HTTP-date': (value) => parseHttpDate(value, now),
  'a list of ETags': parseEtagList,
  'If-None-Match': (value) => isNotModified(['If-None-Match', value], ['ETag', '"a"'], now),
  'If-Modified-Since': (value) => isNotModified(['If-Modified-Since', value], ['Last-Modified', date], now),
  Range: (value) => ranged({ range: value }),
  'Range behind its unit': (value) => ranged({ range: `bytes=${value}` }),
  'If-Range': (value) => ranged({ range: 'bytes=0-1', 'if-range': value }),
  Vary: (value) => varyMembers(['Vary', value]),
  Accept: (value) => variantOf(['accept'], ['Accept', value]),
  'Accept-Charset': (value) => variantOf(['accept-charset'], ['Accept-Charset', value]),
  'Accept-Encoding': (value) => variantOf(['accept-encoding'], ['Accept-Encoding', value]),
  'Accept-Language': (value) => variantOf(['accept-language'], ['Accept-Language', value]),
  'a field that Vary names': (value) => variantOf(['x-any'], ['X-Any', value]),
  Connection: (value) => connectionNamed(['Connection', value]),
  'Connection of what is stored': (value) => ownLines(['Connection', value, 'X-Own', '1'], [], keeping),
  'the fields of a 304': (value) => updatedLines(['X-Own', '1'], ['Connection', value, 'X-Own', value]),
  'Cache-Tag': (value) => namedTags(['Cache-Tag', value]),
  'Edge-Cache-Tag': (value) => namedTags(['Edge-Cache-Tag', value]),
  'Surrogate-Key': (value) => namedTags(['Surrogate-Key', value]),
  'Cache-Groups': (value) => namedTags(['Cache-Groups', value]),
  'Cache-Group-Invalidation': (value) => invalidatedGroups(['Cache-Group-Invalidation', value]),
  Location: (value) => sameOriginTarget({ scheme: 'http', authority: 'test', target: '/' }, value),
  'Location of an odd request': (value) =>
    sameOriginTarget({ scheme: 'http', authority: value, target: value }, '/'),
  'a list': listMembers,
  'Content-Type': parseMediaType,
  'the charset of JSON': (value) => isJsonMediaType(`application/json;charset=${value}`),
  Host: (value) => hasPlainHost({ authority: value, rawHeaders: ['Host', value] }),
  Cookie: (value) => cookieValues(['Cookie', value], ['a']),
  Authorization: (value) => isBearer(['Authorization', value]),
  'a target with some parameters in the key': (value) => keyedTarget(value, ['a']),
  'a target with some parameters out of the key': (value) => keyedTarget(value, { ignore: ['a'] }),
  'a detail in Cache-Status': (value) => formatCacheStatus({ hit: true, detail: value }),
}

/** What the grammars of fields are made of. */
export const pieces = [
  ...[
    '"',
    '\\',
    ',',
    '=',
    ' ',
    '\t',
    ';',
    ':',
    '(',
    ')',
    '?',
    '&',
    '%',
    '[',
    ']',
    '/',
    '*',
    '-',
    '.',
    '+',
    '@',
  ],
  ...[
    'W/',
    'a',
    'b',
    'q=',
    'Q=0.5',
    'a/b;',
    '0',
    '1',
    '9',
    '-1',
    '99999999999999999999',
    '1.5',
    '?1',
    ':YQ==:',
  ],
  ...['max-age', 's-maxage', 'no-cache', 'private', 'stale-while-revalidate', 'max-stale', 'only-if-cached'],
  ...['gzip', 'x-gzip', 'identity', 'bytes=', 'en-GB', 'utf-8', '%e2%82', 'bearer '],
  ...['Sun, ', '06 ', 'Nov ', '06-Nov-94 ', '1994 ', '08:49:37', ' GMT', 'Sun Nov  6 08:49:37 1994'],
  ...['é', '€', '\0', '\r\n', '\u{1f600}', '\ud800'],
]

const context = createContext({ run: undefined })
const call = new Script('run()')

/** Runs it, and ends it if it does not end by itself: before that, no timeout of a test has its turn. */
export function inTime(run: () => void): void {
  context.run = run
  call.runInContext(context, { timeout: 10_000 })
}
