import type { Codec, Encoded } from '../cache/codec.ts'
import type { Fields } from '../cache/shape.ts'
import { isBooleans, isFields, isStrings } from '../cache/shape.ts'
import { stringsBytes } from '../cache/size.ts'
import { responseBytes } from './store-response.ts'
import { isFieldNames, isHeaderLines } from './stored-lines.ts'
import type { Staleness, StoredResponse } from './stored-response.ts'
import type { Variants } from './variants.ts'
import { isVariants } from './variants.ts'

/** Stored responses, and the lists of variants that lie under their URLs. */
export const responseCodec: Codec<StoredResponse | Variants> = {
  kind: 'response',
  encode: (value) => (isVariants(value) ? encodeVariants(value) : encodeResponse(value)),
  decode: ({ head, body }) => {
    if (!isFields(head)) return undefined
    return Object.hasOwn(head, 'selections') ? decodeVariants(head) : decodeResponse(head, body)
  },
}

/** The keys stay here: what the list bounds is this memory. */
function encodeVariants({ selections }: Variants): Encoded {
  return { head: { selections }, body: new Uint8Array(0) }
}

function decodeVariants({ selections }: Fields): ReturnType<typeof responseCodec.decode> {
  if (!Array.isArray(selections) || selections.length === 0 || !selections.every(isFieldNames))
    return undefined
  const named = selections as readonly (readonly string[])[]
  if (named.some((names) => names.length === 0)) return undefined
  return { value: { selections: named, keys: [] }, bytes: stringsBytes(named.flat()) }
}

function encodeResponse({ body, staleness, ...rest }: StoredResponse): Encoded {
  const { isByHeader, isForbidden, ifErrorSeconds } = staleness
  // `Infinity` is no JSON.
  const ifError = Number.isFinite(ifErrorSeconds) ? ifErrorSeconds : null
  return { head: { ...rest, staleness: { isByHeader, isForbidden, ifError } }, body }
}

function decodeResponse(head: Fields, body: Uint8Array): ReturnType<typeof responseCodec.decode> {
  const { status, headers, added, removed, vary, hasOwnLife, permitsAuthorization } = head
  const { validators, variantNames, variant } = head
  const staleness = stalenessOf(head.staleness)
  const isRight =
    Number.isInteger(status) &&
    (status as number) >= 200 &&
    (status as number) <= 599 &&
    isBooleans(hasOwnLife, permitsAuthorization) &&
    typeof variant === 'string' &&
    staleness !== undefined
  if (!isRight || !isStrings(vary)) return undefined
  if (!isHeaderLines(headers) || !isHeaderLines(added) || !isHeaderLines(validators)) return undefined
  if (!isFieldNames(removed) || !isFieldNames(vary) || !isFieldNames(variantNames)) return undefined
  const value: StoredResponse = {
    status: status as number,
    headers,
    added,
    removed,
    vary,
    body,
    hasOwnLife: hasOwnLife as boolean,
    permitsAuthorization: permitsAuthorization as boolean,
    validators,
    staleness,
    variantNames,
    variant,
  }
  return { value, bytes: responseBytes(value) }
}

function stalenessOf(value: unknown): Staleness | undefined {
  if (!isFields(value)) return undefined
  const { isByHeader, isForbidden, ifError } = value
  const ifErrorSeconds = ifError === null ? Number.POSITIVE_INFINITY : ifError
  if (!isBooleans(isByHeader, isForbidden) || typeof ifErrorSeconds !== 'number') return undefined
  return { isByHeader: isByHeader as boolean, isForbidden: isForbidden as boolean, ifErrorSeconds }
}
