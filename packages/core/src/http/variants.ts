import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import type { MemoryTier } from '../cache/memory.ts'
import { stringsBytes } from '../cache/size.ts'
import type { HeaderLines } from './headers.ts'
import { encodePart } from './key.ts'
import type { StoredResponse } from './stored-response.ts'
import { variantOf, varyMembers } from './vary.ts'

/** What a URL has under it that depends on more than the URL. */
export interface Variants {
  /** Each set of fields that a response has named in `Vary`, the one that was named last first. */
  readonly selections: readonly (readonly string[])[]
  /** The keys of the variants, oldest first. */
  readonly keys: readonly string[]
}

/** More variants of one URL than this, and the oldest goes. */
const maxVariants = 64
/** One URL may have this share of the memory for its variants, so that a flood of values costs no other URL its place. */
const maxShare = 1 / 8

export function isVariants(value: unknown): value is Variants {
  return (value as Variants).selections !== undefined
}

/** The key of one variant of a URL. */
export function variantKey(urlKey: string, names: readonly string[], requestHeaders: HeaderLines): string {
  return `${encodePart(urlKey)}${variantOf(names, requestHeaders)}`
}

/**
 * The key of the stored response that a request selects: of several, the latest (RFC 9111 §4.1). Of none, where one
 * would be by the fields that were named last.
 */
export function selectVariant(
  memory: MemoryTier,
  urlKey: string,
  { selections }: Variants,
  requestHeaders: HeaderLines,
): string {
  let selected = variantKey(urlKey, selections[0] as readonly string[], requestHeaders)
  if (selections.length === 1) return selected
  let latest = memory.peek(selected)
  for (let index = 1; index < selections.length; index++) {
    const key = variantKey(urlKey, selections[index] as readonly string[], requestHeaders)
    const entry = memory.peek(key)
    if (entry === undefined || (latest !== undefined && latest.bornAt >= entry.bornAt)) continue
    latest = entry
    selected = key
  }
  return selected
}

/**
 * The fields that select a response among the variants of its URL. One that names none where others do is selected by
 * theirs: most likely it has only been forgotten there (RFC 9111 §4.1).
 */
export function selectingNames(memory: MemoryTier, urlKey: string, lines: HeaderLines): readonly string[] {
  const members = varyMembers(lines)
  if (members !== '*' && members.length > 0) return members
  return variantsOf(memory, urlKey)?.selections[0] ?? []
}

/** Lists a stored variant under its URL. */
export function listVariant(engine: Engine, fill: Fill, urlKey: string, entry: Entry<StoredResponse>): void {
  const { memory, limits } = engine
  const { key, life, value } = entry
  const known = variantsOf(memory, urlKey)
  const keys = (known?.keys ?? []).filter((other) => other !== key && memory.peek(other) !== undefined)
  let bytes = entry.size + stringsBytes([...keys, key])
  for (const other of keys) bytes += memory.peek(other)?.size ?? 0
  while (keys.length >= maxVariants || (keys.length > 0 && bytes > limits.maxBytes * maxShare)) {
    const oldest = keys.shift() as string
    bytes -= (memory.peek(oldest)?.size ?? 0) + stringsBytes([oldest])
    memory.delete(oldest)
  }
  keys.push(key)
  const variants: Variants = { selections: selectionsWith(value.variantNames, known), keys }
  const list = engine.entryOf<unknown>(fill, {
    value: variants,
    bytes: stringsBytes(keys),
    life,
    key: urlKey,
    codec: entry.codec,
  })
  // What is not listed would be found by nobody, and counted by nobody.
  if (memory.set(list)) engine.tier?.write(list)
  else memory.delete(key)
}

function selectionsWith(
  names: readonly string[],
  known: Variants | undefined,
): readonly (readonly string[])[] {
  const others = known?.selections.filter((selection) => selection.join() !== names.join()) ?? []
  return [names, ...others].slice(0, maxVariants)
}

function variantsOf(memory: MemoryTier, urlKey: string): Variants | undefined {
  const held = memory.peek(urlKey)?.value
  return held !== undefined && isVariants(held) ? held : undefined
}
