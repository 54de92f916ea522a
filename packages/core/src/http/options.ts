import type { LifeInput, RegisteredProfile } from '../cache/cache.ts'
import type { Engine } from '../cache/engine.ts'
import { CacheError } from '../cache/errors.ts'
import { checkOptionNames } from '../cache/option-names.ts'
import { describeValue } from '../state/describe.ts'
import type { Profile } from '../state/life.ts'
import { tagProblem } from '../state/tag.ts'
import { keyStarts } from './key.ts'

/** What of the request, beside method, scheme, host and path, the response depends on. */
export interface KeyOptions {
  /**
   * Query parameters that make a difference. Those that do not are taken out of the URL that the handler
   * sees, so that they cannot make one. @default 'all'
   */
  readonly query?: 'all' | readonly string[] | { readonly ignore: readonly string[] } | undefined
  /** Request headers that make a difference, by name. @default none */
  readonly headers?: readonly string[] | undefined
  /** Cookies that make a difference, by name. Requests with others still pass. @default none */
  readonly cookies?: readonly string[] | undefined
  /** `false`: all hosts share their entries. @default true */
  readonly host?: boolean | undefined
}

/** Options of a mount or of one route. Giving `life` or `tags` opts its responses in. */
export interface ResponseCacheOptions<Request = unknown, P extends string = RegisteredProfile> {
  /** A profile name or fields in seconds. @default the profile `default`, if `tags` opts in */
  readonly life?: LifeInput<P> | undefined
  /** Tags of each response, beside those of what it is made from. */
  readonly tags?: readonly string[] | ((request: Request) => readonly string[]) | undefined
  /**
   * What opts a response in beside that. `headers`: whatever RFC 9111 §3 lets a shared cache store; how long it is
   * fresh is read from its fields, and what can only be validated is kept to be. @default 'route': `s-maxage` alone
   */
  readonly optIn?: 'route' | 'headers' | undefined
  /** Statuses that are stored; `any`: each final one but 206, 304, 412 and 416. @default [200] */
  readonly statuses?: readonly number[] | 'any' | undefined
  /**
   * With `optIn: 'headers'`, what has no explicit life is fresh for a tenth of the time since its `Last-Modified`, a
   * day at most (RFC 9111 §4.2.2). @default false
   */
  readonly heuristics?: boolean | undefined
  /**
   * Names of fields like `CDN-Cache-Control` that are for caches like this one: the first that is there and valid
   * decides alone, in the place of `Cache-Control` and `Expires` (RFC 9213). @default []
   */
  readonly targetedFields?: readonly string[] | undefined
  /**
   * Whether clients may ask for less, or for older, than is stored, by `Cache-Control` or `Pragma` of their requests
   * (RFC 9111 §5.2.1, §5.4). It lets any of them go past the cache. @default false
   */
  readonly requestDirectives?: boolean | undefined
  /**
   * Whether a response that lives by its header stands in, stale, for one that fails (thrown, 500, 502, 503, 504)
   * where nothing forbids it (RFC 9111 §4.2.4). @default false: only as long as `stale-if-error` says
   */
  readonly staleOnError?: boolean | undefined
  /**
   * `ignore`: requests with cookies are answered from the cache, and fill it. Right only where no handler
   * below looks at them. @default 'pass': they go past the cache
   */
  readonly cookies?: 'pass' | 'ignore' | undefined
  /** `true`: also responses to authenticated requests are everybody's. @default false */
  readonly shared?: boolean | undefined
  /** `store`: cookies set below the cache are stored and sent to everybody (RFC 9111 §7.3). @default 'refuse' */
  readonly setCookie?: 'refuse' | 'store' | undefined
  /** Cookies set below the cache that may be left out of the stored response. Any other refuses storage. @default [] */
  readonly outerCookies?: readonly string[] | undefined
  /** `store`: also fields below the cache that tell of one request only: its id, trace, rate limit. @default 'strip' */
  readonly perRequestFields?: 'strip' | 'store' | undefined
  /**
   * `invalidate`: what succeeds by an unsafe method here expires what is stored of its URL, and of those of the same
   * origin in its `Location` and `Content-Location` (RFC 9111 §4.4). @default 'invalidate'
   */
  readonly unsafeMethods?: 'invalidate' | 'ignore' | undefined
  /**
   * `Cache-Groups` (RFC 9875), `Cache-Tag`, `Surrogate-Key` and `Edge-Cache-Tag` of a response are its tags, and
   * `Cache-Group-Invalidation` is obeyed. `strip`: all but `Cache-Groups` are taken out on the way to the client.
   * `ignore`: they mean nothing here. @default 'keep'
   */
  readonly tagFields?: 'keep' | 'strip' | 'ignore' | undefined
  /**
   * Who is told how long a response lives, if it does so by options or calls: browsers, by `Cache-Control`, its `stale`;
   * CDNs, by `CDN-Cache-Control` (RFC 9213), all of it. What lies there cannot be invalidated from here. @default []
   */
  readonly downstream?: readonly ('browser' | 'cdn')[] | undefined
  /** Requests for which it gives `true` go past the cache. */
  readonly skip?: ((request: Request) => boolean) | undefined
  readonly key?: KeyOptions | undefined
  /** Mounts of one name share their entries. @default a name of its own, by order of creation */
  readonly name?: string | undefined
}

