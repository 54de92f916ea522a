import type { PathType } from '../state/path.ts'
import { pathLabel, pathProblem } from '../state/path.ts'
import { tagProblem } from '../state/tag.ts'
import type { Engine } from './engine.ts'
import { CacheError } from './errors.ts'
import { currentFillScope } from './scope.ts'
import { warnOnce } from './warnings.ts'

/** What an invalidation came to. */
export interface Invalidation {
  /** Its place in the ledger's order. */
  readonly version: number
  /** The tags it marked, without duplicates. */
  readonly tags: readonly string[]
  /** `here`: the shared ledger could not be reached yet; it is in force in this process alone. */
  readonly reach: 'everywhere' | 'here'
}

/** What is to be invalidated, not checked yet. */
export interface InvalidationRequest {
  readonly tags: readonly unknown[]
  readonly paths?: readonly { readonly path: unknown; readonly type?: unknown }[]
  /** Keys of single entries; they are the library's own, and right. */
  readonly keys?: readonly string[]
  /** Seconds until what the tags mark expires; 0 is hard. */
  readonly expire: number
}

/** Checks everything first, then applies it at once, under one version. In force when it returns. */
export function invalidate(
  engine: Engine,
  call: string,
  request: InvalidationRequest,
): Promise<Invalidation> {
  const tags = [...new Set(Array.from(request.tags, checkedTag))]
  const paths = [...new Set((request.paths ?? []).map(({ path, type }) => checkedPathLabel(path, type)))]
  const { keys = [] } = request
  refuseInsideFill(call)
  const now = engine.clock.now()
  const isHard = request.expire <= 0
  const expiredAt = isHard ? now : now + request.expire * 1000
  const { version, recorded } = engine.invalidate({ tags, paths, keys, expiredAt }, now)
  if (engine.events.isHeard('invalidated')) {
    engine.events.publish({ kind: 'invalidated', version, tags, paths, keys, isHard })
  }
  return Promise.resolve(recorded).then((reached) => ({ ...reached, tags }))
}

/** One tag or several, as a list. */
export function tagList(tags: unknown): readonly unknown[] {
  return Array.isArray(tags) ? tags : [tags]
}

/** `revalidateTag(tag)` without a profile is Next.js's old form: hard, and said once that it is going. */
export function warnSingleArgument(): void {
  warnOnce(
    'RESTALE_SINGLE_ARGUMENT',
    'revalidateTag',
    "revalidateTag(tag) without a profile is deprecated: it expires at once. Use revalidateTag(tag, 'max') to serve stale meanwhile, or updateTag(tag).",
  )
}

function checkedTag(tag: unknown): string {
  const problem = tagProblem(tag)
  if (problem !== undefined)
    throw new CacheError('ERR_RESTALE_INVALID_TAG', `Nothing was invalidated: ${problem}.`)
  return tag as string
}

function checkedPathLabel(path: unknown, type: unknown): string {
  const problem = pathProblem(path) ?? typeProblem(type)
  if (problem !== undefined)
    throw new CacheError('ERR_RESTALE_INVALID_PATH', `Nothing was invalidated: ${problem}.`)
  warnBrackets(path as string)
  return pathLabel(path as string, (type as PathType | undefined) ?? 'page')
}

/** Next.js writes `/blog/[slug]`; here it is a path like any other, and most likely not the one that is meant. */
function warnBrackets(path: string): void {
  if (!/\/\[[^/]+\]/.test(path)) return
  const message = `revalidatePath("${path}") means a path with brackets. Write the route as your framework does, for instance /blog/:slug.`
  warnOnce('RESTALE_BRACKETS', path, message)
}

function typeProblem(type: unknown): string | undefined {
  if (type === undefined || type === 'page' || type === 'layout') return undefined
  return `the type of a path is "page" or "layout", got ${JSON.stringify(type) ?? typeof type}`
}

/**
 * While a value is made that will be cached, an invalidation would happen once and then never again.
 * A response that has not asked to be cached may invalidate, and is not stored then.
 */
function refuseInsideFill(call: string): void {
  let scope = currentFillScope()
  while (scope?.kind === 'collect') scope = scope.around
  if (scope === undefined || scope.isClosed) return
  if (!scope.isOptedIn) {
    scope.refuse(`it calls ${call}`)
    return
  }
  throw new CacheError(
    'ERR_RESTALE_INVALIDATION_IN_SCOPE',
    `${call} was called inside a ${scope.kind} that is being cached (${scope.name}): it would run only when the cache is filled. Call it where data is written.`,
  )
}
