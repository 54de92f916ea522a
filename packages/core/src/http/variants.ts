import type { Engine } from '../cache/engine.ts'
import type { Entry } from '../cache/entry.ts'
import type { Fill } from '../cache/fills.ts'
import type { MemoryTier } from '../cache/memory.ts'
import { stringsBytes } from '../cache/size.ts'
import type { HeaderLines } from './headers.ts'
import { encodePart } from './key.ts'
import type { StoredResponse } from './stored-response.ts'
import { varyMembers } from './vary.ts'

/** Where a URL has variants: the fields that select one, and the keys it has under it, oldest first. */
export interface Variants {
  readonly names: readonly string[]
  readonly keys: readonly string[]
}

/** More variants than this of one URL: the oldest goes. */
const maxVariants = 64

export function isVariants(value: unknown): value is Variants {
  return (value as Variants).names !== undefined
}

/** The key of one variant of a URL. */
export function variantKey(urlKey: string, variant: string): string {
  return `${encodePart(urlKey)}${variant}`
}

/** The fields that select among the variants of a URL: those of this response and those known before. */
export function selectingNames(memory: MemoryTier, urlKey: string, lines: HeaderLines): readonly string[] {
  const known = variantsOf(memory, urlKey)?.names ?? []
  const members = varyMembers(lines)
  return [...new Set([...known, ...(members === '*' ? [] : members)])].sort()
}

/** Lists a stored variant under its URL. Keys made of fewer fields are never asked for again, so they go. */
export function listVariant(
  engine: Engine,
  fill: Fill,
  urlKey: string,
  { key, life, value: { variantNames: names } }: Entry<StoredResponse>,
): void {
  const { memory } = engine
  const known = variantsOf(memory, urlKey)
  const isSame = known?.names.length === names.length
  const keys = isSame ? known.keys.filter((other) => other !== key) : []
  for (const outdated of isSame ? [] : (known?.keys ?? [])) memory.delete(outdated)
  keys.push(key)
  if (keys.length > maxVariants) memory.delete(keys.shift() as string)
  const value: Variants = { names, keys }
  memory.set(engine.entryOf<unknown>(fill, { value, bytes: stringsBytes(keys), life, key: urlKey }))
}

function variantsOf(memory: MemoryTier, urlKey: string): Variants | undefined {
  const held = memory.peek(urlKey)?.value
  return held !== undefined && isVariants(held) ? held : undefined
}
