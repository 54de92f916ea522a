import { stringsBytes } from '../cache/size.ts'
import type { HeaderLines } from '../http/headers.ts'
import { connectionNamed, hopByHop, isPerRequestHeader } from '../http/headers.ts'

/** A reply as it is kept. */
export interface Reply extends ReplyHead {
  /** `null` where there is none, for instance after HEAD. */
  readonly body: Uint8Array | null
}

/** A reply without its body. */
export interface ReplyHead {
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderLines
  readonly hasBody: boolean
  readonly url: string
  readonly redirected: boolean
  readonly type: Response['type']
}

/** What everybody may have of a reply: nothing of its connection, no cookies, ids and rates of one exchange. */
export function replyHead(response: Response): ReplyHead {
  const lines = [...response.headers].flat()
  const named = connectionNamed(lines)
  const headers: string[] = []
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] as string
    const isItsOwn = name === 'set-cookie' || isPerRequestHeader(name)
    if (isItsOwn || hopByHop.has(name) || named.has(name)) continue
    headers.push(name, lines[at + 1] as string)
  }
  // A stand-in of a test or of another library may lack some of them.
  const { status, statusText = '', url = '', redirected = false, type = 'default' } = response
  return { status, statusText, headers, hasBody: response.body !== null, url, redirected, type }
}

export function replyBytes({ headers, statusText, url, body }: Reply): number {
  return (body?.byteLength ?? 0) + stringsBytes([...headers, statusText, url])
}

/** A caller's own `Response`. */
export function responseOf({ body, headers, status, statusText, ...origin }: Reply): Response {
  const pairs: [string, string][] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    pairs.push([headers[at] as string, headers[at + 1] as string])
  }
  const init = { status, statusText, headers: pairs }
  return asReceived(new Response(body as Uint8Array<ArrayBuffer> | null, init), origin)
}

/** The same reply, with another body to read. */
export function withBody(response: Response, body: ReadableStream<Uint8Array>): Response {
  const { status, statusText, headers } = response
  return asReceived(new Response(body, { status, statusText, headers }), response)
}

/** A constructed `Response` knows nothing of where it came from. */
function asReceived(response: Response, origin: Pick<ReplyHead, 'url' | 'redirected' | 'type'>): Response {
  const { url, redirected, type } = origin
  const clone = () => asReceived(Response.prototype.clone.call(response), origin)
  return Object.defineProperties(response, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
    clone: { value: clone },
  })
}
