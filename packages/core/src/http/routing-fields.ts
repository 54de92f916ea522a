import type { HeaderLines } from './headers.ts'
import { isHostName } from './host.ts'
import type { KeyPair } from './key.ts'
import { trimWhitespace } from './syntax.ts'

/**
 * Fields by which proxies, frameworks and handlers find out where a request belongs. Whether anybody below believes
 * them is not known here, so they are in the key: nobody makes others see what such a field has brought about. Not
 * those that tell of the client, like `X-Forwarded-For`: each client would have a cache of its own.
 */
const routingFields: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-path',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-protocol',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-forwarded-uri',
  'x-forwarded-url',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-uri',
  'x-rewrite-url',
  'x-scheme',
  'x-script-name',
  'x-url-scheme',
])

const none: readonly KeyPair[] = []

const routes = 1
const saysHost = 2
/** By length and last letter, as this is asked of every header of every request: the cheap question first. */
const candidates = new Uint8Array(32 * 32)
for (const name of routingFields) candidates[shapeOf(name)] = routes
for (const name of ['host', ':authority']) candidates[shapeOf(name)] = saysHost

/**
 * Those that a request has, and what it says itself of its host where that is something else than `authority`: behind
 * a trusted proxy, or with more in the line than the framework takes of it. A handler sees both, so both are in the
 * key. `authority`: undefined if hosts are not told apart.
 */
export function routingPairs(rawHeaders: HeaderLines, authority: string | undefined): readonly KeyPair[] {
  let pairs: KeyPair[] | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    const kind = candidates[shapeOf(name)]
    if (kind !== routes && kind !== saysHost) continue
    const value = rawHeaders[index + 1] as string
    if (kind === saysHost && (authority === undefined || value === authority)) continue
    const lowerName = name.toLowerCase()
    if (kind === routes ? !routingFields.has(lowerName) : !isHostName(lowerName)) continue
    const said = lowerName === 'forwarded' ? withoutClients(value) : value
    if (said === '' && value !== '') continue
    pairs ??= []
    pairs.push([lowerName, said])
  }
  return pairs ?? none
}

/** `Forwarded` tells of the client as well (RFC 7239 §5.2). */
function withoutClients(forwarded: string): string {
  const parameters = forwarded.split(/[;,]/).map((parameter) => trimWhitespace(parameter).toLowerCase())
  return parameters.filter((parameter) => !parameter.startsWith('for=')).join(';')
}

/** Longer names have none that is in the table. */
function shapeOf(name: string): number {
  return (name.length << 5) | (name.charCodeAt(name.length - 1) & 31)
}
