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

/** One member of `Cache-Control` (RFC 9111 §5.2). */
export interface Directive {
  /** Lower-case. */
  readonly name: string
  readonly argument: string | undefined
  /** Alone between its commas. Junk beside it makes it count only as far as it restricts. */
  readonly isClean: boolean
}

/** RFC 9111 §1.2.2: what a number too large to hold counts as. */
export const largestDelta = 2 ** 31

/** `delta-seconds` of RFC 9111 §1.2.2. Anything else than digits is 0: stale at once. */
export function deltaSeconds(argument = ''): number {
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
export function directivesOf(text: string): Directive[] {
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
