import type { ServerResponse } from 'node:http'

/** The headers that are set on a response, line by line, in the spelling and order in which they were set. */
export function headerLines(response: ServerResponse): string[] {
  const lines: string[] = []
  // Every outgoing message of Node has it, its types give it to the client's alone.
  const { getRawHeaderNames } = response as unknown as { getRawHeaderNames(): string[] }
  for (const name of getRawHeaderNames.call(response)) {
    const value = response.getHeader(name)
    for (const line of Array.isArray(value) ? value : [value]) lines.push(name, String(line))
  }
  return lines
}

/** Sets lines of a flat list: the first of a name replaces what stands there, more of it are added. */
export function setLines(response: ServerResponse, lines: readonly string[]): void {
  const seen = new Set<string>()
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] as string
    const value = lines[index + 1] as string
    const lowerName = name.toLowerCase()
    if (seen.has(lowerName)) response.appendHeader(name, value)
    else response.setHeader(name, value)
    seen.add(lowerName)
  }
}

type WriteHeadHeaders = Record<string, number | string | readonly string[] | undefined> | readonly unknown[]

/** What was given to `writeHead` alone never reaches `getHeaders()`: set it as headers instead. */
export function setWriteHeadHeaders(response: ServerResponse, headers: WriteHeadHeaders | undefined): void {
  if (headers === undefined || headers === null) return
  setLines(
    response,
    Array.isArray(headers) ? flatLines(headers) : objectLines(headers as Record<string, unknown>),
  )
}

function objectLines(headers: Record<string, unknown>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => linesOf(name, value))
}

/** `[name, value, …]`, or the pairs that older code gives. */
function flatLines(headers: readonly unknown[]): string[] {
  if (Array.isArray(headers[0])) {
    return (headers as readonly (readonly [string, unknown])[]).flatMap(([name, value]) =>
      linesOf(name, value),
    )
  }
  const lines: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(...linesOf(String(headers[index]), headers[index + 1]))
  }
  return lines
}

function linesOf(name: string, value: unknown): string[] {
  if (value === undefined) return []
  return (Array.isArray(value) ? value : [value]).flatMap((line) => [name, String(line)])
}
