import type { LifeInput, RegisteredProfile } from '../cache/cache.ts'
import type { Engine } from '../cache/engine.ts'
import { CacheError } from '../cache/errors.ts'
import { checkOptionNames } from '../cache/option-names.ts'
import { describeValue } from '../state/describe.ts'
import type { Profile } from '../state/life.ts'
import { tagProblem } from '../state/tag.ts'

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
  /** Statuses that are stored. @default [200] */
  readonly statuses?: readonly number[] | undefined
  /**
   * `ignore`: requests with cookies are answered from the cache, and fill it. Right only where no handler
   * below looks at them. @default 'pass': they go past the cache
   */
  readonly cookies?: 'pass' | 'ignore' | undefined
  /** `true`: also responses to authenticated requests are everybody's. @default false */
  readonly shared?: boolean | undefined
  /** Cookies set below the cache that may be left out of the stored response. Any other refuses storage. @default [] */
  readonly outerCookies?: readonly string[] | undefined
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
  readonly statuses: ReadonlySet<number>
  readonly ignoresCookies: boolean
  readonly isShared: boolean
  readonly outerCookies: readonly string[]
  readonly skip: ((request: Request) => boolean) | undefined
  readonly query: NonNullable<KeyOptions['query']>
  readonly keyHeaders: readonly string[]
  readonly keyCookies: readonly string[]
  readonly isByHost: boolean
  readonly name: string
}

const optionNames = [
  'life',
  'tags',
  'statuses',
  'cookies',
  'shared',
  'outerCookies',
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
  const { key = {} } = options
  return {
    isOptedIn: options.life !== undefined || options.tags !== undefined,
    life: options.life === undefined ? undefined : engine.profiles.fields(options.life),
    tags: checkedTags(options.tags ?? []),
    statuses: new Set(options.statuses ?? [200]),
    ignoresCookies: options.cookies === 'ignore',
    isShared: options.shared === true,
    outerCookies: options.outerCookies ?? [],
    skip: options.skip,
    query: key.query ?? 'all',
    keyHeaders: (key.headers ?? []).map((name) => name.toLowerCase()),
    keyCookies: key.cookies ?? [],
    isByHost: key.host !== false,
    name: options.name ?? engine.nextMountName(),
  }
}

function checkOptions(options: ResponseCacheOptions<never, string>): void {
  checkOptionNames('responseCache: options', options, optionNames)
  const { statuses, cookies, shared, outerCookies, skip, key, name } = options
  if (statuses !== undefined && !isListOf(statuses, isFinalStatus))
    throw invalid('statuses', 'a list of final statuses other than 206 and 304', statuses)
  if (cookies !== undefined && cookies !== 'pass' && cookies !== 'ignore')
    throw invalid('cookies', '"pass" or "ignore"', cookies)
  if (shared !== undefined && typeof shared !== 'boolean') throw invalid('shared', 'true or false', shared)
  if (outerCookies !== undefined && !isListOf(outerCookies, isName))
    throw invalid('outerCookies', 'a list of cookie names', outerCookies)
  if (skip !== undefined && typeof skip !== 'function') throw invalid('skip', 'a function', skip)
  if (name !== undefined && !isName(name)) throw invalid('name', 'a string', name)
  if (key !== undefined) checkKey(key)
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