/** Options with defaults applied, checked once. */
export interface ResolvedOptions<Request> {
  readonly isOptedIn: boolean
  readonly life: Profile | undefined
  readonly tags: readonly string[] | ((request: Request) => readonly string[])
  /** The response's own fields opt it in and give it its life. */
  readonly isByHeaders: boolean
  readonly statuses: ReadonlySet<number> | 'any'
  readonly hasHeuristics: boolean
  readonly targetedFields: readonly string[]
  readonly obeysRequests: boolean
  readonly isStaleOnError: boolean
  readonly ignoresCookies: boolean
  readonly isShared: boolean
  readonly storesCookies: boolean
  readonly storesPerRequest: boolean
  readonly isInvalidating: boolean
  readonly tagFields: 'keep' | 'strip' | 'ignore'
  readonly tellsBrowsers: boolean
  readonly tellsCdns: boolean
  readonly outerCookies: readonly string[]
  readonly skip: ((request: Request) => boolean) | undefined
  readonly query: NonNullable<KeyOptions['query']>
  readonly keyHeaders: readonly string[]
  readonly keyCookies: readonly string[]
  readonly isByHost: boolean
  readonly name: string
  readonly keyStart: (scheme: string, authority: string) => string
}

const optionNames = [
  'life',
  'tags',
  'optIn',
  'statuses',
  'heuristics',
  'targetedFields',
  'requestDirectives',
  'staleOnError',
  'cookies',
  'shared',
  'setCookie',
  'outerCookies',
  'perRequestFields',
  'unsafeMethods',
  'tagFields',
  'downstream',
  'skip',
  'key',
  'name',
] as const satisfies readonly (keyof ResponseCacheOptions)[]

/** @throws CacheError `ERR_RESTALE_INVALID_OPTION`, `ERR_RESTALE_INVALID_TAG` and what `cacheLife` throws */
export function resolveOptions<Request>(
  engine: Engine,
  options: ResponseCacheOptions<Request, string>,
): ResolvedOptions<Request> {
  checkOptions(options)
  const { key = {}, name = engine.nextMountName() } = options
  return {
    isOptedIn: options.life !== undefined || options.tags !== undefined,
    life: options.life === undefined ? undefined : engine.profiles.fields(options.life),
    tags: checkedTags(options.tags ?? []),
    isByHeaders: options.optIn === 'headers',
    statuses: options.statuses === 'any' ? 'any' : new Set(options.statuses ?? [200]),
    hasHeuristics: options.heuristics === true,
    targetedFields: (options.targetedFields ?? []).map((name) => name.toLowerCase()),
    obeysRequests: options.requestDirectives === true,
    isStaleOnError: options.staleOnError === true,
    storesCookies: options.setCookie === 'store',
    storesPerRequest: options.perRequestFields === 'store',
    isInvalidating: options.unsafeMethods !== 'ignore',
    tagFields: options.tagFields ?? 'keep',
    tellsBrowsers: options.downstream?.includes('browser') === true,
    tellsCdns: options.downstream?.includes('cdn') === true,
    ignoresCookies: options.cookies === 'ignore',
    isShared: options.shared === true,
    outerCookies: options.outerCookies ?? [],
    skip: options.skip,
    query: key.query ?? 'all',
    keyHeaders: (key.headers ?? []).map((name) => name.toLowerCase()),
    keyCookies: key.cookies ?? [],
    isByHost: key.host !== false,
    name,
    keyStart: keyStarts(engine.version, name),
  }
}

