/**
 * The lexical rules that field values share: tokens, quoted strings and optional white space
 * (RFC 9110 §5.6). Everything works on indices into the text, so a parser built on it stays linear.
 */

export const comma = 0x2c
export const equalsSign = 0x3d
export const doubleQuote = 0x22

const backslash = 0x5c
const tokenCodes = new Uint8Array(128)
for (const symbol of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  tokenCodes[symbol.charCodeAt(0)] = 1
}

/** `tchar` of RFC 9110 §5.6.2. */
export function isTokenCode(code: number): boolean {
  return tokenCodes[code] === 1
}

/** `OWS` of RFC 9110 §5.6.3: a space or a tab, nothing that `String.prototype.trim` takes besides. */
export function isWhitespaceCode(code: number): boolean {
  return code === 0x20 || code === 0x09
}

export function endOfToken(text: string, start: number): number {
  let at = start
  while (isTokenCode(text.charCodeAt(at))) at++
  return at
}

export function skipWhitespace(text: string, start: number): number {
  let at = start
  while (isWhitespaceCode(text.charCodeAt(at))) at++
  return at
}

export function trimWhitespace(text: string): string {
  const start = skipWhitespace(text, 0)
  let end = text.length
  while (end > start && isWhitespaceCode(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** The index behind the quoted string that opens at `start`, or -1 if it never closes (RFC 9110 §5.6.4). */
export function endOfQuoted(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === backslash) at++
    else if (code === doubleQuote) return at + 1
  }
  return -1
}

/** What a quoted string says, less its quotes and escapes. */
export function unquote(quoted: string): string {
  const inside = quoted.slice(1, -1)
  return inside.includes('\\') ? inside.replace(/\\([\s\S])/g, '$1') : inside
}
