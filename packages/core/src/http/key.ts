import type { HeaderLines } from './headers.ts'
import { headerValues } from './headers.ts'
import { trimWhitespace } from './syntax.ts'

/** A name of the request that is in the key, and its value; undefined if the request does not have it. */
export type KeyPair = readonly [name: string, value: string | undefined]

export interface KeyParts {
  /** As `keyStarts` gives it. */
  readonly start: string
  readonly target: string
  readonly headers: readonly KeyPair[]
  readonly cookies: readonly KeyPair[]
}

/** Which query parameters are in the key: all, these alone, or all but these. */
export type KeyedQuery = 'all' | readonly string[] | { readonly ignore: readonly string[] }

/**
 * The cache key (RFC 9111 §2). Injective: each part tells its length, the pairs their number, and the target
 * comes last, so no value can be read as the end of one part and the start of another.
 */
export function cacheKey(parts: KeyParts): string {
  const { start, target, headers, cookies } = parts
  if (headers.length === 0 && cookies.length === 0) return `${start} ${target}`
  return `${start}+${encodePairs(headers)}${encodePairs(cookies)}${target}`
}

/** What the keys of one mount begin with, by scheme and authority. The last is remembered: mostly there is but one. */
export function keyStarts(version: string, mount: string): (scheme: string, authority: string) => string {
  const prefix = `${encodePart(version)}${encodePart(mount)}`
  let last = { scheme: '', authority: '', start: `${prefix}${encodePart('')}${encodePart('')}` }
  return (scheme, authority) => {
    if (scheme !== last.scheme || authority !== last.authority)
      last = { scheme, authority, start: `${prefix}${encodePart(scheme)}${encodePart(authority)}` }
    return last.start
  }
}

/** One self-delimiting part of a key; undefined is told from every string. */
export function encodePart(value: string | undefined): string {
  return value === undefined ? '-' : `${value.length}:${value}`
}

/**
 * The target less the query parameters that are not in the key. This is what the handler runs with, so
 * nothing outside of the key can change the response. Textual: what stays keeps its bytes and its order.
 * Only `&` separates: a parser that also splits at `;` finds nothing that is not in the key.
 */
export function keyedTarget(target: string, query: KeyedQuery): string {
  const mark = query === 'all' ? -1 : target.indexOf('?')
  if (query === 'all' || mark === -1 || mark === target.length - 1) return target
  const parameters = target.slice(mark + 1).split('&')
  const kept = parameters.filter((parameter) => isKeyed(parameter, query))
  if (kept.length === parameters.length) return target
  const path = target.slice(0, mark)
  return kept.length === 0 ? path : `${path}?${kept.join('&')}`
}

/**
 * The named cookies for the key, raw. A name that is sent twice gives two pairs: which of them an application
 * reads depends on its parser.
 */
export function cookieValues(requestHeaders: HeaderLines, names: readonly string[]): KeyPair[] {
  const sent = headerValues(requestHeaders, 'cookie').flatMap((line) => line.split(';').map(cookiePair))
  return names.flatMap((name): KeyPair[] => {
    const found = sent.filter(([sentName]) => sentName === name)
    return found.length === 0 ? [[name, undefined]] : found
  })
}

function encodePairs(pairs: readonly KeyPair[]): string {
  let encoded = `${pairs.length}:`
  for (const [name, value] of pairs) encoded += encodePart(name) + encodePart(value)
  return encoded
}

function isKeyed(parameter: string, query: Exclude<KeyedQuery, 'all'>): boolean {
  const equals = parameter.indexOf('=')
  const name = decodeName(equals === -1 ? parameter : parameter.slice(0, equals))
  const owner = ownerOf(name)
  return 'ignore' in query
    ? !query.ignore.includes(name) && !query.ignore.includes(owner)
    : query.includes(name) || query.includes(owner)
}

function decodeName(raw: string): string {
  if (!raw.includes('%') && !raw.includes('+')) return raw
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch {
    return raw
  }
}

/** What `a[b]`, `a[]` and `[a]` belong to for parsers like `qs`: `a`. */
function ownerOf(name: string): string {
  const open = name.indexOf('[')
  if (open === -1) return name
  if (open > 0) return name.slice(0, open)
  const close = name.indexOf(']')
  return close === -1 ? name : name.slice(1, close)
}

function cookiePair(text: string): readonly [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals === -1) return [trimWhitespace(text), '']
  return [trimWhitespace(text.slice(0, equals)), trimWhitespace(text.slice(equals + 1))]
}
