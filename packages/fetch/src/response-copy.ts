/** These have no body (Fetch §2.2.3), and none may be given. */
export const nullBodyStatuses: ReadonlySet<number> = new Set([204, 205, 304])

type PlainBody = string | Uint8Array<ArrayBuffer>

/** Why a response can only go out as the very object that it is, if so. */
export function whyAsItIs(response: Response): string | undefined {
  if (response.status < 200) return `The status ${response.status} is none of a whole response`
  if (response.headers.has('x-hono-already-sent')) return 'The response was sent past the handler'
  const isUsable = isPlain(response) || !isBodyTaken(response)
  return isUsable ? undefined : 'The body of the response has been read already'
}

/**
 * The same response, with headers of its own: a handler may give one object again and again, so it is nobody's to
 * change. Undefined where only the object itself can go out.
 */
export function copyOf(response: Response): Response | undefined {
  if (whyAsItIs(response) !== undefined) return undefined
  try {
    return new Response(bodyOf(response), initOf(response))
  } catch {
    return undefined
  }
}

/** One whose body may be taken: a copy where it is plain or none, so that its handler can give it again. */
export function ownBodied(response: Response): Response {
  return isPlain(response) ? new Response(bodyOf(response), initOf(response)) : response
}

function isPlain(response: Response): boolean {
  return nullBodyStatuses.has(response.status) || plainBody(response) !== undefined
}

function bodyOf(response: Response): PlainBody | ReadableStream | null {
  return nullBodyStatuses.has(response.status) ? null : (plainBody(response) ?? response.body)
}

/** One of another class may have its headers taken over instead of copied. */
function initOf(response: Response): ResponseInit {
  if (response instanceof Response) return response
  const { status, statusText, headers } = response
  return { status, statusText, headers: new Headers(headers) }
}

function isBodyTaken({ bodyUsed, body }: Response): boolean {
  return bodyUsed || body?.locked === true
}

/**
 * Hono's server for Node keeps a plain body beside `[status, body, headers]` until somebody asks for a stream of it.
 * Sending one made that way costs a fraction, so it is taken from there, if it looks like that.
 */
function plainBody(response: Response): PlainBody | undefined {
  const key = Object.getOwnPropertySymbols(response).find(({ description }) => description === 'cache')
  const kept: unknown = key && (response as unknown as Record<symbol, unknown>)[key]
  if (!Array.isArray(kept) || kept[0] !== response.status) return undefined
  const body: unknown = kept[1]
  return typeof body === 'string' || body instanceof Uint8Array ? (body as PlainBody) : undefined
}
