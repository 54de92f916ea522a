import type { ServerResponse } from 'node:http'
import type { StandingHeaders } from '@restale/core/http'
import { linesOf, setLines } from '@restale/core/http'

/** The headers that are set on a response, line by line, in the spelling and order in which they were set. */
export function headerLines(response: ServerResponse): string[] {
  const lines: string[] = []
  for (const name of namesOf(response)) {
    const value = response.getHeader(name)
    for (const line of Array.isArray(value) ? value : [value]) lines.push(name, String(line))
  }
  return lines
}

/** Those of them that set cookies. */
export function cookieLines(response: ServerResponse): string[] {
  const value = response.getHeader('Set-Cookie')
  return value === undefined ? [] : [value].flat().flatMap((line) => ['Set-Cookie', String(line)])
}

function namesOf(response: ServerResponse): string[] {
  if (isHttp2(response)) return response.getHeaderNames()
  // Every outgoing message of HTTP/1 has it, Node's types give it to the client's alone.
  return (response as unknown as { getRawHeaderNames(): string[] }).getRawHeaderNames()
}

/** A response of HTTP/2 in the clothes of HTTP/1: its names are lower-case, and `writeHead` takes no flat list. */
export function isHttp2(response: ServerResponse): boolean {
  return !('getRawHeaderNames' in response)
}

/** As the headers of a response stand before it goes out. */
export function standingHeaders(response: ServerResponse): StandingHeaders {
  return new ResponseHeaders(response)
}

class ResponseHeaders implements StandingHeaders {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get(name: string): string | null {
    return this.#response.getHeader(name)?.toString() ?? null
  }

  set(name: string, value: string): void {
    this.#response.setHeader(name, value)
  }

  append(name: string, value: string): void {
    const standing = this.#response.getHeader(name)
    // Node adds to the very list that it was given, and that may be given again with the next response.
    if (Array.isArray(standing)) this.#response.setHeader(name, [...standing, value])
    else this.#response.appendHeader(name, value)
  }

  delete(name: string): void {
    this.#response.removeHeader(name)
  }
}

type WriteHeadHeaders = Record<string, number | string | readonly string[] | undefined> | readonly unknown[]

/** What was given to `writeHead` alone never reaches `getHeaders()`: set it as headers instead. */
export function setWriteHeadHeaders(response: ServerResponse, headers: WriteHeadHeaders | undefined): void {
  if (headers === undefined || headers === null) return
  const lines = Array.isArray(headers) ? flatLines(headers) : linesOf(headers as Record<string, unknown>)
  setLines(standingHeaders(response), lines)
}

/** `[name, value, …]`, or the pairs that older code gives. */
function flatLines(headers: readonly unknown[]): string[] {
  if (Array.isArray(headers[0])) {
    return (headers as readonly (readonly [string, unknown])[]).flatMap(([name, value]) =>
      linesOf({ [name]: value }),
    )
  }
  const lines: string[] = []
  for (let index = 0; index + 1 < headers.length; index += 2) {
    lines.push(...linesOf({ [String(headers[index])]: headers[index + 1] }))
  }
  return lines
}
