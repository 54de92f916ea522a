import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'

/** Longer ones are what clients have made up, mostly: they are not to fill what all processes share. */
const longest = 256

/**
 * A text that every store can keep and give back: well-formed Unicode, and not long. Another one is known by its SHA-256,
 * wherever it is named. Tags are portable as they are.
 */
export function portable(text: string): string {
  if (text.length <= longest && isWellFormed(text)) return text
  return `#${createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('base64url')}`
}

/** As `String.prototype.isWellFormed`, which the types of ES2023 do not have. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text)
}
