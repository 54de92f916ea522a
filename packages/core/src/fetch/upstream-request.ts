import { createHash } from 'node:crypto'
import type { HeaderLines } from '../http/headers.ts'
import { isPerRequestHeader } from '../http/headers.ts'
import { encodePart } from '../http/key.ts'

/** A request that can be sent more than once. */
export interface UpstreamRequest {
  readonly url: string
  readonly init: RequestInit
  readonly method: string
  readonly headers: HeaderLines
  readonly key: string
}

/**
 * Reads a request, its body included. Undefined if the body is longer than `maxBytes`: it cannot be kept to tell
 * requests apart, and `request` can still be sent.
 */
export async function upstreamRequest(
  request: Request,
  init: RequestInit,
  { version, maxBytes }: { readonly version: string; readonly maxBytes: number },
): Promise<UpstreamRequest | undefined> {
  const body = request.body === null ? undefined : await readAtMost(request.clone(), maxBytes)
  if (request.body !== null && body === undefined) return undefined
  const { url, method } = request
  const headers = [...request.headers].flat()
  return {
    url,
    method,
    headers,
    init: { ...repeated(request, init), ...(body === undefined ? {} : { body }) },
    key: keyOf(request, headers, body, version),
  }
}

/** What `fetch` is called with: options of its own, such as `dispatcher`, go through. */
export function repeated(request: Request, init: RequestInit): RequestInit {
  const { body: _body, signal: _signal, ...rest } = init
  const { method, headers, mode, redirect, credentials, integrity, keepalive, referrerPolicy } = request
  const own = { method, headers, mode, redirect, credentials, integrity, keepalive, referrerPolicy }
  // 'about:client' is the default, which an init may spell only as an empty one.
  const { referrer } = request
  return referrer === 'about:client' ? { ...rest, ...own } : { ...rest, ...own, referrer }
}

/**
 * What tells of one request only is left out. Injective but for SHA-256, behind which the headers are: keys are
 * seen by whoever hears of events, and credentials are not for them.
 */
function keyOf(
  request: Request,
  headers: HeaderLines,
  body: Uint8Array | undefined,
  version: string,
): string {
  const { method, redirect, credentials, mode, integrity } = request
  const boundary = randomBoundary(request.headers.get('content-type') ?? '')
  const parts = [redirect, credentials, mode, integrity]
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string
    if (!isPerRequestHeader(name)) parts.push(name, segments(headers[at + 1] as string, boundary))
  }
  const hash = createHash('sha256').update(parts.map(encodePart).join(''))
  if (body !== undefined && boundary === undefined) hash.update('body').update(body)
  if (body !== undefined && boundary !== undefined) hash.update('form').update(formText(body, boundary))
  const url = request.url.split('#', 1)[0] as string
  return `r${encodePart(version)}${method} ${url} ${hash.digest('base64url')}`
}

/** A form is given a boundary at random each time it is sent, which is no difference between two requests. */
function randomBoundary(contentType: string): string | undefined {
  return /^multipart\/form-data; boundary=(-+formdata-[\w-]+)$/.exec(contentType)?.[1]
}

function formText(body: Uint8Array, boundary: string): string {
  return segments(Buffer.from(body).toString('latin1'), boundary)
}

/** What stands between the boundaries, so that no text of the form can pass for one. */
function segments(text: string, boundary: string | undefined): string {
  return boundary === undefined ? text : text.split(boundary).map(encodePart).join('')
}

async function readAtMost(copy: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = (copy.body as ReadableStream<Uint8Array>).getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
    bytes += value.byteLength
    if (bytes > maxBytes) {
      // Not awaited: it ends only when what it is a copy of has been read, too.
      reader.cancel().catch(() => {})
      return undefined
    }
    chunks.push(value)
  }
  return new Uint8Array(Buffer.concat(chunks, bytes))
}
