import { doubleQuote, endOfQuoted, endOfToken, skipWhitespace, unquote } from './syntax.ts'

interface MediaType {
  /** `type/subtype`, lower-case. */
  readonly essence: string
  /** Lower-case names, each with its value, in order. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
}

/** Reads a media type (RFC 9110 §8.3.1); undefined if it breaks the grammar. */
export function parseMediaType(value: string): MediaType | undefined {
  const slash = endOfToken(value, 0)
  const end = endOfToken(value, slash + 1)
  if (slash === 0 || value[slash] !== '/' || end === slash + 1) return undefined
  const parameters = readParameters(value, end)
  return parameters && { essence: value.slice(0, end).toLowerCase(), parameters }
}

/** JSON, or a format written in it (RFC 6839 §3.1), in UTF-8 as JSON always is (RFC 8259 §8.1). */
export function isJsonMediaType(value: string): boolean {
  const mediaType = parseMediaType(value)
  if (mediaType === undefined) return false
  const { essence, parameters } = mediaType
  if (essence !== 'application/json' && !essence.endsWith('+json')) return false
  return parameters.every(([name, charset]) => name !== 'charset' || isUtf8(charset.toLowerCase()))
}

function isUtf8(charset: string): boolean {
  return charset === 'utf-8' || charset === 'utf8'
}

/** `*( OWS ";" OWS [ parameter ] )` of RFC 9110 §5.6.6. */
function readParameters(value: string, start: number): [name: string, value: string][] | undefined {
  const parameters: [string, string][] = []
  let at = skipWhitespace(value, start)
  while (at < value.length) {
    if (value[at] !== ';') return undefined
    const nameStart = skipWhitespace(value, at + 1)
    at = nameStart
    if (nameStart === value.length || value[nameStart] === ';') continue

    const nameEnd = endOfToken(value, nameStart)
    const valueStart = nameEnd + 1
    const isQuoted = value.charCodeAt(valueStart) === doubleQuote
    const valueEnd = isQuoted ? endOfQuoted(value, valueStart) : endOfToken(value, valueStart)
    if (nameEnd === nameStart || value[nameEnd] !== '=' || valueEnd <= valueStart) return undefined

    const text = value.slice(valueStart, valueEnd)
    parameters.push([value.slice(nameStart, nameEnd).toLowerCase(), isQuoted ? unquote(text) : text])
    at = skipWhitespace(value, valueEnd)
  }
  return parameters
}
