import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import type { Life } from '../state/life.ts'
import { pathLabel, pathLabels } from '../state/path.ts'
import { generatedAt, receivedAge } from './age.ts'
import type { HeaderLines } from './headers.ts'
import { lifetime } from './lifetime.ts'
import type { ResolvedOptions } from './options.ts'
import type { Keeping } from './own-lines.ts'
import type { IncomingRequest } from './request.ts'
import { responseCodec } from './response-codec.ts'
import type { ResponsePolicy } from './response-policy.ts'
import { policyOf } from './response-policy.ts'
import type { ResponseHead } from './storable.ts'
import { permitsAuthorization } from './storable.ts'
import type { Place } from './store-response.ts'
import { etagLines, responseBytes, storedResponse } from './store-response.ts'
import type { StoredResponse } from './stored-response.ts'
import { cacheGroups, cdnTagFields } from './tag-fields.ts'
import { groupLabel } from './uri.ts'
import { selectingNames, variantKey } from './variants.ts'
import { variantOf } from './vary.ts'

/** What has brought a response about. */
export interface Making {
  readonly engine: Engine
  readonly options: ResolvedOptions<never>
  readonly place: Place
  readonly request: IncomingRequest
  readonly fill: Fill<StoredResponse>
  /** The key of the URL, under which its variants are listed. */
  readonly urlKey: string
}

/** The entry of a whole response. `etag`: the line of one of ours, if it is to have one. */
export function responseEntry(
  making: Making,
  head: ResponseHead,
  body: Uint8Array,
  etag: HeaderLines,
): Entry<StoredResponse> {
  const { engine, request, options, urlKey } = making
  const now = engine.clock.now()
  const policy = policyOf(head.lines, options.targetedFields)
  const { life, staleness } = lifeFor(making, head, policy)
  const variantNames = selectingNames(engine.memory, urlKey, head.lines)
  const variant = variantNames.length === 0 ? '' : variantOf(variantNames, request.rawHeaders)
  const value = storedResponse(
    head,
    body,
    { variantNames, variant, staleness, permitsAuthorization: permitsAuthorization(policy.control) },
    { etag, now, keeping: keepingOf(policy, options) },
  )
  const key = variantNames.length === 0 ? urlKey : variantKey(urlKey, variantNames, request.rawHeaders)
  return entryOf(making, { value, life, key, paths: pathsOf(making, head) }, head.lines)
}

/**
 * The entry of a stored response that the handler's 304 has renewed. Who only says that nothing has changed may not
 * have come to where a life is said: then it is no longer than it was.
 */
export function renewedEntry(
  making: Making,
  previous: Entry<StoredResponse>,
  head: ResponseHead,
): Entry<StoredResponse> {
  const { body } = previous.value
  const entry = responseEntry(making, head, body, etagLines(head, body, making.place))
  const isSaid = making.fill.scope.isLifeDeclared || entry.value.staleness.isByHeader
  return isSaid || previous.value.staleness.isByHeader
    ? entry
    : { ...entry, life: shorterLife(entry.life, previous.life) }
}

function shorterLife(a: Life, b: Life): Life {
  return {
    stale: Math.min(a.stale, b.stale),
    revalidate: Math.min(a.revalidate, b.revalidate),
    expire: Math.min(a.expire, b.expire),
  }
}

function entryOf(
  { engine, fill }: Making,
  kept: { value: StoredResponse; life: Life; key: string; paths: readonly string[] | undefined },
  lines: HeaderLines,
): Entry<StoredResponse> {
  const { value } = kept
  const { isByHeader, ifErrorSeconds } = value.staleness
  return engine.entryOf(fill, {
    value,
    life: kept.life,
    key: kept.key,
    paths: kept.paths,
    uri: fill.uri,
    codec: responseCodec,
    isRetained: isByHeader && (value.validators.length > 0 || ifErrorSeconds > 0),
    bytes: responseBytes(value),
    bornAt: isByHeader
      ? generatedAt(lines, fill.bornAt, engine.clock.now())
      : fill.bornAt - receivedAge(lines) * 1000,
  })
}

/** How long a response of this fill lives. */
export function lifeFor(
  { engine, fill, options }: Making,
  head: Pick<ResponseHead, 'status' | 'lines'>,
  policy: ResponsePolicy,
): ReturnType<typeof lifetime> {
  return lifetime(fill.scope, head, policy, {
    options,
    defaults: engine.profiles.default,
    now: engine.clock.now(),
  })
}

function keepingOf({ control }: ResponsePolicy, options: ResolvedOptions<never>): Keeping {
  const stripped = options.tagFields === 'strip' ? cdnTagFields : []
  const { storesCookies, storesPerRequest, outerCookies } = options
  return { storesCookies, storesPerRequest, outerCookies, keptOut: [...control.fieldsKeptOut, ...stripped] }
}

/** The paths of a response and of its route, and the groups that it says it is of. */
export function pathsOf({ request, options }: Making, { lines, route }: ResponseHead): string[] {
  const groups = options.tagFields === 'ignore' ? [] : cacheGroups(lines)
  return [
    ...pathLabels(request.target),
    ...(route === undefined ? [] : [pathLabel(route, 'page')]),
    ...groups.map((group) => groupLabel(request, group, options.isByHost)),
  ]
}
