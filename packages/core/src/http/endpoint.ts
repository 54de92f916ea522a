import { CacheError } from '../cache/errors.ts'
import { checkOptionNames } from '../cache/option-names.ts'
import type { BearerOptions } from './bearer.ts'
import { bearerCheck } from './bearer.ts'
import type { EndpointInvalidation } from './endpoint-input.ts'
import { fromBody, fromQuery, InputError, webhookTags } from './endpoint-input.ts'
import type { HeaderLines } from './headers.ts'
import { headerValue } from './headers.ts'
import { isJsonMediaType } from './media-type.ts'

/** What the endpoint needs of a cache. */
export interface EndpointCache {
  now(): number
  /** Validates everything before it applies anything, and then applies it as one. */
  invalidate(request: EndpointInvalidation): Promise<{ readonly reach: 'everywhere' | 'here' }>
}

export interface EndpointOptions extends BearerOptions {
  /**
   * What callers send as `Authorization: Bearer <secret>`, at least 16 characters. Several for rotation:
   * each is accepted. Without one, creation throws.
   */
  readonly secret: string | readonly string[] | undefined
  /** Everyone may invalidate. Only where something in front has authenticated the caller. @default false */
  readonly unauthenticated?: boolean | undefined
  /** Where the adapter mounts the endpoint, if not where it is used; begins with `/`. */
  readonly path?: string | undefined
  /** For senders with their own body and signature. Without it, `/webhook` takes the bearer and tags. */
  readonly webhook?: WebhookOptions | undefined
}

export interface WebhookOptions {
  /**
   * Throws, or returns something falsy but `undefined`, to reject. `true` and `undefined` accept the body as
   * JSON, anything else is the payload.
   */
  verify(request: WebhookRequest): unknown
  /** The tags that a verified payload expires at once; none is fine. */
  tags(payload: unknown): readonly string[]
}

export interface WebhookRequest {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly rawBody: Uint8Array
  readonly now: number
}

export interface EndpointRequest {
  readonly method: string
  /** Below the mount: `''`, `'/'` or `'/webhook'`. */
  readonly path: string
  /** Without the `?`. */
  readonly query: string
  readonly headers: HeaderLines
  readBody(limit: number): Promise<Uint8Array | 'too-large'>
  /** Where a body parser has consumed the body: what it made of it. */
  readonly parsedBody?: unknown
}

export interface EndpointResponse {
  readonly status: number
  readonly headers: HeaderLines
  readonly body: string
}

type Resource = 'revalidate' | 'webhook'

const bodyLimit = 64 * 1024

const allowed: Readonly<Record<Resource, string>> = {
  revalidate: 'GET, HEAD, OPTIONS, POST',
  webhook: 'HEAD, OPTIONS, POST',
}

const commonHeaders: HeaderLines = [
  'Content-Type',
  'application/json; charset=utf-8',
  'Cache-Control',
  'no-store',
  'X-Content-Type-Options',
  'nosniff',
]

/** Which field of the input the cache refuses with which code. */
const refusedFields: ReadonlyMap<unknown, string> = new Map([
  ['ERR_RESTALE_INVALID_TAG', 'tag'],
  ['ERR_RESTALE_INVALID_PATH', 'path'],
  ['ERR_RESTALE_UNKNOWN_PROFILE', 'profile'],
  ['ERR_RESTALE_INVALID_LIFE', 'expire'],
])

/** An answer other than success, on its way to the caller. */
class Refusal extends Error {
  readonly status: number
  readonly code: string | undefined
  readonly headers: HeaderLines

  constructor(status: number, message: string, headers: HeaderLines = [], code?: string) {
    super(message)
    this.status = status
    this.headers = headers
    this.code = code
  }
}

/**
 * The revalidate endpoint, for any framework: `GET` and `POST` at its mount, `POST` at `/webhook` below it.
 * It answers once the invalidation holds. What is no fault of the request, such as a `tags` function that
 * throws, rejects for the framework's error handling to show.
 */
export function createEndpoint(
  cache: EndpointCache,
  options: EndpointOptions,
): (request: EndpointRequest) => Promise<EndpointResponse> {
  checkOptions(options)
  const { webhook } = options
  const isAuthorized = bearerCheck(options)

  async function revalidate(request: EndpointRequest): Promise<EndpointResponse> {
    if (!isAuthorized(request.headers)) throw unauthorized()
    const asked = request.method === 'GET' ? fromQuery(request.query) : fromBody(await readJson(request))
    if (asked === undefined) {
      return reply(200, { revalidated: false, now: wallTime(cache), message: 'Missing tag to revalidate' })
    }
    await apply(cache, asked)
    return reply(200, { revalidated: true, now: wallTime(cache) })
  }

  async function receive(request: EndpointRequest): Promise<EndpointResponse> {
    const tags = await (webhook === undefined
      ? plainTags(request)
      : signedTags(request, webhook, cache.now()))
    if (tags.length > 0) await apply(cache, { tags, profile: { expire: 0 }, paths: [] })
    return reply(200, { ok: true })
  }

  async function plainTags(request: EndpointRequest): Promise<readonly string[]> {
    if (!isAuthorized(request.headers)) throw unauthorized()
    return webhookTags(await readJson(request))
  }

  return async (request) => {
    const resource = resourceAt(request.path)
    if (resource === undefined) return reply(404, { message: 'Not found' })
    const allow = ['Allow', allowed[resource]]
    if (request.method === 'HEAD' || request.method === 'OPTIONS') {
      return { status: 204, headers: [...commonHeaders, ...allow], body: '' }
    }
    try {
      if (!allowed[resource].split(', ').includes(request.method)) {
        throw new Refusal(405, 'Method not allowed', allow)
      }
      return await (resource === 'webhook' ? receive(request) : revalidate(request))
    } catch (error) {
      return refusalReply(resource, error)
    }
  }
}

