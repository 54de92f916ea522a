import { hash } from 'node:crypto'
import { comma, doubleQuote, isWhitespaceCode, trimWhitespace } from './syntax.ts'

/**
 * An entity tag made from the bytes: their length and their SHA-1. Weak where something outside of us may
 * still change the bytes, as compression does (RFC 9110 §8.8.3).
 */
export function generateEtag(body: Uint8Array, strength: 'weak' | 'strong'): string {
  const length = body.byteLength.toString(16)
  const digest = hash('sha1', body, 'base64url')
  // Joined, it is one string; put together by `+`, it would keep each of its parts. Very many are kept.
  return [strength === 'weak' ? 'W/"' : '"', length, '-', digest, '"'].join('')
}

/** Weak comparison (RFC 9110 §8.8.3.2): equal but for the `W/`. */
export function etagsMatchWeakly(a: string, b: string): boolean {
  return opaqueTag(a) === opaqueTag(b)
}

/**
 * The members of `If-None-Match` (RFC 9110 §13.1.2). An opaque tag holds commas and backslashes as they
 * are, so this is no list of quoted strings. What is no entity tag stays in the list as it came, and
 * matches only itself.
 */
export function parseEtagList(value: string): '*' | string[] {
  const text = trimWhitespace(value)
  if (text === '*') return '*'
  const etags: string[] = []
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === comma || isWhitespaceCode(code)) {
      at++
    } else {
      const end = endOfEtag(text, at)
      etags.push(trimWhitespace(text.slice(at, end)))
      at = end
    }
  }
  return etags
}

function endOfEtag(text: string, start: number): number {
  const open = text.startsWith('W/', start) ? start + 2 : start
  const isQuoted = text.charCodeAt(open) === doubleQuote
  const end = text.indexOf(isQuoted ? '"' : ',', isQuoted ? open + 1 : start)
  if (end === -1) return text.length
  return isQuoted ? end + 1 : end
}

function opaqueTag(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}
