import {
  comma,
  doubleQuote,
  endOfQuoted,
  endOfToken,
  equalsSign,
  isTokenCode,
  isWhitespaceCode,
  skipWhitespace,
  unquote,
} from './syntax.ts'

/** What a response's `Cache-Control` says, in seconds (RFC 9111 §5.2.2, RFC 5861, RFC 8246). */
export interface CacheControl {
  readonly noStore: boolean
  /** Also for `no-cache="field"`: we do not keep apart which fields it means (RFC 9111 §5.2.2.4). */
  readonly noCache: boolean
  /** Also for `private="field"` (RFC 9111 §5.2.2.7). */
  readonly isPrivate: boolean
  readonly isPublic: boolean
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly noTransform: boolean
  readonly immutable: boolean
  readonly maxAge: number | undefined
  readonly sMaxage: number | undefined
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
}

type Draft = { -readonly [Field in keyof CacheControl]: CacheControl[Field] }
type Seconds = 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError'
type Flag = Exclude<keyof CacheControl, Seconds>

interface Directive {
  readonly name: string
  readonly argument: string | undefined
  /** Alone between its commas. Junk beside it makes it count only as far as it restricts. */
  readonly isClean: boolean
}

const restrictions: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['no-store', 'noStore'],
  ['no-cache', 'noCache'],
  ['private', 'isPrivate'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['no-transform', 'noTransform'],
])

const permissions: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['public', 'isPublic'],
  // lifts `no-store` (RFC 9111 §5.2.2.3)
  ['must-understand', 'mustUnderstand'],
  ['immutable', 'immutable'],
])

const durations: ReadonlyMap<string, Seconds> = new Map<string, Seconds>([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError'],
])

/** RFC 9111 §1.2.2: what a number too large to hold counts as. */
const largestDelta = 2 ** 31

/**
 * Reads all `Cache-Control` lines of a response. Where they contradict each other or break the grammar, the
 * most restrictive reading holds: the shortest duration, every restriction, no permission (RFC 9111 §4.2.1).
 */
export function parseCacheControl(values: readonly string[]): CacheControl {
  const found: Draft = {
    noStore: false,
    noCache: false,
    isPrivate: false,
    isPublic: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    immutable: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  }
  for (const directive of tokenize(values.join(', '))) apply(directive, found)
  return found
}

function apply({ name, argument, isClean }: Directive, found: Draft): void {
  const restriction = restrictions.get(name)
  if (restriction !== undefined) found[restriction] = true

  const permission = permissions.get(name)
  if (permission !== undefined && isClean && argument === undefined) found[permission] = true

  const duration = durations.get(name)
  if (duration !== undefined) {
    const seconds = isClean ? deltaSeconds(argument) : 0
    found[duration] = Math.min(found[duration] ?? seconds, seconds)
  }
}

/** `delta-seconds` of RFC 9111 §1.2.2. Anything else than digits is 0: stale at once. */
function deltaSeconds(argument = ''): number {
  let seconds = 0
  for (let at = 0; at < argument.length; at++) {
    const digit = argument.charCodeAt(at) - 0x30
    if (digit < 0 || digit > 9) return 0
    seconds = Math.min(seconds * 10 + digit, largestDelta)
  }
  return seconds
}

/**
 * The directives of a field value, in one pass. What stands in a quoted string never becomes a directive. A
 * missing comma (`private no-store`, `no-cache; private`) does not hide what follows it.
 */
function tokenize(text: string): Directive[] {
  const directives: Directive[] = []
  let at = 0
  let isClean = true
  // After one quote that never closes no other can open, or a run of them would cost quadratic time.
  let canQuote = true

  function take(end: number): string {
    const taken = text.slice(at, end)
    at = end
    return taken
  }

  function quotedEnd(): number {
    const end = canQuote ? endOfQuoted(text, at) : -1
    canQuote = end !== -1
    return end
  }

  function readArgument(): string | undefined {
    if (text.charCodeAt(at) !== doubleQuote) return take(endOfToken(text, at))
    const end = quotedEnd()
    return end === -1 ? undefined : unquote(take(end))
  }

  function readDirective(): Directive {
    const name = take(endOfToken(text, at)).toLowerCase()
    let argument: string | undefined
    if (text.charCodeAt(at) === equalsSign) {
      at++
      argument = readArgument()
    }
    at = skipWhitespace(text, at)
    isClean = isClean && (at === text.length || text.charCodeAt(at) === comma)
    return { name, argument, isClean }
  }

  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (isTokenCode(code)) {
      directives.push(readDirective())
    } else if (code === comma) {
      isClean = true
      at++
    } else if (isWhitespaceCode(code)) {
      at++
    } else {
      isClean = false
      const end = code === doubleQuote ? quotedEnd() : -1
      at = end === -1 ? at + 1 : end
    }
  }
  return directives
}
