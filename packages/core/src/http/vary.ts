import { createHash } from 'node:crypto'
import type { HeaderLines } from './headers.ts'
import { headerValue, headerValues } from './headers.ts'
import { encodePart } from './key.ts'
import { endOfToken, trimWhitespace } from './syntax.ts'

const knownCodings = ['br', 'deflate', 'gzip', 'zstd']

const qvalue = /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i
const zeroQvalue = /^q=0(?:\.0*)?$/i

/** The names in a response's `Vary`: lower-case, unique, sorted; one `*` anywhere is `*` (RFC 9111 §4.1). */
export function varyMembers(lines: HeaderLines): '*' | string[] {
  const values = headerValues(lines, 'vary')
  if (values.length === 0) return []
  const members = new Set<string>()
  for (const line of values) {
    for (const member of line.split(',')) members.add(trimWhitespace(member).toLowerCase())
  }
  members.delete('')
  return members.has('*') ? '*' : [...members].sort()
}

/**
 * What the request says in the fields that `Vary` names: equal strings, interchangeable requests (RFC 9111
 * §4.1). A field that is absent is told from an empty one.
 */
export function variantOf(names: readonly string[], requestHeaders: HeaderLines): string {
  let variant = ''
  for (const name of names) {
    variant += encodePart(name) + encodePart(nominated(requestHeaders, name))
  }
  return variant.length > longestVariant ? digestOf(variant) : variant
}

/** What a client sends may be long, and is kept once for each variant. */
const longestVariant = 512

function digestOf(variant: string): string {
  return `#${createHash('sha256').update(variant).digest('base64url')}`
}

/** What a request says in one field, in the form that all interchangeable values share. */
function nominated(requestHeaders: HeaderLines, name: string): string | undefined {
  const normaliser = normalisers.get(name)
  if (normaliser === undefined) return joined(requestHeaders, name)
  const value = headerValue(requestHeaders, name)
  return value === undefined ? undefined : normaliser.of(value)
}

function joined(requestHeaders: HeaderLines, name: string): string | undefined {
  const values = headerValues(requestHeaders, name)
  return values.length === 0 ? undefined : values.map(trimWhitespace).join(', ')
}

/** Clients send few different values, and hits should not parse. The bounds are against strangers. */
const memoSize = 256
const memoLength = 256

class Normaliser {
  readonly #normalise: (value: string) => string
  readonly #memo = new Map<string, string>()

  constructor(normalise: (value: string) => string) {
    this.#normalise = normalise
  }

  of(value: string): string {
    const known = this.#memo.get(value)
    if (known !== undefined) return known
    const normalised = this.#normalise(value)
    if (value.length <= memoLength) {
      if (this.#memo.size >= memoSize) this.#memo.clear()
      this.#memo.set(value, normalised)
    }
    return normalised
  }
}

const normalisers: ReadonlyMap<string, Normaliser> = new Map([
  ['accept-encoding', new Normaliser(normaliseCodings)],
  ['accept-language', new Normaliser(normalisePreferences)],
  ['accept-charset', new Normaliser(normalisePreferences)],
])

/** Letter case and white space mean nothing in ranges of languages and charsets (RFC 9110 §12.5); their order may. */
function normalisePreferences(value: string): string {
  const members = value.toLowerCase().split(',')
  return members.map((member) => member.split(';').map(trimWhitespace).join(';')).join(',')
}

/**
 * The sorted set of codings that may be sent (RFC 9110 §12.5.3), and `identity;q=0` if plain may not: in
 * this much every coding that was chosen for one request suits the other. A coding unknown to us stays by
 * its name, for the handler may know it. A value that breaks the grammar is read differently by everyone:
 * it stays as it is.
 */
function normaliseCodings(value: string): string {
  const accepted = readCodings(value)
  if (accepted === undefined) return `?${value}`
  const wildcard = accepted.get('*')
  if (wildcard === true) {
    for (const coding of knownCodings) if (!accepted.has(coding)) accepted.set(coding, true)
  }
  const members: string[] = []
  for (const [coding, isAccepted] of accepted) {
    if (coding === 'identity') continue
    if (isAccepted) members.push(coding)
    else if (wildcard === true && !knownCodings.includes(coding)) members.push(`${coding};q=0`)
  }
  if (!(accepted.get('identity') ?? wildcard ?? true)) members.push('identity;q=0')
  return members.sort().join(',')
}

/**
 * Each coding and whether it is acceptable; undefined if any member is not well-formed or contradicts
 * another.
 */
function readCodings(value: string): Map<string, boolean> | undefined {
  const accepted = new Map<string, boolean>()
  for (const member of value.split(',').map(trimWhitespace)) {
    if (member === '') continue
    const [name = '', weight = 'q=1', ...rest] = member.split(';').map(trimWhitespace)
    const isToken = name !== '' && endOfToken(name, 0) === name.length
    if (!isToken || !qvalue.test(weight) || rest.length > 0) return undefined
    const coding = canonicalCoding(name.toLowerCase())
    const isAccepted = !zeroQvalue.test(weight)
    if ((accepted.get(coding) ?? isAccepted) !== isAccepted) return undefined
    accepted.set(coding, isAccepted)
  }
  return accepted
}

/** RFC 9110 §8.4.1.3: `x-gzip` is `gzip`. */
function canonicalCoding(coding: string): string {
  return coding === 'x-gzip' ? 'gzip' : coding
}
