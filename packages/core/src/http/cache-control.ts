import type { Directive } from './directives.ts'
import { deltaSeconds, directivesOf } from './directives.ts'
import { listMembers } from './headers.ts'

/** What a response's `Cache-Control` says, in seconds (RFC 9111 §5.2.2, RFC 5861, RFC 8246). */
export interface CacheControl {
  readonly noStore: boolean
  /** Of the whole response; see `fieldsKeptOut`. */
  readonly noCache: boolean
  /** Of the whole response; see `fieldsKeptOut`. */
  readonly isPrivate: boolean
  /** Lower-case names of the fields to which `no-cache="…"` and `private="…"` are limited (RFC 9111 §5.2.2.4, §5.2.2.7). */
  readonly fieldsKeptOut: readonly string[]
  readonly isPublic: boolean
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly noTransform: boolean
  readonly immutable: boolean
  readonly maxAge: number | undefined
  readonly sMaxage: number | undefined
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
}

export type Draft = { -readonly [Field in keyof CacheControl]: CacheControl[Field] } & {
  fieldsKeptOut: string[]
}
type Seconds = 'maxAge' | 'sMaxage' | 'staleWhileRevalidate' | 'staleIfError'
type Flag = Exclude<keyof CacheControl, Seconds | 'fieldsKeptOut'>

const restrictions: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['no-store', 'noStore'],
  ['no-cache', 'noCache'],
  ['private', 'isPrivate'],
  ['must-revalidate', 'mustRevalidate'],
  ['proxy-revalidate', 'proxyRevalidate'],
  ['no-transform', 'noTransform'],
])

const permissions: ReadonlyMap<string, Flag> = new Map<string, Flag>([
  ['public', 'isPublic'],
  // lifts `no-store` (RFC 9111 §5.2.2.3)
  ['must-understand', 'mustUnderstand'],
  ['immutable', 'immutable'],
])

/** Directives that say something or not, by name. */
export const flags: ReadonlyMap<string, Flag> = new Map([...restrictions, ...permissions])

/** Directives with a number of seconds, by name. */
export const durations: ReadonlyMap<string, Seconds> = new Map<string, Seconds>([
  ['max-age', 'maxAge'],
  ['s-maxage', 'sMaxage'],
  ['stale-while-revalidate', 'staleWhileRevalidate'],
  ['stale-if-error', 'staleIfError'],
])

/**
 * Reads all `Cache-Control` lines of a response. Where they contradict each other or break the grammar, the
 * most restrictive reading holds: the shortest duration, every restriction, no permission (RFC 9111 §4.2.1).
 */
export function parseCacheControl(values: readonly string[]): CacheControl {
  const found = nothingSaid()
  for (const directive of directivesOf(values.join(', '))) apply(directive, found)
  return found
}

/** As of a response without the field; to be filled in. */
export function nothingSaid(): Draft {
  return {
    noStore: false,
    noCache: false,
    isPrivate: false,
    fieldsKeptOut: [],
    isPublic: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    immutable: false,
    maxAge: undefined,
    sMaxage: undefined,
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  }
}

function apply({ name, argument, isClean }: Directive, found: Draft): void {
  const fields = isClean ? limitedTo(name, argument) : []
  const restriction = restrictions.get(name)
  if (fields.length > 0) found.fieldsKeptOut.push(...fields)
  else if (restriction !== undefined) found[restriction] = true

  const permission = permissions.get(name)
  if (permission !== undefined && isClean && argument === undefined) found[permission] = true

  const duration = durations.get(name)
  if (duration !== undefined) {
    const seconds = isClean ? deltaSeconds(argument) : 0
    found[duration] = Math.min(found[duration] ?? seconds, seconds)
  }
}

/** The fields that a directive is limited to, if it is one that can be. */
export function limitedTo(name: string, argument: string | undefined): string[] {
  const isLimitable = name === 'private' || name === 'no-cache'
  return isLimitable && argument !== undefined ? listMembers(argument.toLowerCase()) : []
}