function checkOptions(options: EndpointOptions): void {
  checkOptionNames('revalidateEndpoint: options', options, ['secret', 'unauthenticated', 'path', 'webhook'])
  const { path, webhook } = options
  if (path !== undefined && (typeof path !== 'string' || !path.startsWith('/'))) {
    throw new CacheError('ERR_RESTALE_INVALID_OPTION', "The revalidate endpoint's path must begin with `/`")
  }
  if (webhook === undefined) return
  if (typeof webhook?.verify !== 'function' || typeof webhook.tags !== 'function') {
    throw new CacheError('ERR_RESTALE_INVALID_OPTION', '`webhook` needs two functions: `verify` and `tags`')
  }
}

function resourceAt(path: string): Resource | undefined {
  if (path === '' || path === '/') return 'revalidate'
  return path === '/webhook' || path === '/webhook/' ? 'webhook' : undefined
}

async function apply(cache: EndpointCache, asked: EndpointInvalidation): Promise<void> {
  const { reach } = await cache.invalidate(asked)
  if (reach === 'everywhere') return
  throw new Refusal(
    503,
    'In force on this node only: the shared ledger cannot be reached. It is sent there as soon as it can be',
  )
}

async function readJson(request: EndpointRequest): Promise<unknown> {
  requireJson(request)
  const { parsedBody, headers } = request
  if (Number(headerValue(headers, 'content-length') ?? 0) > bodyLimit) throw tooLarge()
  if (parsedBody !== undefined && !(parsedBody instanceof Uint8Array)) return parsedBody
  return parseJson(await readBytes(request))
}

function tooLarge(): Refusal {
  return new Refusal(413, `body: is larger than ${bodyLimit} bytes`)
}

/** RFC 9110 §15.5.16. What a parser above has consumed it has also decoded. */
function requireJson({ headers, parsedBody }: EndpointRequest): void {
  if (!isJsonMediaType(headerValue(headers, 'content-type') ?? '')) {
    throw new Refusal(415, 'Content-Type: must be application/json')
  }
  const coding = headerValue(headers, 'content-encoding')
  if (parsedBody === undefined && coding !== undefined && coding.toLowerCase() !== 'identity') {
    throw new Refusal(415, 'Content-Encoding: send the body as it is')
  }
}

/** The body's bytes; from `express.raw()` and the like, they come as the parsed body. */
async function readBytes(request: EndpointRequest): Promise<Uint8Array> {
  const { parsedBody } = request
  const bytes = parsedBody instanceof Uint8Array ? parsedBody : await request.readBody(bodyLimit)
  if (bytes === 'too-large' || bytes.byteLength > bodyLimit) {
    throw tooLarge()
  }
  return bytes
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new InputError('body: is not valid JSON')
  }
}

async function signedTags(
  request: EndpointRequest,
  webhook: WebhookOptions,
  now: number,
): Promise<readonly string[]> {
  const { parsedBody } = request
  if (parsedBody !== undefined && !(parsedBody instanceof Uint8Array)) throw rawBodyRequired()
  const rawBody = await readBytes(request)
  const verdict = await verdictOf(webhook, { headers: headerRecord(request.headers), rawBody, now })
  if (verdict !== undefined && !verdict) throw unauthorized()
  if (verdict !== undefined && verdict !== true) return checkTags(webhook.tags(verdict))
  requireJson(request)
  return checkTags(webhook.tags(parseJson(rawBody)))
}

/** A `verify` that throws has rejected, whatever it threw: in doubt the door is shut. */
async function verdictOf(webhook: WebhookOptions, request: WebhookRequest): Promise<unknown> {
  try {
    return await webhook.verify(request)
  } catch {
    return false
  }
}

function checkTags(tags: readonly string[]): readonly string[] {
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags
  throw new CacheError('ERR_RESTALE_INVALID_ARGUMENT', '`webhook.tags` must return an array of strings')
}

/** Each field once, its lines joined (RFC 9110 §5.3). No prototype: a header can be called `constructor`. */
function headerRecord(lines: HeaderLines): Record<string, string> {
  const record: Record<string, string> = Object.create(null)
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] as string).toLowerCase()
    const before = record[name]
    record[name] = before === undefined ? (lines[at + 1] as string) : `${before}, ${lines[at + 1]}`
  }
  return record
}

function wallTime(cache: EndpointCache): number {
  return Math.floor(cache.now())
}

/** The same for a missing and a wrong secret, and for a refused signature. */
function unauthorized(): Refusal {
  return new Refusal(401, 'Unauthorized', ['WWW-Authenticate', 'Bearer'])
}

function rawBodyRequired(): Refusal {
  const message =
    'A body parser has consumed the body, whose bytes are needed to verify the signature: ' +
    'mount the revalidate endpoint above the body parser'
  return new Refusal(500, message, [], 'ERR_RESTALE_RAW_BODY_REQUIRED')
}

function refusalReply(resource: Resource, error: unknown): EndpointResponse {
  const { status, message, code, headers } = refusalOf(error)
  const outcome = resource === 'webhook' ? { ok: false } : { revalidated: false }
  return reply(status, { ...outcome, code, message }, headers)
}

/** A 400 for what the input or the cache finds wrong with the request; throws what is not about it. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof InputError) return new Refusal(400, error.message)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const field = refusedFields.get(code)
  if (field === undefined) throw error
  return new Refusal(400, `${field}: ${(error as Error).message}`, [], String(code))
}

function reply(status: number, body: object, headers: HeaderLines = []): EndpointResponse {
  return { status, headers: [...commonHeaders, ...headers], body: JSON.stringify(body) }
}
