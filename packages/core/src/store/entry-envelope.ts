import type { Codec } from '../cache/codec.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fields } from '../cache/shape.ts'
import { isFields, isStrings } from '../cache/shape.ts'
import type { Life, Profile } from '../state/life.ts'
import { maxTagsPerEntry, tagProblem } from '../state/tag.ts'
import type { Seal } from './envelope.ts'
import { openEnvelope, sealEnvelope } from './envelope.ts'
import { serializer } from './serializer.ts'

/** An entry as it lies in a store: instants by the store's clock, the version that of its ledger. */
export interface StoredEntry<V = unknown>
  extends Pick<
    Entry<V>,
    'key' | 'value' | 'tags' | 'paths' | 'uri' | 'isRetained' | 'life' | 'lifeHandedOn'
  > {
  readonly incarnation: string
  readonly version: number
  readonly startedAt: number
  readonly bornAt: number
  /** Of the value alone, in memory. */
  readonly bytes: number
}

/** Throws if the value cannot be stored. */
export function encodeEntry(entry: Omit<StoredEntry, 'bytes'>, codec: Codec, seal: Seal): Uint8Array {
  const { value, life, lifeHandedOn, paths = null, uri = null, ...rest } = entry
  const { head, body } = codec.encode(value, serializer)
  const lives = { life: withoutInfinity(life), lifeHandedOn: withoutInfinity(lifeHandedOn) }
  return sealEnvelope({ header: { kind: codec.kind, head, paths, uri, ...rest, ...lives }, body }, seal)
}

/** Undefined for anything that is not an entry of this key and kind, whatever it is. */
export function decodeEntry<V>(
  bytes: Uint8Array,
  key: string,
  codec: Codec<V>,
  seal: Seal,
): StoredEntry<V> | undefined {
  try {
    const envelope = openEnvelope(bytes, seal)
    if (envelope === undefined || !isFields(envelope.header)) return undefined
    const fields = fieldsOf(envelope.header)
    if (fields === undefined || fields.key !== key || envelope.header.kind !== codec.kind) return undefined
    const decoded = codec.decode({ head: envelope.header.head, body: envelope.body }, serializer)
    return decoded && { ...fields, ...decoded }
  } catch {
    return undefined
  }
}

function fieldsOf(header: Fields): Omit<StoredEntry, 'value' | 'bytes'> | undefined {
  const { key, incarnation, version, startedAt, bornAt, tags, paths, uri, isRetained } = header
  const life = lifeOf(header.life)
  const lifeHandedOn = profileOf(header.lifeHandedOn)
  const isRight =
    typeof key === 'string' &&
    typeof incarnation === 'string' &&
    Number.isSafeInteger(version) &&
    Number.isFinite(startedAt) &&
    Number.isFinite(bornAt) &&
    typeof isRetained === 'boolean' &&
    (uri === null || typeof uri === 'string') &&
    (paths === null || isStrings(paths))
  if (!isRight || !isTags(tags) || life === undefined || lifeHandedOn === undefined) return undefined
  return {
    key,
    incarnation,
    version: version as number,
    startedAt: startedAt as number,
    bornAt: bornAt as number,
    tags,
    paths: paths ?? undefined,
    uri: uri ?? undefined,
    isRetained,
    life,
    lifeHandedOn,
  }
}

function isTags(value: unknown): value is readonly string[] {
  return (
    isStrings(value) && value.length <= maxTagsPerEntry && value.every((tag) => tagProblem(tag) === undefined)
  )
}

/** `Infinity` is no JSON. */
function withoutInfinity(life: Profile): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(life).map(([field, seconds]) => [field, Number.isFinite(seconds) ? seconds : null]),
  )
}

function lifeOf(value: unknown): Life | undefined {
  const { stale, revalidate, expire } = profileOf(value) ?? {}
  return stale === undefined || revalidate === undefined || expire === undefined
    ? undefined
    : { stale, revalidate, expire }
}

function profileOf(value: unknown): Profile | undefined {
  if (!isFields(value)) return undefined
  const profile: { -readonly [field in keyof Life]?: number } = {}
  for (const field of ['stale', 'revalidate', 'expire'] as const) {
    if (!Object.hasOwn(value, field)) continue
    const seconds = value[field] ?? Number.POSITIVE_INFINITY
    if (typeof seconds !== 'number' || Number.isNaN(seconds)) return undefined
    profile[field] = seconds
  }
  return profile
}