const choices = {
  optIn: ['route', 'headers'],
  cookies: ['pass', 'ignore'],
  setCookie: ['refuse', 'store'],
  perRequestFields: ['strip', 'store'],
  unsafeMethods: ['invalidate', 'ignore'],
  tagFields: ['keep', 'strip', 'ignore'],
} as const satisfies { readonly [Name in keyof ResponseCacheOptions]?: readonly ResponseCacheOptions[Name][] }

const switches = [
  'heuristics',
  'requestDirectives',
  'staleOnError',
  'shared',
] as const satisfies readonly (keyof ResponseCacheOptions)[]

const downstreams: readonly unknown[] = ['browser', 'cdn']

function checkOptions(options: ResponseCacheOptions<never, string>): void {
  checkOptionNames('responseCache: options', options, optionNames)
  checkChoices(options)
  const { statuses, targetedFields, outerCookies, downstream, skip, key, name } = options
  if (statuses !== undefined && statuses !== 'any' && !isListOf(statuses, isFinalStatus))
    throw invalid('statuses', '"any" or a list of final statuses other than 206 and 304', statuses)
  if (targetedFields !== undefined && !isListOf(targetedFields, isName))
    throw invalid('targetedFields', 'a list of header names', targetedFields)
  if (outerCookies !== undefined && !isListOf(outerCookies, isName))
    throw invalid('outerCookies', 'a list of cookie names', outerCookies)
  if (downstream !== undefined && !isListOf(downstream, (member) => downstreams.includes(member)))
    throw invalid('downstream', 'a list of "browser" and "cdn"', downstream)
  if (skip !== undefined && typeof skip !== 'function') throw invalid('skip', 'a function', skip)
  if (name !== undefined && !isName(name)) throw invalid('name', 'a string', name)
  if (key !== undefined) checkKey(key)
}

function checkChoices(options: ResponseCacheOptions<never, string>): void {
  for (const [name, allowed] of Object.entries(choices)) {
    const value: unknown = options[name as keyof typeof choices]
    if (value !== undefined && !(allowed as readonly unknown[]).includes(value))
      throw invalid(name, allowed.map((choice) => `"${choice}"`).join(' or '), value)
  }
  for (const name of switches) {
    const value = options[name]
    if (value !== undefined && typeof value !== 'boolean') throw invalid(name, 'true or false', value)
  }
}

function checkKey(key: KeyOptions): void {
  checkOptionNames('responseCache: key', key, ['query', 'headers', 'cookies', 'host'])
  const { query, headers, cookies, host } = key
  if (query !== undefined && !isQuery(query))
    throw invalid('key.query', '"all", a list of names or { ignore: [names] }', query)
  if (headers !== undefined && !isListOf(headers, isName))
    throw invalid('key.headers', 'a list of header names', headers)
  if (cookies !== undefined && !isListOf(cookies, isName))
    throw invalid('key.cookies', 'a list of cookie names', cookies)
  if (host !== undefined && typeof host !== 'boolean') throw invalid('key.host', 'true or false', host)
}

function checkedTags<T extends readonly string[] | ((request: never) => readonly string[])>(tags: T): T {
  if (typeof tags === 'function') return tags
  if (!Array.isArray(tags)) throw invalid('tags', 'a list of strings or a function that gives one', tags)
  for (const tag of tags) {
    const problem = tagProblem(tag)
    if (problem !== undefined) throw new CacheError('ERR_RESTALE_INVALID_TAG', `responseCache: ${problem}.`)
  }
  return tags
}

function isQuery(query: unknown): boolean {
  if (query === 'all' || isListOf(query, isName)) return true
  return (
    typeof query === 'object' && query !== null && isListOf((query as { ignore?: unknown }).ignore, isName)
  )
}

function isListOf(list: unknown, isMember: (member: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(isMember)
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}

/** 206 and 304 are only parts of a response, or none. */
function isFinalStatus(status: unknown): boolean {
  return (
    Number.isInteger(status) &&
    (status as number) >= 200 &&
    (status as number) <= 599 &&
    status !== 206 &&
    status !== 304
  )
}

function invalid(name: string, expected: string, value: unknown): CacheError {
  const shown = typeof value === 'string' ? `"${value}"` : describeValue(value)
  return new CacheError(
    'ERR_RESTALE_INVALID_OPTION',
    `responseCache: ${name === '' ? 'the options' : `option ${name}`} must be ${expected}, got ${shown}.`,
  )
}
